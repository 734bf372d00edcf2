"""Carts: one per customer, or one per guest's browser until they sign in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.money import Money


class Cart(Model):
    """Belongs to a customer or to a guest, never to both."""

    __tablename__ = "carts"
    __table_args__ = (CheckConstraint("(customer_id IS NULL) <> (guest_hash IS NULL)", "one_owner"),)

    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), unique=True)
    guest_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    updated_at: Mapped[datetime] = mapped_column(index=True)


class CartItem(Model):
    """A SKU in a cart, with the price when it was put in, so that a change can be told."""

    __tablename__ = "cart_items"
    __table_args__ = (
        UniqueConstraint("cart_id", "sku_id"),
        CheckConstraint("quantity >= 1", "quantity_positive"),
    )

    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"))
    sku_id: Mapped[int] = mapped_column(ForeignKey("skus.id"), index=True)
    quantity: Mapped[int]
    selected: Mapped[bool] = mapped_column(default=True)
    price_seen: Mapped[Money]
    added_at: Mapped[datetime]
