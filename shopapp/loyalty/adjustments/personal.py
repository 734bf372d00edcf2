"""Adjustments as part of what is known of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db
from shopapp.kernel.i18n import _

from .models import ADJUSTMENT_MOVES, Adjustment, AdjustmentState


def export(customer_id: int) -> list[dict[str, Any]]:
    rows = select(Adjustment).where(Adjustment.customer_id == customer_id).order_by(Adjustment.id)
    return [
        {
            "at": row.created_at.astimezone(SHOP_ZONE).isoformat(),
            "unit": row.unit.value,
            "amount": row.amount,
            "reason": row.reason,
            "state": row.state.value,
        }
        for row in db.session.scalars(rows)
    ]


def erase(customer_id: int, now: datetime) -> None:
    """What still waited for a second person is refused: nobody is left to have it."""
    waiting = select(Adjustment).where(
        Adjustment.customer_id == customer_id, Adjustment.state == AdjustmentState.PROPOSED
    )
    for row in db.session.scalars(waiting.order_by(Adjustment.id).with_for_update()):
        ADJUSTMENT_MOVES.move(row, AdjustmentState.REFUSED, decided_at=now, note=_("顾客已注销"))
