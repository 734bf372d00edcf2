"""Orders: the state table, the snapshot of what was bought, and the history."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.kernel.pii import Encrypted
from shopapp.kernel.states import StateTable
from shopapp.store.catalogue.queries import SPECS_JOINER

Specs = list[str]
Reductions = list[Any]


class OrderStatus(StrEnum):
    UNPAID = "unpaid"
    PAID = "paid"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class OrderKind(StrEnum):
    """goods: things that are shipped; the others have no address, no freight and nothing to ship."""

    GOODS = "goods"
    TOP_UP = "top_up"
    CARD = "card"


class RefundStatus(StrEnum):
    NONE = "none"
    PART = "part"
    ALL = "all"


_S = OrderStatus
ORDER_MOVES = StateTable[OrderStatus](
    {
        _S.UNPAID: frozenset({_S.PAID, _S.CANCELLED}),
        _S.PAID: frozenset({_S.PARTLY_SHIPPED, _S.SHIPPED, _S.COMPLETED, _S.CANCELLED}),
        _S.PARTLY_SHIPPED: frozenset({_S.SHIPPED}),
        _S.SHIPPED: frozenset({_S.COMPLETED}),
        _S.COMPLETED: frozenset(),
        _S.CANCELLED: frozenset(),
    }
)


def subject_of(no: str) -> str:
    return f"order:{no}"


class Order(Model):
    """One purchase. Amounts and address are those of the moment it was placed; nothing computes them again.

    `total` is what WeChat Pay is asked for; `principal` and `gift` came from the wallet: total = goods + freight − both.
    `points` is how many points were used. `paid` and `refunded` are of WeChat Pay alone, `wallet_refunded` is what went back to the wallet.
    `no_return_confirmed_at`: when the customer confirmed that goods in it cannot be sent back without a reason.
    `final_at`: when the time for returns was seen to be over.
    A paid order is cancelled only when everything of it was refunded before anything was shipped, and completed without
    shipping only when it has no goods: its address and freight are empty then.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("total >= 0 AND paid >= 0 AND refunded >= 0 AND refunded <= paid", "amounts"),
        CheckConstraint("principal >= 0 AND gift >= 0", "wallet_not_negative"),
        CheckConstraint(
            "wallet_refunded >= 0 AND wallet_refunded <= principal + gift", "wallet_refund_in_bounds"
        ),
        Index("ix_orders_customer", "customer_id", "created_at"),
        Index("ix_orders_status", "status", "created_at"),
        Index("ix_orders_expiry", "status", "expires_at"),
        Index(
            "ix_orders_not_final",
            "completed_at",
            postgresql_where=text("status = 'completed' AND final_at IS NULL"),
            sqlite_where=text("status = 'completed' AND final_at IS NULL"),
        ),
    )

    no: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[OrderKind] = mapped_column(default=OrderKind.GOODS)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    openid: Mapped[str] = mapped_column(String(128))
    status: Mapped[OrderStatus] = mapped_column(default=OrderStatus.UNPAID)
    refund_status: Mapped[RefundStatus] = mapped_column(default=RefundStatus.NONE)
    goods: Mapped[Money]
    freight: Mapped[Money]
    total: Mapped[Money]
    paid: Mapped[Money] = mapped_column(default=Money(0))
    refunded: Mapped[Money] = mapped_column(default=Money(0))
    freight_refunded: Mapped[Money] = mapped_column(default=Money(0))
    principal: Mapped[Money] = mapped_column(default=Money(0))
    gift: Mapped[Money] = mapped_column(default=Money(0))
    wallet_refunded: Mapped[Money] = mapped_column(default=Money(0))
    freight_saved: Mapped[Money] = mapped_column(default=Money(0))
    points: Mapped[int] = mapped_column(default=0)
    coupon_ids: Mapped[list[str]] = mapped_column(default=list)
    tier_name: Mapped[str] = mapped_column(String(40), default="")
    ship_name: Mapped[str] = mapped_column(Encrypted)
    ship_phone: Mapped[str] = mapped_column(Encrypted)
    ship_phone_hash: Mapped[str] = mapped_column(String(64), index=True)
    ship_region_code: Mapped[str] = mapped_column(String(6))
    ship_region: Mapped[str] = mapped_column(String(120))
    ship_detail: Mapped[str] = mapped_column(Encrypted)
    remark: Mapped[str | None] = mapped_column(Encrypted)
    no_return_confirmed_at: Mapped[datetime | None]
    staff_note: Mapped[str] = mapped_column(String(400), default="")
    cancel_reason: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    paid_at: Mapped[datetime | None] = mapped_column(index=True)
    shipped_at: Mapped[datetime | None] = mapped_column(index=True)
    completed_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]

    lines: Mapped[list[OrderLine]] = relationship(order_by="OrderLine.id", back_populates="order")

    @property
    def in_mall(self) -> bool:
        """Whether it was placed in the points mall."""
        return any(line.in_mall for line in self.lines)

    @property
    def wallet(self) -> Money:
        return self.principal + self.gift

    @property
    def subject(self) -> str:
        """How the books name this order."""
        return subject_of(self.no)


