"""A person's paid cards as part of what is known of them."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.clock import SHOP_ZONE

from . import queries


def export(customer_id: int) -> list[dict[str, Any]]:
    return [
        {
            "name": card.name,
            "source": card.source.value,
            "starts_at": card.starts_at.astimezone(SHOP_ZONE).isoformat(),
            "ends_at": card.ends_at.astimezone(SHOP_ZONE).isoformat(),
            "order_no": card.order_no,
        }
        for card in queries.cards_of(customer_id=customer_id)
    ]


def given_once(customer_id: int) -> set[str]:
    return {queries.TRIAL} if queries.has_trial(customer_id=customer_id) else set()
