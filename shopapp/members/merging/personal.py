"""That somebody was there more than once, as part of what is known of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, rows_changed

from .models import CustomerMerge, MergePair


def export(customer_id: int) -> list[dict[str, Any]]:
    """When, and by which evidence."""
    wanted = select(CustomerMerge).where(
        or_(CustomerMerge.target_id == customer_id, CustomerMerge.source_id == customer_id)
    )
    return [
        {
            "evidence": row.evidence.value,
            "merged_at": row.merged_at.astimezone(SHOP_ZONE).isoformat(),
            "undone_at": None if row.undone_at is None else row.undone_at.astimezone(SHOP_ZONE).isoformat(),
        }
        for row in db.session.scalars(wanted.order_by(CustomerMerge.id))
    ]


def erase(customer_id: int, _now: datetime) -> None:
    """Nobody needs to compare them any more. That rows were merged stays with what was bought by them."""
    with_them = or_(MergePair.first_id == customer_id, MergePair.second_id == customer_id)
    rows_changed(delete(MergePair).where(with_them))
