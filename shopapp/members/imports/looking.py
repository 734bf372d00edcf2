"""Looking at a file before it is imported: what it is taken for, its first orders, and what will be refused and why."""

from __future__ import annotations

import dataclasses
from typing import Any

from shopapp.kernel.errors import ShopError
from shopapp.kernel.heavy import heavy_work
from shopapp.members.marketplace import importing
from shopapp.members.marketplace.importing import PreviewOrder
from shopapp.members.marketplace.recognising import AUTO

from . import storage

PROBLEMS_SHOWN = 50


def look(*, sha256: str, platform: str, shop: str) -> dict[str, Any]:
    """As JSON can hold it and without anything of a buyer; `refused` says why the whole file is."""
    try:
        with heavy_work():
            seen = importing.preview(
                path=storage.path_of(sha256=sha256), platform=platform or AUTO, shop=shop
            )
    except ShopError as problem:
        return {"platform": platform, "refused": {"reason": problem.code, "text": problem.message}}
    return {
        "platform": seen.platform,
        "kind": seen.kind,
        "encoding": seen.encoding,
        "rows": seen.rows,
        "looked_at": seen.looked_at,
        "orders": seen.orders,
        "first": [_shown(order) for order in seen.first],
        "rejected_count": len(seen.rejected),
        "rejected": [dataclasses.asdict(row) for row in seen.rejected[:PROBLEMS_SHOWN]],
    }


def _shown(order: PreviewOrder) -> dict[str, Any]:
    return {
        "order_no": order.order_no,
        "status": order.status.value,
        "ordered_at": order.ordered_at.isoformat() if order.ordered_at else None,
        "paid": order.paid,
        "refunded": order.refunded,
        "currency": order.currency,
        "title": order.title,
    }
