"""Membership cards that are bought; their payment is that of an order."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model


class CardSale(Model):
    """Which card an order is for, and how long it was to run when it was ordered: `months` or `days`, the other 0."""

    __tablename__ = "card_sales"
    __table_args__ = (
        CheckConstraint("(months > 0 AND days = 0) OR (months = 0 AND days > 0)", "one_length"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), unique=True)
    plan_id: Mapped[str] = mapped_column(String(32), ForeignKey("card_plans.public_id"), index=True)
    months: Mapped[int]
    days: Mapped[int]
