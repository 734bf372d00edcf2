"""What a person took in the points mall, as part of what is known of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db

from . import queries
from .models import MallRedemption


def export(customer_id: int) -> list[dict[str, Any]]:
    """Every redemption, the oldest first; cash in fen."""
    statement = select(MallRedemption).filter_by(customer_id=customer_id).order_by(MallRedemption.id)
    return [
        {
            "at": row.created_at.astimezone(SHOP_ZONE).isoformat(),
            "quantity": row.quantity,
            "points": row.points,
            "cash_fen": row.cash.fen,
        }
        for row in db.session.scalars(statement)
    ]


def given_once(customer_id: int) -> set[str]:
    return queries.given_once(customer_id)
