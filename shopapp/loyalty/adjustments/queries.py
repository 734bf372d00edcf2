"""Reading adjustments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from shopapp.kernel.db import db
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.queries import Balance
from shopapp.loyalty.ledger.writing import purse

from .models import Adjustment, AdjustmentState
from .rules import ADJUSTABLE


def of_customer(
    *, customer_id: int, before: int | None = None, limit: int = 20
) -> tuple[Sequence[Adjustment], int | None]:
    """Adjustments of one customer, the newest first, and the row number after which to go on."""
    mine = select(Adjustment).where(Adjustment.customer_id == customer_id)
    if before is not None:
        mine = mine.where(Adjustment.id < before)
    rows = db.session.scalars(mine.order_by(Adjustment.id.desc()).limit(limit + 1)).all()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def place_of(*, customer_id: int, public_id: str) -> int | None:
    """The row number of one of the customer's adjustments: what a cursor stands for."""
    mine = (Adjustment.customer_id == customer_id, Adjustment.public_id == public_id)
    return db.session.scalar(select(Adjustment.id).where(*mine))


def listing(*, state: str) -> Select[Adjustment]:
    """Those in one state or, if that is empty, all; the newest first, but what waits the oldest first."""
    wanted = select(Adjustment)
    if state == AdjustmentState.PROPOSED.value:
        return wanted.where(Adjustment.state == state).order_by(Adjustment.id)
    if state:
        wanted = wanted.where(Adjustment.state == state)
    return wanted.order_by(Adjustment.id.desc())


def waiting_count() -> int:
    """How many proposals wait for a second person."""
    waiting = select(func.count()).where(Adjustment.state == AdjustmentState.PROPOSED)
    return db.session.scalar(waiting) or 0


def balances(*, customer_id: int, now: datetime) -> dict[Unit, Balance]:
    """What a customer has of each unit that can be adjusted."""
    return {
        unit: ledger.balance(purse=purse(customer_id=customer_id, unit=unit), now=now) for unit in ADJUSTABLE
    }


def answer(row: Adjustment, *, customer: str) -> dict[str, Any]:
    """An adjustment for programs."""
    return {
        "id": row.public_id,
        "customer_id": customer,
        "unit": row.unit.value,
        "amount": row.amount,
        "reason": row.reason,
        "paid_out": row.paid_out,
        "expires_at": row.expires_at,
        "state": row.state.value,
        "proposed_by": row.proposed_name,
        "decided_by": row.decided_name,
        "note": row.note,
        "created_at": row.created_at,
        "decided_at": row.decided_at,
    }
