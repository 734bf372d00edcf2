"""Orders of what is no thing: a top-up, a card. They have no address, no freight and nothing to ship.

They are placed and paid like any other; whoever sells the thing gives it and completes the order in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from shopapp.events import OrderPlaced
from shopapp.kernel import preferences
from shopapp.kernel.db import db
from shopapp.kernel.ids import new_id, new_number
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.outbox import publish
from shopapp.members.identity.queries import SignedIn

from . import rules
from .models import ORDER_MOVES, Order, OrderKind, OrderLine, OrderStatus
from .services import add_step, take_quota

TOP_UP, CARD = OrderKind.TOP_UP, OrderKind.CARD


@dataclass(frozen=True, kw_only=True)
class Sold:
    """Where an order without goods stands; `left` of its money was not given back."""

    order_id: int
    no: str
    status: OrderStatus
    total: Money
    paid: Money
    refunded: Money
    created_at: datetime
    paid_at: datetime | None

    @property
    def left(self) -> Money:
        return self.paid - self.refunded

    @property
    def given(self) -> bool:
        """Whether the customer has what they paid for."""
        return self.status is OrderStatus.COMPLETED


def place(*, customer: SignedIn, kind: OrderKind, title: str, amount: Money, now: datetime) -> Order:
    """An unpaid order of one line. A customer's orders queue up here. Raises `TooManyUnpaid`."""
    take_quota(customer_id=customer.customer_id)
    order = Order(
        no=new_number(now=now),
        kind=kind,
        customer_id=customer.customer_id,
        openid=customer.openid,
        status=OrderStatus.UNPAID,
        goods=amount,
        freight=ZERO,
        total=amount,
        ship_name="",
        ship_phone="",
        ship_phone_hash="",
        ship_region_code="",
        ship_region="",
        ship_detail="",
        created_at=now,
        expires_at=now + timedelta(minutes=preferences.read("orders.pay_within_minutes")),
        lines=[
            OrderLine(
                public_id=new_id(),
                title=title,
                specs=[],
                price=amount,
                quantity=1,
                list=amount,
                pay=amount,
            )
        ],
    )
    db.session.add(order)
    db.session.flush()
    add_step(order_id=order.id, what="placed", now=now)
    publish(OrderPlaced(order_id=order.id, customer_id=order.customer_id, total_fen=order.total.fen))
    return order


def complete(*, order: Order, now: datetime) -> None:
    """The customer has what a locked paid order was for. Raises `IllegalMove`, `ValueError` for one with goods.

    Nothing was received that could come back, so this is no `OrderCompleted`, and final.
    """
    if order.kind is OrderKind.GOODS:
        raise ValueError("goods are shipped and received")
    ORDER_MOVES.move(order, OrderStatus.COMPLETED, completed_at=now, final_at=now)
    add_step(order_id=order.id, what="given", now=now)


def send_back(*, order: Order, amount: Money, now: datetime) -> None:
    """So much of a locked order's money goes back; sending it is the caller's."""
    _note_money(order, amount)
    add_step(order_id=order.id, what="principal_back", note=str(amount), now=now)


def take_again(*, order: Order, amount: Money, now: datetime) -> None:
    """So much of a locked order's money could not be sent back and is the shop's again."""
    _note_money(order, -amount)
    add_step(order_id=order.id, what="refund_failed", note=str(amount), now=now)


def _note_money(order: Order, amount: Money) -> None:
    order.refunded += amount
    for line in order.lines:
        line.refunded = order.refunded
        line.refunded_quantity = line.quantity if order.refunded == order.paid else 0
    order.refund_status = rules.refund_status(order)
    db.session.flush()


def sold(*, order_ids: Collection[int]) -> dict[int, Sold]:
    """Where these orders stand, by row id."""
    if not order_ids:
        return {}
    columns = (
        Order.id.label("order_id"),
        *(Order.no, Order.status, Order.total, Order.paid, Order.refunded, Order.created_at, Order.paid_at),
    )
    rows = db.session.execute(select(*columns).where(Order.id.in_(order_ids)))
    return {row.order_id: Sold(**row._asdict()) for row in rows}


def unpaid(*, customer_id: int, kind: OrderKind) -> dict[int, str]:
    """The numbers of the customer's unpaid orders of a kind, by row id."""
    statement = select(Order.id, Order.no).where(
        Order.customer_id == customer_id, Order.kind == kind, Order.status == OrderStatus.UNPAID
    )
    return {row.id: row.no for row in db.session.execute(statement)}


def unpaid_total(*, customer_id: int, kind: OrderKind) -> Money:
    """What the customer's unpaid orders of a kind ask for together."""
    statement = select(func.coalesce(func.sum(Order.total.cast(db.BigInteger)), 0)).where(
        Order.customer_id == customer_id, Order.kind == kind, Order.status == OrderStatus.UNPAID
    )
    return Money(int(db.session.scalar(statement) or 0))
