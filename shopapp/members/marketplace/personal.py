"""Imported orders as part of what is known of a person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from . import queries, services


def export(customer_id: int) -> list[dict[str, Any]]:
    orders = queries.of_customer(customer_id=customer_id)
    lines = queries.lines_of(order_ids=[order.id for order in orders])
    called = queries.called(customer_id=customer_id)
    return [
        {
            "platform": order.platform,
            "shop": order.shop,
            "order_no": order.order_no,
            "status": order.status.value,
            "ordered_at": order.ordered_at.isoformat() if order.ordered_at else None,
            "paid_at": order.paid_at.isoformat() if order.paid_at else None,
            "paid_fen": order.paid_fen,
            "refunded_fen": order.refunded_fen,
            "currency": order.currency,
            "title": order.title,
            "buyer": called[order.id].buyer,
            "phone": called[order.id].phone,
            "lines": [
                {"title": line.title, "sku": line.sku, "quantity": line.quantity, "paid_fen": line.paid_fen}
                for line in lines.get(order.id, [])
            ],
        }
        for order in orders
    ]


def erase(customer_id: int, _now: datetime) -> None:
    """The orders stay with their money and lead to nobody, also when a file tells of them again."""
    services.forget_customer(customer_id=customer_id)


def binds(customer_ids: Collection[int]) -> set[int]:
    return queries.with_orders(customer_ids=customer_ids)
