"""How many pieces there are: free to sell, and held by unpaid orders."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model


class StockLevel(Model):
    """The pieces of one SKU. Only guarded updates change it."""

    __tablename__ = "stock_levels"
    __table_args__ = (
        CheckConstraint("free >= 0", "free_not_negative"),
        CheckConstraint("held >= 0", "held_not_negative"),
    )

    sku_id: Mapped[int] = mapped_column(ForeignKey("skus.id"), unique=True)
    free: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)


class StockReason(StrEnum):
    HOLD = "hold"
    RELEASE = "release"
    SALE = "sale"
    RESTOCK = "restock"
    COUNT = "count"
    ADJUST = "adjust"


class StockMovement(Model):
    """One change, with what it did to the free and to the held pieces."""

    __tablename__ = "stock_movements"

    sku_id: Mapped[int] = mapped_column(ForeignKey("skus.id"), index=True)
    reason: Mapped[StockReason]
    free_change: Mapped[int]
    held_change: Mapped[int]
    subject: Mapped[str] = mapped_column(String(64), default="")
    note: Mapped[str] = mapped_column(String(120), default="")
    actor: Mapped[str] = mapped_column(String(80), default="system")
    at: Mapped[datetime] = mapped_column(index=True)
