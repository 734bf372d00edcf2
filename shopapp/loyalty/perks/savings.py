"""What membership saved on orders: each order once, and what refunds took back of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from shopapp.kernel.db import insert_once, rows_changed
from shopapp.kernel.money import ZERO, Money

from .models import PerkSaving


def note(*, customer_id: int, order_id: int, fen: int, at: datetime) -> None:
    """Add what an order saved, or with `fen` below 0 what a refund of it took back.

    An order saves once, so what it saved may be told again; each refund is to be told once. A refund may be heard of first.
    """
    insert_once(PerkSaving, order_id=order_id, customer_id=customer_id, saved=ZERO, taken_back=ZERO, at=at)
    mine = update(PerkSaving).where(PerkSaving.order_id == order_id)
    if fen < 0:
        rows_changed(mine.values(taken_back=PerkSaving.taken_back + Money(-fen)))
    else:
        rows_changed(mine.where(PerkSaving.saved == ZERO).values(saved=Money(fen), at=at))
