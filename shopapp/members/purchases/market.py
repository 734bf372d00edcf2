"""Orders of marketplaces in the history: those that were found to be a customer's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from shopapp.kernel.money import Money
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace.queries import MarketplaceLineFacts, MarketplaceOrderFacts
from shopapp.members.marketplace.rules import Status

from . import services
from .own import own_orders
from .rules import Bought, Thing

BILL = "wechatpay"
PAID = (Status.PAID, Status.SHIPPED, Status.DONE)


def record(*, order_ids: Collection[int]) -> int:
    """Have the history say of these orders, by row id, what their files say now; how many rows changed.

    Recording is done one at a time, so that nobody writes what was read before somebody else wrote.
    """
    services.lock_market()
    return write(list(marketplace.orders_by_ids(ids=order_ids).values()))


def write(orders: Collection[MarketplaceOrderFacts]) -> int:
    """The same for orders read while recording was locked."""
    bound = [order.id for order in orders if order.customer_id is not None]
    lines = marketplace.lines_of(order_ids=bound)
    ours = _ours(orders)
    return services.record(
        orders=[bought(order, lines.get(order.id, []), ours=order.order_no in ours) for order in orders]
    )


def _ours(orders: Collection[MarketplaceOrderFacts]) -> set[str]:
    """A bill of WeChat Pay tells of the shop's own orders too, which are in the history already."""
    billed = [order.order_no for order in orders if order.platform == BILL]
    return own_orders().paid_by(numbers=billed) if billed else set()


def bought(
    order: MarketplaceOrderFacts, lines: Collection[MarketplaceLineFacts], *, ours: bool = False
) -> Bought:
    """An order without lines is one thing, by the title of the whole; one of `ours` has its place elsewhere."""
    return Bought(
        ref=f"market:{order.public_id}",
        source=order.platform,
        shop=order.shop,
        order_no=order.order_no,
        customer_id=None if ours else order.customer_id,
        purchased_at=_paid_at(order),
        paid=Money(order.paid_fen),
        refunded=Money(order.refunded_fen),
        things=[_thing(line) for line in lines] or [Thing(title=order.title)],
    )


def _thing(line: MarketplaceLineFacts) -> Thing:
    paid = None if line.paid_fen is None else Money(line.paid_fen)
    return Thing(title=line.title, sku=line.sku, quantity=line.quantity, paid=paid)


def _paid_at(order: MarketplaceOrderFacts) -> datetime | None:
    """Some exports tell no time of payment: there the order's own stands for it."""
    if order.paid_at is not None:
        return order.paid_at
    return (order.ordered_at or order.bound_at) if order.status in PAID else None
