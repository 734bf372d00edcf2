"""The written side of paying: attempts, what the platform said about them, and the worklist. One transaction each.

Rows are locked in the order order → payment. `exchanges` strings these steps together with the calls in between.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from shopapp.kernel import audit, preferences
from shopapp.kernel.access import current_actor
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.ids import new_number
from shopapp.kernel.money import Money
from shopapp.members.identity.queries import SignedIn
from shopapp.store.orders import queries as order_queries
from shopapp.store.orders import services as orders
from shopapp.store.orders.services import OrderToPay
from shopapp.wechat import pay
from shopapp.wechat.pay import Trade
from shopapp.wechat.worklist.receiving import Finding

from . import refunds, rules, statements
from .models import PAYMENT_MOVES, Payment, PaymentStatus, RefundCause
from .rules import STILL_PAYABLE


class OrderClosed(ShopError):
    status, code, text = 409, "order_closed", _l("订单已经关闭，不能再付款，没有任何改动。您可以重新下单。")


class PayTimeOver(ShopError):
    status, code, text = (
        409,
        "pay_time_over",
        _l("付款时限已过，订单即将关闭，没有任何改动。您可以重新下单。"),
    )


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An attempt to pay as the platform is asked for it; `prepay_id` is there while it can be used again."""

    payment_id: int
    out_trade_no: str
    openid: str
    amount: Money
    description: str
    expires_at: datetime
    prepay_id: str | None
    repeated: bool


def begin_attempt(*, no: str, customer: SignedIn, now: datetime) -> Attempt | None:
    """Keep a number for paying this order, or take up the attempt that is open; None when it is paid already.

    Raises `NotFound`, `OrderClosed`, `PayTimeOver`.
    """
    order = orders.lock_to_pay(no=no, customer_id=customer.customer_id)
    if order.status == "cancelled":
        raise OrderClosed
    if order.status != "unpaid":
        return None
    if order.expires_at <= now:
        raise PayTimeOver
    known = statements.REUSABLE.row(order_id=order.id, openid=customer.openid, amount=order.total)
    number = known.out_trade_no if known is not None else new_number(now=now)
    usable = None
    if known is not None:
        payment_id: int = known.id
        usable = rules.usable_prepay(
            status=known.status, prepay_id=known.prepay_id, prepay_until=known.prepay_until, now=now
        )
    else:
        payment_id = _keep_number(number, order=order, openid=customer.openid, now=now)
    title, pieces = order_queries.in_short(order_id=order.id)
    return Attempt(
        payment_id=payment_id,
        out_trade_no=number,
        openid=customer.openid,
        amount=order.total,
        description=rules.description(shop=preferences.read("shop.name"), title=title, pieces=pieces),
        expires_at=order.expires_at,
        prepay_id=usable,
        repeated=known is not None,
    )


def _keep_number(number: str, *, order: OrderToPay, openid: str, now: datetime) -> int:
    """The row id of a new attempt."""
    inserted = statements.INSERT.run(
        {
            "order_id": order.id,
            "out_trade_no": number,
            "openid": openid,
            "amount": order.total,
            "status": PaymentStatus.CREATED,
            "created_at": now,
            "expires_at": order.expires_at,
            "query_at": now + rules.query_pause(queries=0),
        }
    )
    row_id: int = inserted.scalar_one()
    return row_id


def note_prepay(*, payment_id: int, prepay_id: str, now: datetime) -> bool:
    """Write down what the platform gave. False if the attempt was closed or paid meanwhile: it must not be used."""
    values = {"row_id": payment_id, "prepay_id": prepay_id, "prepay_until": now + rules.PREPAY_LIVES}
    return statements.OPEN.row(**values) is not None or statements.RENEW.changed(**values) == 1


def note_closed(*, payment_id: int) -> None:
    """The platform will take no money for this attempt any more."""
    payment = db.session.get_one(Payment, payment_id, populate_existing=True)
    PAYMENT_MOVES.try_move(payment, PaymentStatus.CLOSED)


def settle(*, trade: Trade, now: datetime) -> tuple[Finding, str | None]:
    """A paid trade, told by a notice or by a query: the order is paid once, money too much goes back once.

    The second part says what is wrong with it.
    """
    payment = statements.BY_NUMBER.row(number=trade.out_trade_no)
    if payment is None:
        return Finding.UNKNOWN, f"no payment {trade.out_trade_no}"
    client = pay.client()
    problem = rules.trade_problem(
        trade,
        amount=payment.amount,
        transaction_id=payment.transaction_id,
        appid=client.appid,
        mchid=client.mchid,
    )
    if problem is not None:
        return Finding.WRONG, problem
    if payment.status is PaymentStatus.PAID:
        return Finding.REPEATED, None
    paid_at = trade.paid_at or now
    settles = orders.mark_paid(order_id=payment.order_id, paid=payment.amount, paid_at=paid_at, now=now)
    moved = statements.PAY.row(
        row_id=payment.id,
        settles=settles,
        transaction_id=trade.transaction_id,
        paid_at=paid_at,
        query_at=None,
    )
    if moved is None:
        return Finding.REPEATED, None
    if not settles:
        _send_back(payment_id=payment.id, order_id=payment.order_id, amount=payment.amount, now=now)
    return Finding.DONE, None


def _send_back(*, payment_id: int, order_id: int, amount: Money, now: datetime) -> None:
    paid_before = order_queries.was_paid(order_id=order_id)
    cause = RefundCause.SURPLUS if paid_before else RefundCause.LATE
    refunds.queue(
        payment_id=payment_id,
        order_id=order_id,
        amount=amount,
        cause=cause,
        automatic_key=f"{cause.value}:{payment_id}",
        reason="订单已支付，重复付款退回" if paid_before else "订单已关闭，付款退回",
        now=now,
    )
    orders.add_step(order_id=order_id, what=f"{cause.value}_payment", now=now)


def payable_attempts(*, order_id: int) -> dict[int, str]:
    """The numbers of the attempts that somebody could still pay, by row id."""
    statement = select(Payment.id, Payment.out_trade_no).where(
        Payment.order_id == order_id, Payment.status.in_(STILL_PAYABLE)
    )
    return dict(db.session.execute(statement).all())


def cancel_closed(*, order_id: int, closed: Collection[int], reason: str, now: datetime) -> bool | None:
    """Cancel the order if all its attempts are among those closed at the platform.

    None when another attempt has begun meanwhile; False when the order is not unpaid any more.
    """
    order = orders.lock(order_id=order_id)
    if any(payment_id not in closed for payment_id in payable_attempts(order_id=order_id)):
        return None
    for payment_id in closed:
        note_closed(payment_id=payment_id)
    if not orders.cancel_unpaid(order_id=order_id, reason=reason, now=now):
        return False
    if current_actor().kind in ("staff", "token"):
        audit.record(action="order.cancel", subject_kind="order", subject_id=order.no)
    return True


def claim_query(*, payment_id: int, now: datetime) -> str | None:
    """Take the next question about an attempt; its number, or None if somebody else has it or it is over."""
    payment = db.session.get_one(Payment, payment_id, populate_existing=True)
    mine = update(Payment).where(
        Payment.id == payment_id, Payment.status.in_(STILL_PAYABLE), Payment.queries == payment.queries
    )
    pause = rules.query_pause(queries=payment.queries + 1)
    taken = rows_changed(mine.values(queries=payment.queries + 1, query_at=now + pause))
    return payment.out_trade_no if taken else None
