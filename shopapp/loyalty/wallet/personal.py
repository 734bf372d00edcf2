"""The wallet as part of what is known of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.writing import purse

from . import queries, wording

PAGE = 100


def export(customer_id: int) -> dict[str, Any]:
    """What is in it, and every movement, the newest first; amounts in fen."""
    own = queries.balance(customer_id=customer_id, now=clock.now())
    movements: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found, cursor = queries.entries(customer_id=customer_id, cursor=cursor, limit=PAGE)
        movements += [
            {
                "at": entry.line.at.astimezone(SHOP_ZONE).isoformat(),
                "unit": entry.unit.value,
                "what": wording.movement(entry),
                "amount_fen": entry.line.active,
                "order_no": wording.order_no(entry),
            }
            for entry in found
        ]
        if cursor is None:
            break
    return {"principal_fen": own.principal.fen, "gift_fen": own.gift.fen, "movements": movements}


def erase(customer_id: int, now: datetime) -> None:
    """What was given beside paid money ends; paid money itself stood in the way."""
    books.forfeit(purse=purse(customer_id=customer_id, unit=Unit.GIFT), now=now)
