"""Top-ups, whose payment is that of an order, and principal on its way back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.kernel.states import StateTable


class TopUp(Model):
    """What the customer was promised when they ordered a top-up; the principal is what the order is paid with.

    `key` names the form it was asked for with.
    """

    __tablename__ = "top_ups"
    __table_args__ = (
        CheckConstraint("gift >= 0", "gift_not_negative"),
        Index("ix_top_ups_plan", "customer_id", "plan_id"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("top_up_plans.id"))
    gift: Mapped[Money]
    gift_life: Mapped[str] = mapped_column(String(16), default="")
    key: Mapped[str] = mapped_column(String(80), unique=True)


class PartState(StrEnum):
    """sent: with WeChat Pay or about to be; done: arrived; put_back: it could not be sent, the wallet has it again."""

    SENT = "sent"
    DONE = "done"
    PUT_BACK = "put_back"


_P = PartState
PART_MOVES = StateTable[PartState](
    {
        _P.SENT: frozenset({_P.DONE, _P.PUT_BACK}),
        _P.DONE: frozenset(),
        _P.PUT_BACK: frozenset(),
    },
    column="state",
)


class PrincipalRefund(Model):
    """Principal that a customer has back, out of the wallet from this moment on. `key` names the form it was asked for with."""

    __tablename__ = "principal_refunds"
    __table_args__ = (
        CheckConstraint("amount >= 1", "amount_positive"),
        Index("ix_principal_refunds_customer", "customer_id", "created_at"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    amount: Mapped[Money]
    reason: Mapped[str] = mapped_column(String(80), default="")
    key: Mapped[str] = mapped_column(String(80), unique=True)
    created_at: Mapped[datetime]

    parts: Mapped[list[PrincipalRefundPart]] = relationship(order_by="PrincipalRefundPart.id")


class PrincipalRefundPart(Model):
    """What of it goes back through the payment of one top-up; `gift` was taken with it, spent or not."""

    __tablename__ = "principal_refund_parts"
    __table_args__ = (CheckConstraint("amount >= 1 AND gift >= 0", "amounts"),)

    principal_refund_id: Mapped[int] = mapped_column(ForeignKey("principal_refunds.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    refund_id: Mapped[int] = mapped_column(ForeignKey("refunds.id"), unique=True)
    amount: Mapped[Money]
    gift: Mapped[Money]
    state: Mapped[PartState] = mapped_column(default=PartState.SENT)
    ended_at: Mapped[datetime | None]
