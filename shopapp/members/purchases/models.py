"""What people bought, on every way there is: one row for each thing, and how far the orders were walked."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model, RowId
from shopapp.kernel.money import Money


class Purchase(Model):
    """One line of a paid order of a known customer; the rows of an order add up to its money, freight included.

    `order_ref` names the order over all sources: `own:` and its number, or `market:` and its public id. `source` is `own`
    or the marketplace. `paid` is what was paid by any means, `refunded` what of it went back; never more than `paid`.
    A product of ours is named where the line is known to be of it.
    """

    __tablename__ = "purchases"
    __table_args__ = (
        UniqueConstraint("order_ref", "line_no"),
        CheckConstraint("refunded >= 0 AND refunded <= paid", "refund_in_bounds"),
        CheckConstraint("quantity >= 1", "quantity_positive"),
        Index("ix_purchases_customer", "customer_id", "purchased_at"),
    )

    order_ref: Mapped[str] = mapped_column(String(48))
    line_no: Mapped[int]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    source: Mapped[str] = mapped_column(String(16))
    shop: Mapped[str] = mapped_column(String(80), default="")
    order_no: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(255))
    sku: Mapped[str] = mapped_column(String(255), default="")
    quantity: Mapped[int]
    paid: Mapped[Money]
    refunded: Mapped[Money] = mapped_column(default=Money(0))
    purchased_at: Mapped[datetime] = mapped_column(index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    sku_id: Mapped[int | None] = mapped_column(ForeignKey("skus.id"), index=True)

    @property
    def market_id(self) -> str:
        """The public id of the imported order; of an order of our own, its number."""
        return self.order_ref.partition(":")[2]


class WalkName(StrEnum):
    OWN = "own"
    MARKET = "market"


class PurchaseWalk(Model):
    """How far the orders of a kind were walked: those up to this row, and for marketplaces up to this change of it."""

    __tablename__ = "purchase_walks"

    name: Mapped[WalkName] = mapped_column(unique=True)
    changed_at: Mapped[datetime | None]
    row_id: Mapped[int] = mapped_column(RowId, default=0)
