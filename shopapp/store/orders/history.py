"""The shop's own orders in the history of purchases: written when they are paid, and again with each refund."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from shopapp.events import OrderPaid
from shopapp.kernel.db import db
from shopapp.members.purchases import services as purchases
from shopapp.members.purchases.rules import OWN, Bought, Thing

from .models import Order, OrderKind, OrderLine


def add_paid(event: OrderPaid) -> None:
    """A paid order becomes part of the history; a top-up or a card is no purchase: what is bought with it later is."""
    order = db.session.scalars(_locked().where(Order.id == event.order_id)).one()
    if order.kind is OrderKind.GOODS:
        remember(order=order)


def remember(*, order: Order) -> None:
    """Have the history of a locked order say what the order says now."""
    purchases.record(orders=[bought(order)])


def walk(*, after: int, limit: int) -> list[tuple[int, Bought]]:
    """Orders of goods after a row id, with theirs, as they come; their rows are kept until the transaction ends."""
    statement = _locked().where(Order.id > after, Order.kind == OrderKind.GOODS)
    return [
        (order.id, bought(order)) for order in db.session.scalars(statement.order_by(Order.id).limit(limit))
    ]


def _locked() -> Select[Order]:
    statement = select(Order).options(selectinload(Order.lines)).with_for_update()
    return statement.execution_options(populate_existing=True)


def bought(order: Order) -> Bought:
    """With freight, and whatever paid for it: WeChat Pay or the wallet."""
    return Bought(
        ref=f"own:{order.no}",
        source=OWN,
        order_no=order.no,
        customer_id=order.customer_id,
        purchased_at=order.paid_at,
        paid=order.paid + order.wallet,
        refunded=order.refunded + order.wallet_refunded,
        things=[_thing(line) for line in order.lines],
    )


def _thing(line: OrderLine) -> Thing:
    return Thing(
        title=line.title,
        sku=line.specs_text,
        quantity=line.quantity,
        paid=line.pay,
        refunded=line.refunded,
        product_id=line.product_id,
        sku_id=line.sku_id,
    )
