"""What happens to orders by time."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel import preferences
from shopapp.kernel.db import db, transaction

from . import queries, services

BATCH = 200


def complete_orders(now: datetime) -> int:
    """Take as received what was shipped long enough ago (`orders.receipt_after_days`)."""
    days: int = preferences.read("orders.receipt_after_days")
    due = queries.received_by_time_ids(now=now, days=days, limit=BATCH)
    db.session.rollback()
    done = 0
    for order_id in due:
        with transaction():
            done += services.complete_overdue(order_id=order_id, now=now)
    return done


def close_returns(now: datetime) -> int:
    """Note that the time for returns is over (`orders.aftersales_days` after receipt), and tell who waits for it."""
    days: int = preferences.read("orders.aftersales_days")
    done = 0
    while due := queries.past_returns_ids(now=now, days=days, limit=BATCH):
        db.session.rollback()
        for order_id in due:
            with transaction():
                done += services.make_final(order_id=order_id, now=now)
    return done
