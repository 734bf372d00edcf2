"""Money that came in by WeChat Pay and money that goes back; each attempt has a number of its own, kept before the call."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.money import Money
from shopapp.kernel.states import StateTable


class PaymentStatus(StrEnum):
    """created: the number is kept, WeChat Pay may or may not know it; open: a prepay id was given."""

    CREATED = "created"
    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"


_P = PaymentStatus
PAYMENT_MOVES = StateTable[PaymentStatus](
    {
        _P.CREATED: frozenset({_P.OPEN, _P.PAID, _P.CLOSED}),
        _P.OPEN: frozenset({_P.PAID, _P.CLOSED}),
        _P.CLOSED: frozenset({_P.PAID}),
        _P.PAID: frozenset(),
    }
)


class Payment(Model):
    """One attempt to pay an order. `settles` is true for the one attempt that paid it; another paid one is sent back."""

    __tablename__ = "payments"
    __table_args__ = (CheckConstraint("amount >= 1", "amount_positive"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    out_trade_no: Mapped[str] = mapped_column(String(32), unique=True)
    openid: Mapped[str] = mapped_column(String(128))
    amount: Mapped[Money]
    status: Mapped[PaymentStatus] = mapped_column(default=PaymentStatus.CREATED)
    settles: Mapped[bool] = mapped_column(default=False)
    prepay_id: Mapped[str | None] = mapped_column(String(128))
    prepay_until: Mapped[datetime | None]
    transaction_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    query_at: Mapped[datetime | None] = mapped_column(index=True)
    queries: Mapped[int] = mapped_column(default=0)


class RefundState(StrEnum):
    """queued: the number is kept, not sent yet; sent: WeChat Pay took it or may have; failed: staff must look.

    given_up: no money moved and none will; what it was for has been put right in another way.
    """

    QUEUED = "queued"
    SENT = "sent"
    DONE = "done"
    ABNORMAL = "abnormal"
    FAILED = "failed"
    GIVEN_UP = "given_up"


_R = RefundState
REFUND_MOVES = StateTable[RefundState](
    {
        _R.QUEUED: frozenset({_R.SENT, _R.DONE, _R.ABNORMAL, _R.FAILED}),
        _R.SENT: frozenset({_R.DONE, _R.ABNORMAL, _R.FAILED}),
        _R.ABNORMAL: frozenset({_R.SENT, _R.DONE, _R.FAILED}),
        _R.FAILED: frozenset({_R.QUEUED, _R.DONE, _R.GIVEN_UP}),
        _R.DONE: frozenset(),
        _R.GIVEN_UP: frozenset(),
    },
    column="state",
)


class RefundCause(StrEnum):
    """staff: decided in the console; principal: paid in to the wallet and had back; late: paid after the order was cancelled;
    surplus: paid a second time.
    """

    STAFF = "staff"
    PRINCIPAL = "principal"
    LATE = "late"
    SURPLUS = "surplus"


class Refund(Model):
    """Money on its way back. The number stays the same whatever doubts there are, so that it goes back once."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount >= 1", "amount_positive"),
        Index("ix_refunds_due", "state", "next_try_at"),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    out_refund_no: Mapped[str] = mapped_column(String(64), unique=True)
    cause: Mapped[RefundCause]
    automatic_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    amount: Mapped[Money]
    reason: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[RefundState] = mapped_column(default=RefundState.QUEUED)
    refund_id: Mapped[str | None] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    problem: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]
