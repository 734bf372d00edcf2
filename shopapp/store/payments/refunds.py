"""Money on its way back: queued with a number of its own, sent with that number until its fate is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from shopapp.kernel import audit
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.http import found
from shopapp.kernel.ids import new_number
from shopapp.kernel.money import Money
from shopapp.store.orders import returns
from shopapp.wechat.pay import (
    Missing,
    NotEnough,
    PayProblem,
    RefundAnswer,
    RefundResult,
    Refused,
    SettingsRefused,
)
from shopapp.wechat.worklist.receiving import Finding

from . import rules
from .models import REFUND_MOVES, Payment, PaymentStatus, Refund, RefundCause, RefundState
from .rules import RETRIED

CLOSED = "CLOSED"


@dataclass(frozen=True, kw_only=True)
class RefundTask:
    """A refund as the platform is asked for it; `known` when the platform has taken it before."""

    refund_id: int
    out_trade_no: str
    out_refund_no: str
    amount: Money
    total: Money
    reason: str
    known: bool


def queue(
    *,
    payment_id: int,
    order_id: int,
    amount: Money,
    cause: RefundCause,
    automatic_key: str | None,
    reason: str,
    now: datetime,
) -> int | None:
    """Write a refund to be sent; its row id. With a key it is written once: None if it was there."""
    number = f"R{new_number(now=now)}"
    inserted = insert_once(
        Refund,
        payment_id=payment_id,
        order_id=order_id,
        out_refund_no=number,
        cause=cause,
        automatic_key=automatic_key,
        amount=amount,
        reason=reason[:80],
        state=RefundState.QUEUED,
        tries=0,
        next_try_at=now,
        created_at=now,
    )
    if not inserted:
        return None
    return db.session.scalars(select(Refund.id).where(Refund.out_refund_no == number)).one()


def queue_for_order(
    *, order_id: int, amount: Money, reason: str, cause: RefundCause = RefundCause.STAFF, now: datetime
) -> int:
    """Send part of what paid this order back; the refund's row id. Raises `NotFound` if nothing paid."""
    payment_id = found(
        db.session.scalar(
            select(Payment.id).where(
                Payment.order_id == order_id, Payment.settles, Payment.status == PaymentStatus.PAID
            )
        )
    )
    queued = queue(
        payment_id=payment_id,
        order_id=order_id,
        amount=amount,
        cause=cause,
        automatic_key=None,
        reason=reason,
        now=now,
    )
    return found(queued)


def queue_principal(*, order_id: int, amount: Money, reason: str, now: datetime) -> int:
    """Send principal back through the payment of a top-up; the refund's row id. Raises `NotFound` if nothing paid."""
    return queue_for_order(
        order_id=order_id, amount=amount, reason=reason, cause=RefundCause.PRINCIPAL, now=now
    )


def claim(*, refund_id: int, now: datetime) -> RefundTask | None:
    """Take the next try of a refund; None if it is not due, is over, or somebody else has it."""
    row = db.session.execute(
        select(Refund, Payment)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.id == refund_id)
        .execution_options(populate_existing=True)
    ).one()
    refund, payment = row.Refund, row.Payment
    if refund.state not in RETRIED or refund.next_try_at > now:
        return None
    next_state = RefundState.SENT if refund.state is RefundState.QUEUED else refund.state
    pause = (
        rules.ABNORMAL_PAUSE
        if refund.state is RefundState.ABNORMAL
        else rules.refund_pause(tries=refund.tries)
    )
    mine = update(Refund).where(
        Refund.id == refund_id, Refund.state == refund.state, Refund.tries == refund.tries
    )
    values = {"tries": refund.tries + 1, "next_try_at": now + pause}
    if next_state is not refund.state:
        if not REFUND_MOVES.try_move(refund, next_state, **values):
            return None
    elif not rows_changed(mine.values(**values)):
        return None
    return RefundTask(
        refund_id=refund.id,
        out_trade_no=payment.out_trade_no,
        out_refund_no=refund.out_refund_no,
        amount=refund.amount,
        total=payment.amount,
        reason=refund.reason,
        known=refund.refund_id is not None,
    )


