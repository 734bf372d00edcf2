"""The points mall: what is offered there, how often each person took it, and each redemption."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import ZERO, Money

from .rules import TITLE_MAX, MallKind


class MallItem(Model):
    """What a merchant offers for points. The columns mean what `rules.MallContent` says.

    `given` counts the pieces of `stock` that are gone; those of orders that came to nothing are given back.
    """

    __tablename__ = "mall_items"
    __table_args__ = (
        CheckConstraint("points >= 1 AND cash >= 0", "price"),
        CheckConstraint("given >= 0 AND (stock IS NULL OR given <= stock)", "stock"),
        CheckConstraint(
            "(kind = 'goods' AND sku_id IS NOT NULL AND coupon_id IS NULL)"
            " OR (kind = 'coupon' AND coupon_id IS NOT NULL AND sku_id IS NULL AND cash = 0)",
            "one_thing",
        ),
        Index("ix_mall_items_shown", "active", "position"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    kind: Mapped[MallKind]
    sku_id: Mapped[str | None] = mapped_column(ForeignKey("skus.public_id"), index=True)
    coupon_id: Mapped[str | None] = mapped_column(ForeignKey("coupons.public_id"), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_MAX), default="")
    points: Mapped[int]
    cash: Mapped[Money] = mapped_column(default=ZERO)
    stock: Mapped[int | None]
    given: Mapped[int] = mapped_column(default=0)
    per_person: Mapped[int | None]
    per_month: Mapped[int | None]
    min_tier: Mapped[str] = mapped_column(String(16), default="")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class MallTally(Model):
    """How many of one item one person took, in all and in the month of shop time that began on `month`.

    Its guarded update keeps the limits per person.
    """

    __tablename__ = "mall_tallies"
    __table_args__ = (
        UniqueConstraint("item_id", "customer_id"),
        CheckConstraint("given >= 0 AND in_month >= 0", "not_negative"),
    )

    item_id: Mapped[int] = mapped_column(ForeignKey("mall_items.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    given: Mapped[int] = mapped_column(default=0)
    month: Mapped[date]
    in_month: Mapped[int] = mapped_column(default=0)


class MallRedemption(Model):
    """One redemption: `key` makes it count once, `points` and `cash` are of all its pieces.

    Goods have an order, a coupon its own public id as the customer holds it. `returned_at` is when an order that came to
    nothing gave its pieces back.
    """

    __tablename__ = "mall_redemptions"
    __table_args__ = (
        CheckConstraint("quantity >= 1 AND points >= 1 AND cash >= 0", "amounts"),
        Index("ix_mall_redemptions_item", "item_id", "id"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("mall_items.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    quantity: Mapped[int]
    points: Mapped[int]
    cash: Mapped[Money]
    month: Mapped[date]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), unique=True)
    held_coupon_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
