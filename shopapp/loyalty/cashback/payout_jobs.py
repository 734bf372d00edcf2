"""What keeps transfers going when nobody asks and no notice comes."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from shopapp.kernel import clock, preferences
from shopapp.kernel.db import db, transaction
from shopapp.wechat.pay import PayProblem

from . import exchanges, payouts
from . import payout_reconciliation as reconciliation

log = structlog.get_logger(__name__)

BATCH = 100
BILL_READY = timedelta(hours=10, minutes=30)
# When WeChat Pay does not answer, the rest of a batch would only wait for the same silence.
SILENCES_MAX = 3


def send_transfers(now: datetime) -> int:
    """Keep a number for each approved claim that is paid by WeChat, then ask for what is due; how many were asked about."""
    claim_ids = payouts.unqueued(limit=BATCH)
    db.session.rollback()
    for claim_id in claim_ids:
        with transaction():
            payouts.queue(claim_id=claim_id, now=now)
    return query_transfers(now)


def query_transfers(now: datetime) -> int:
    """Ask for what is queued, ask about what is open, take back what nobody confirmed in time. How many were asked about."""
    due = payouts.due(now=now, limit=BATCH)
    db.session.rollback()
    done = silences = 0
    for payout_id in due:
        try:
            done += exchanges.advance(payout_id=payout_id, now=now)
            silences = 0
        except PayProblem as problem:
            log.warning("transfer left for later", payout_id=payout_id, problem=type(problem).__name__)
            silences += 1
            if silences >= SILENCES_MAX:
                break
    return done


def reconcile_transfers(now: datetime) -> int:
    """Compare the newest day that has a fund flow; each difference goes on the worklist once. Returns how many there are.

    Days before `payments.reconciled_from` were paid elsewhere.
    """
    day = clock.shop_day(now - BILL_READY) - timedelta(days=1)
    if day.isoformat() < preferences.read("payments.reconciled_from"):
        return 0
    report = reconciliation.reconcile(day=day)
    reconciliation.keep(report=report)
    return len(report.differences)
