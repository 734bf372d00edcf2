"""Reading payments and refunds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.wechat.worklist import queries as worklist

from .models import Payment, PaymentStatus, Refund, RefundCause, RefundState
from .rules import RETRIED, SLOWEST_TRY, STILL_PAYABLE


@dataclass(frozen=True, kw_only=True)
class RefundRow:
    """A refund as people see it; `no` is what the merchant platform shows too."""

    no: str
    order_id: int
    cause: RefundCause
    amount: Money
    reason: str
    state: RefundState
    problem: str | None
    created_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PaymentRow:
    """An attempt as staff see it."""

    no: str
    amount: Money
    status: PaymentStatus
    settles: bool
    transaction_id: str | None
    created_at: datetime
    paid_at: datetime | None


def payment_numbers(*, numbers: Collection[str]) -> set[str]:
    """Those of these numbers that are of payments at this shop."""
    return set(db.session.scalars(select(Payment.out_trade_no).where(Payment.out_trade_no.in_(numbers))))


def latest_number() -> str | None:
    """The number of the latest attempt that WeChat Pay knows of."""
    known = select(Payment.out_trade_no).where(Payment.status != PaymentStatus.CREATED)
    return db.session.scalar(known.order_by(Payment.id.desc()).limit(1))


def refunds_of(*, order_ids: Collection[int]) -> dict[int, list[RefundRow]]:
    """The refunds of these orders by order, oldest first, in one query."""
    found: dict[int, list[RefundRow]] = {order_id: [] for order_id in order_ids}
    statement = select(Refund).where(Refund.order_id.in_(order_ids)).order_by(Refund.id)
    for refund in db.session.scalars(statement) if order_ids else []:
        found[refund.order_id].append(refund_row(refund))
    return found


def refund_row(refund: Refund) -> RefundRow:
    return RefundRow(
        no=refund.out_refund_no,
        order_id=refund.order_id,
        cause=refund.cause,
        amount=refund.amount,
        reason=refund.reason,
        state=refund.state,
        problem=refund.problem,
        created_at=refund.created_at,
        done_at=refund.done_at,
    )


def refund_by_id(*, refund_id: int) -> RefundRow:
    return refund_row(db.session.get_one(Refund, refund_id))


def payments_of(*, order_id: int) -> list[PaymentRow]:
    statement = select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)
    return [
        PaymentRow(
            no=row.out_trade_no,
            amount=row.amount,
            status=row.status,
            settles=row.settles,
            transaction_id=row.transaction_id,
            created_at=row.created_at,
            paid_at=row.paid_at,
        )
        for row in db.session.scalars(statement)
    ]


def due_queries(*, now: datetime, limit: int) -> list[tuple[int, int]]:
    """(payment, order) row ids of the attempts that it is time to ask about."""
    statement = (
        select(Payment.id, Payment.order_id)
        .where(Payment.status.in_(STILL_PAYABLE), Payment.query_at <= now)
        .order_by(Payment.query_at)
        .limit(limit)
    )
    return [(payment_id, order_id) for payment_id, order_id in db.session.execute(statement)]


def due_refunds(*, now: datetime, limit: int) -> Sequence[int]:
    """Row ids of the refunds that it is time to send or to ask about."""
    statement = (
        select(Refund.id)
        .where(Refund.state.in_(RETRIED), Refund.next_try_at <= now)
        .order_by(Refund.next_try_at)
        .limit(limit)
    )
    return db.session.scalars(statement).all()


def failed_refunds(*, refund_ids: Collection[int], now: datetime, limit: int) -> Sequence[int]:
    """Those of these refunds that failed, once no try of them can be on its way any more; by row id."""
    statement = (
        select(Refund.id)
        .where(
            Refund.id.in_(refund_ids),
            Refund.state == RefundState.FAILED,
            Refund.next_try_at <= now - SLOWEST_TRY,
        )
        .order_by(Refund.id)
        .limit(limit)
    )
    return db.session.scalars(statement).all() if refund_ids else []


def number_of_failed(*, refund_id: int) -> str | None:
    """The number of a refund that failed; None if it stands otherwise."""
    statement = select(Refund.out_refund_no).where(Refund.id == refund_id, Refund.state == RefundState.FAILED)
    return db.session.scalar(statement)


def troubled_refunds(*, limit: int = 100) -> list[RefundRow]:
    """Refunds that staff must look at, newest first."""
    states = (RefundState.ABNORMAL, RefundState.FAILED)
    statement = select(Refund).where(Refund.state.in_(states)).order_by(Refund.id.desc()).limit(limit)
    return [refund_row(refund) for refund in db.session.scalars(statement)]


def troubles_count() -> int:
    """How many entries of the worklist and refunds wait for staff."""
    states = (RefundState.ABNORMAL, RefundState.FAILED)
    refunds = select(func.count()).where(Refund.state.in_(states))
    return worklist.waiting_count() + (db.session.scalar(refunds) or 0)
