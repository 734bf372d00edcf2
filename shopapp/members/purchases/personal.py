"""Purchases as part of what is known of a person. Erased, what was bought elsewhere is nobody's any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, rows_changed

from . import services
from .models import Purchase
from .rules import OWN


def export(customer_id: int) -> list[dict[str, Any]]:
    """What the person bought here and at marketplaces, the oldest first; amounts in fen."""
    statement = select(Purchase).where(Purchase.customer_id == customer_id)
    rows = db.session.scalars(statement.order_by(Purchase.purchased_at, Purchase.order_ref, Purchase.line_no))
    return [
        {
            "source": row.source,
            "shop": row.shop,
            "order_no": row.order_no,
            "title": row.title,
            "sku": row.sku,
            "quantity": row.quantity,
            "paid_fen": row.paid.fen,
            "refunded_fen": row.refunded.fen,
            "purchased_at": row.purchased_at.astimezone(SHOP_ZONE).isoformat(),
        }
        for row in rows
    ]


def erase(customer_id: int, _now: datetime) -> None:
    """What was bought here stays among the shop's own records, like the orders; the rest is taken out for good."""
    services.lock_market()
    rows_changed(delete(Purchase).where(Purchase.customer_id == customer_id, Purchase.source != OWN))


def binds(customer_ids: Collection[int]) -> set[int]:
    """Whose marketplace orders were found is not forgotten by time alone."""
    statement = select(Purchase.customer_id).where(Purchase.customer_id.in_(customer_ids)).distinct()
    return set(db.session.scalars(statement))
