"""Tier and growth as part of what is known of a person."""

from __future__ import annotations

from datetime import date
from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.writing import purse

from . import queries

FIRST = date(2000, 1, 1)


def export(customer_id: int) -> dict[str, Any]:
    """The tier now, None for who is no member, how they came to it, and every movement of growth."""
    mine, now = purse(customer_id=customer_id, unit=Unit.GROWTH), clock.now()
    tier = queries.tier_of(customer_id=customer_id, now=now)
    return {
        "tier": None if tier is None else tier.name,
        "steps": [
            {"code": step.code, "since": step.since.astimezone(SHOP_ZONE).isoformat(), "why": step.why}
            for step in queries.kept_steps(customer_ids=[customer_id])[customer_id]
        ],
        "growth": [
            {
                "at": line.at.astimezone(SHOP_ZONE).isoformat(),
                "kind": line.kind.value,
                "subject": line.subject,
                "amount": line.active,
                "pending": line.pending,
            }
            for line in ledger.statement_between(purse=mine, since=clock.day_start(FIRST), until=now)
        ],
    }
