"""Orders: the state table, the snapshot of what was bought, and the history."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.kernel.pii import Encrypted
from shopapp.kernel.states import StateTable
from shopapp.store.catalogue.queries import SPECS_JOINER

Specs = list[str]


class OrderStatus(StrEnum):
    UNPAID = "unpaid"
    PAID = "paid"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class RefundStatus(StrEnum):
    NONE = "none"
    PART = "part"
    ALL = "all"


_S = OrderStatus
ORDER_MOVES = StateTable[OrderStatus](
    {
        _S.UNPAID: frozenset({_S.PAID, _S.CANCELLED}),
        _S.PAID: frozenset({_S.PARTLY_SHIPPED, _S.SHIPPED, _S.CANCELLED}),
        _S.PARTLY_SHIPPED: frozenset({_S.SHIPPED}),
        _S.SHIPPED: frozenset({_S.COMPLETED}),
        _S.COMPLETED: frozenset(),
        _S.CANCELLED: frozenset(),
    }
)


class Order(Model):
    """One purchase. Amounts and address are those of the moment it was placed; nothing computes them again.

    `no_return_confirmed_at`: when the customer confirmed that goods in it cannot be sent back without a reason.
    A paid order is cancelled only when everything of it was refunded before anything was shipped.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("total >= 0 AND paid >= 0 AND refunded >= 0 AND refunded <= paid", "amounts"),
        Index("ix_orders_customer", "customer_id", "created_at"),
        Index("ix_orders_status", "status", "created_at"),
        Index("ix_orders_expiry", "status", "expires_at"),
    )

    no: Mapped[str] = mapped_column(String(32), unique=True)
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
    cancelled_at: Mapped[datetime | None]

    lines: Mapped[list[OrderLine]] = relationship(order_by="OrderLine.id", back_populates="order")


class OrderLine(Model):
    """What was bought, as it was shown then. `pay` is the line's paid share, which refunds add up to exactly."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("quantity >= 1", "quantity_positive"),
        CheckConstraint("shipped_quantity >= 0 AND shipped_quantity <= quantity", "shipped_in_bounds"),
        CheckConstraint("refunded_quantity >= 0 AND refunded_quantity <= quantity", "refunded_in_bounds"),
        CheckConstraint("refunded >= 0 AND refunded <= pay", "refund_in_bounds"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    sku_id: Mapped[int] = mapped_column(ForeignKey("skus.id"), index=True)
    title: Mapped[str] = mapped_column(String(60))
    specs: Mapped[Specs]
    picture: Mapped[str | None] = mapped_column(String(80))
    price: Mapped[Money]
    quantity: Mapped[int]
    list: Mapped[Money]
    pay: Mapped[Money]
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
