"""Points as part of what is known of a person. The books name nobody but the row, and stay; what is left ends there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from shopapp.kernel import clock
from shopapp.loyalty.ledger import Unit, due
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger import services as books

from . import queries, wording

ONCE = ("joining", "profile", "first_order")
FIRST = date(2000, 1, 1)


def export(customer_id: int) -> dict[str, Any]:
    mine, now = queries.points_purse(customer_id), clock.now()
    balance = ledger.balance(purse=mine, now=now)
    return {
        "available": balance.available,
        "pending": balance.pending,
        "debt": balance.debt,
        "entries": [
            {
                "at": line.at.isoformat(),
                "text": wording.entry_text(line),
                "amount": line.active,
                "pending": line.pending,
                "balance": line.balance,
            }
            for line in ledger.statement_between(purse=mine, since=clock.day_start(FIRST), until=now)
        ],
        "check_ins": [
            {"day": day.isoformat(), "points": points}
            for day, points in queries.check_ins(
                customer_id=customer_id, first=FIRST, last=clock.shop_day(now)
            ).items()
        ],
    }


def erase(customer_id: int, now: datetime) -> None:
    """Nobody is left to spend them: they end, and the shop owes them no longer."""
    books.forfeit(purse=queries.points_purse(customer_id), now=now)


def binds(customer_ids: Collection[int]) -> set[int]:
    """Those who have points, or will have."""
    return due.holders(unit=Unit.POINTS, customer_ids=customer_ids)


def given_once(customer_id: int) -> set[str]:
    """The tasks that somebody has had the points of."""
    keys = {task: queries.task_key(task, customer_id=customer_id) for task in ONCE}
    return {f"points:{task}" for task, key in keys.items() if ledger.booked(key=key)}