class OrderLine(Model):
    """What was bought, as it was shown then. `pay` is the line's paid share, which refunds add up to exactly.

    `reductions` is what lowered `list` to `pay`: [{kind, fen, note}]. `points_used` is the line's part of the points,
    `points_returned` what of it went back; `award` and `growth` are what the line earns. A `gift` came with a coupon.
    `in_mall`: bought in the points mall, so that it earned nothing.
    A line of an order without goods has no product.
    """

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("quantity >= 1", "quantity_positive"),
        CheckConstraint("shipped_quantity >= 0 AND shipped_quantity <= quantity", "shipped_in_bounds"),
        CheckConstraint("refunded_quantity >= 0 AND refunded_quantity <= quantity", "refunded_in_bounds"),
        CheckConstraint("refunded >= 0 AND refunded <= pay", "refund_in_bounds"),
        CheckConstraint(
            "points_returned >= 0 AND points_returned <= points_used AND award >= 0 AND growth >= 0",
            "points_in_bounds",
        ),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    sku_id: Mapped[int | None] = mapped_column(ForeignKey("skus.id"), index=True)
    title: Mapped[str] = mapped_column(String(60))
    specs: Mapped[Specs]
    picture: Mapped[str | None] = mapped_column(String(80))
    price: Mapped[Money]
    quantity: Mapped[int]
    reductions: Mapped[Reductions] = mapped_column(default=list)
    list: Mapped[Money]
    pay: Mapped[Money]
    points_used: Mapped[int] = mapped_column(default=0)
    points_returned: Mapped[int] = mapped_column(default=0)
    award: Mapped[int] = mapped_column(default=0)
    growth: Mapped[int] = mapped_column(default=0)
    gift: Mapped[bool] = mapped_column(default=False)
    in_mall: Mapped[bool] = mapped_column(default=False)
    returnable: Mapped[bool] = mapped_column(default=True)
    shipped_quantity: Mapped[int] = mapped_column(default=0)
    refunded_quantity: Mapped[int] = mapped_column(default=0)
    refunded: Mapped[Money] = mapped_column(default=Money(0))

    order: Mapped[Order] = relationship(back_populates="lines")

    @property
    def specs_text(self) -> str:
        return SPECS_JOINER.join(self.specs)


class OrderQuota(Model):
    """How many unpaid orders a customer has: its guarded update also lets one order of a customer be placed at a time."""

    __tablename__ = "order_quotas"
    __table_args__ = (CheckConstraint("unpaid >= 0", "unpaid_not_negative"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), unique=True)
    unpaid: Mapped[int] = mapped_column(default=0)


class OrderStep(Model):
    """The history: what happened to an order, when, and by whom."""

    __tablename__ = "order_steps"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    what: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(String(200), default="")
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
