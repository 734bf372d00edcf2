"""Writing the history: an order's rows are made to be what the order is now, as often as somebody says so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from shopapp.kernel.db import db, insert_once, rows_changed

from .models import Purchase, PurchaseWalk, WalkName
from .rules import TEXT_MAX, Bought, shares

OWN_COLUMNS = [
    "customer_id",
    "source",
    "shop",
    "order_no",
    "title",
    "sku",
    "quantity",
    "paid",
    "refunded",
    "purchased_at",
    "product_id",
    "sku_id",
]


def record(*, orders: Sequence[Bought]) -> int:
    """Make the history of these orders say what they say; told again it changes nothing. How many rows changed.

    An order that does not count any more leaves the history. The caller keeps an order from changing meanwhile.
    """
    refs = [order.ref for order in orders]
    if not refs:
        return 0
    kept: dict[str, dict[int, Purchase]] = {}
    found = select(Purchase).where(Purchase.order_ref.in_(refs)).execution_options(populate_existing=True)
    for row in db.session.scalars(found):
        kept.setdefault(row.order_ref, {})[row.line_no] = row
    return sum(_record(order, kept.get(order.ref, {})) for order in orders)


def _record(order: Bought, kept: dict[int, Purchase]) -> int:
    wanted = dict(enumerate(_rows(order), start=1)) if order.counts else {}
    changed = _drop([row for line_no, row in kept.items() if line_no not in wanted])
    for line_no, values in wanted.items():
        row = kept.get(line_no)
        if row is None:
            changed += insert_once(Purchase, order_ref=order.ref, line_no=line_no, **values)
        elif any(getattr(row, name) != values[name] for name in OWN_COLUMNS):
            changed += rows_changed(update(Purchase).where(Purchase.id == row.id).values(**values))
    return changed


def _rows(order: Bought) -> list[dict[str, Any]]:
    return [
        {
            "customer_id": order.customer_id,
            "source": order.source,
            "shop": order.shop,
            "order_no": order.order_no,
            "title": thing.title[:TEXT_MAX],
            "sku": thing.sku[:TEXT_MAX],
            "quantity": max(thing.quantity, 1),
            "paid": paid,
            "refunded": refunded,
            "purchased_at": order.purchased_at,
            "product_id": thing.product_id,
            "sku_id": thing.sku_id,
        }
        for thing, (paid, refunded) in zip(order.things, shares(order), strict=True)
    ]


def _drop(rows: Collection[Purchase]) -> int:
    if not rows:
        return 0
    return rows_changed(delete(Purchase).where(Purchase.id.in_([row.id for row in rows])))


def lock_market() -> None:
    """From here to the end of the transaction nobody else records orders of marketplaces."""
    insert_once(PurchaseWalk, name=WalkName.MARKET, changed_at=None, row_id=0)
    db.session.execute(select(PurchaseWalk.id).filter_by(name=WalkName.MARKET).with_for_update())


def note_walked(*, name: WalkName, changed_at: datetime | None, row_id: int) -> None:
    """Remember how far orders were walked."""
    values = {"changed_at": changed_at, "row_id": row_id}
    if not insert_once(PurchaseWalk, name=name, **values):
        rows_changed(update(PurchaseWalk).where(PurchaseWalk.name == name).values(**values))


def walk_anew() -> None:
    """Have all orders walked again from the first, so that the history is rebuilt."""
    rows_changed(update(PurchaseWalk).values(changed_at=None, row_id=0))