def apply(*, answer: RefundAnswer, mchid: str, now: datetime) -> tuple[Finding, str | None]:
    """What the platform says about a refund, in an answer or a notice; told again it changes nothing.

    The second part says what is wrong with it.
    """
    row = db.session.execute(
        select(Refund, Payment)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.out_refund_no == answer.out_refund_no)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        # A closed refund moved no money; its number may have given way to a new one since.
        closed = answer.result is RefundResult.CLOSED
        return Finding.REPEATED if closed else Finding.UNKNOWN, f"no refund {answer.out_refund_no}"
    refund: Refund = row.Refund
    problem = rules.refund_problem(answer, refund, row.Payment, mchid=mchid)
    if refund.state is RefundState.GIVEN_UP and answer.result is not RefundResult.CLOSED:
        problem = problem or "the platform sends a refund that was given up: money moves twice"
    if problem is not None:
        return Finding.WRONG, problem
    return (Finding.DONE if _follow(refund, answer, now=now) else Finding.REPEATED), None


def _follow(refund: Refund, answer: RefundAnswer, *, now: datetime) -> bool:
    known = {"refund_id": answer.refund_id}
    if answer.result is RefundResult.SUCCESS:
        done = REFUND_MOVES.try_move(
            refund, RefundState.DONE, done_at=answer.done_at or now, problem=None, **known
        )
        if done:
            returns.note_refunded(
                order_id=refund.order_id,
                refund_id=refund.id,
                amount=refund.amount,
                of_purchase=refund.cause in (RefundCause.STAFF, RefundCause.PRINCIPAL),
                now=now,
            )
        return done
    if answer.result is RefundResult.ABNORMAL:
        problem = (
            "ABNORMAL: the customer's account cannot receive it; send it to a card on the merchant platform"
        )
        return REFUND_MOVES.try_move(
            refund, RefundState.ABNORMAL, problem=problem, next_try_at=now + rules.ABNORMAL_PAUSE, **known
        )
    if answer.result is RefundResult.CLOSED:
        return REFUND_MOVES.try_move(refund, RefundState.FAILED, problem=CLOSED, **known)
    if refund.state is not RefundState.SENT:
        return REFUND_MOVES.try_move(refund, RefundState.SENT, problem=None, **known)
    open_one = update(Refund).where(Refund.id == refund.id, Refund.state == RefundState.SENT)
    return bool(rows_changed(open_one.values(problem=None, **known)))


def note_problem(*, refund_id: int, problem: PayProblem, now: datetime) -> None:
    """The try brought no answer to go by: kept for the next one, or for staff when there will be none."""
    refund = db.session.get_one(Refund, refund_id, populate_existing=True)
    final = isinstance(problem, Refused) and not isinstance(problem, NotEnough | SettingsRefused)
    lost = isinstance(problem, Missing) and refund.refund_id is not None
    if (final and not lost) or refund.tries >= rules.REFUND_TRIES_MAX:
        REFUND_MOVES.try_move(refund, RefundState.FAILED, problem=str(problem))
        return
    open_one = update(Refund).where(Refund.id == refund_id, Refund.state.in_(RETRIED))
    values: dict[str, object] = {"problem": str(problem)}
    if lost:
        values |= {"refund_id": None, "next_try_at": now}
    rows_changed(open_one.values(**values))


def try_again(*, out_refund_no: str, now: datetime) -> None:
    """Staff let a failed refund go once more. Raises `NotFound`, `IllegalMove`.

    It keeps its number, so that money cannot go back twice, unless the platform has closed it: a closed refund gave
    nothing back and stays closed, so its money needs a new number.
    """
    refund = found(db.session.scalar(select(Refund).where(Refund.out_refund_no == out_refund_no)))
    values: dict[str, object] = {"tries": 0, "next_try_at": now, "problem": None, "refund_id": None}
    if refund.problem == CLOSED:
        values["out_refund_no"] = f"R{new_number(now=now)}"
    REFUND_MOVES.move(refund, RefundState.QUEUED, **values)
    audit.record(action="refund.retry", subject_kind="refund", subject_id=out_refund_no)


def give_up(*, refund_id: int, number: str) -> bool:
    """Nothing moved under this number and nothing will: a failed refund ends. False if it was sent anew meanwhile."""
    refund = db.session.get_one(Refund, refund_id, populate_existing=True)
    return refund.out_refund_no == number and REFUND_MOVES.try_move(refund, RefundState.GIVEN_UP)
