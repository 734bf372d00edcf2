"""What keeps payments and refunds going when nobody asks and no notice comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog

from shopapp.kernel import clock, preferences
from shopapp.kernel.db import db
from shopapp.kernel.errors import ShopError
from shopapp.store.orders import queries as orders
from shopapp.wechat.pay import PayProblem

from . import exchanges, queries, reconciliation
from .exchanges import Fate

log = structlog.get_logger(__name__)

BATCH = 100
BILL_READY = timedelta(hours=10, minutes=30)
# When WeChat Pay does not answer, the rest of a batch would only wait for the same silence.
SILENCES_MAX = 3


def close_unpaid_orders(now: datetime) -> int:
    """Cancel the orders whose time to pay is over; one that turns out to be paid is paid."""
    due = orders.overdue_order_ids(now=now, limit=BATCH)
    db.session.rollback()
    return _each(
        due,
        lambda order_id: exchanges.cancel_order(order_id=order_id, reason="timeout", now=now) is Fate.CLOSED,
    )


def query_payments(now: datetime) -> int:
    """Ask about open attempts, so that a lost notice costs seconds; close those that nobody needs any more."""
    due = queries.due_queries(now=now, limit=BATCH)
    unpaid = orders.still_unpaid(order_ids={order_id for _, order_id in due})
    db.session.rollback()
    needed = {payment_id: order_id in unpaid for payment_id, order_id in due}

    def ask(payment_id: int) -> bool:
        fate = exchanges.query_payment(payment_id=payment_id, order_unpaid=needed[payment_id], now=now)
        return fate is not None

    return _each(needed, ask)


def send_refunds(now: datetime) -> int:
    """Send what is queued and ask about what was sent."""
    due = queries.due_refunds(now=now, limit=BATCH)
    db.session.rollback()
    return _each(due, lambda refund_id: exchanges.send_refund(refund_id=refund_id, now=now))


def reconcile_payments(now: datetime) -> int:
    """Compare the newest day that has a trade bill; each difference goes on the worklist once. Returns how many there are.

    A day's bill is there on the next morning. Days before `payments.reconciled_from` were paid elsewhere.
    """
    day = clock.shop_day(now - BILL_READY) - timedelta(days=1)
    if day.isoformat() < preferences.read("payments.reconciled_from"):
        return 0
    report = reconciliation.reconcile(day=day)
    reconciliation.keep(report=report)
    return len(report.differences)


def _each(rows: Iterable[int], act: Callable[[int], bool]) -> int:
    """Act on each row by itself; returns how many were done. Stops when the platform stays silent."""
    done = silences = 0
    for row_id in rows:
        try:
            done += act(row_id)
            silences = 0
        except (PayProblem, ShopError) as problem:
            db.session.rollback()
            log.warning("left for later", row=row_id, problem=type(problem).__name__)
            silences += 1
            if silences >= SILENCES_MAX:
                break
    return done
