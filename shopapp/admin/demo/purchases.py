"""The history of purchases of the demo shop, over its own orders and those bound on marketplaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shopapp.members.marketplace import queries as marketplace
from shopapp.members.purchases.market import bought
from shopapp.members.purchases.own import own_orders
from shopapp.members.purchases.rules import Bought, shares

from . import rows
from .rows import Row

BATCH = 1000


def write(*, bound: Sequence[int]) -> None:
    """What the jobs would write by and by, from the orders as they are; `bound` are imported ones by row id."""
    after = 0
    while found := own_orders().walk(after=after, limit=BATCH):
        after = found[-1][0]
        _add([order for _row_id, order in found])
    rows.add("purchase_walks", [{"name": "own", "row_id": after}])
    for start in range(0, len(bound), BATCH):
        orders = marketplace.orders_by_ids(ids=bound[start : start + BATCH])
        lines = marketplace.lines_of(order_ids=list(orders))
        _add([bought(order, lines.get(order.id, [])) for order in orders.values()])


def _add(orders: Sequence[Bought]) -> None:
    rows.add("purchases", [row for order in orders if order.counts for row in _rows(order)])


def _rows(order: Bought) -> Iterator[Row]:
    whole = {
        "order_ref": order.ref,
        "customer_id": order.customer_id,
        "source": order.source,
        "shop": order.shop,
        "order_no": order.order_no,
        "purchased_at": order.purchased_at,
    }
    for line_no, (thing, (paid, refunded)) in enumerate(
        zip(order.things, shares(order), strict=True), start=1
    ):
        yield whole | {
            "line_no": line_no,
            "title": thing.title,
            "sku": thing.sku,
            "quantity": thing.quantity,
            "paid": paid,
            "refunded": refunded,
            "product_id": thing.product_id,
            "sku_id": thing.sku_id,
        }
