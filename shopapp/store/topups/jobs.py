"""What happens to refunds of principal that did not go through."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel.db import db, transaction
from shopapp.store.payments import exchanges

from . import queries, services

BATCH = 50


def put_back_principal(now: datetime) -> int:
    """Give principal back to the wallets whose refund WeChat Pay refused for good; how many parts.

    The platform is asked first: what moved after all stays refunded.
    """
    due = queries.failed_parts(now=now, limit=BATCH)
    db.session.rollback()
    done = 0
    for part_id, refund_id in due:
        number = exchanges.number_that_gave_nothing(refund_id=refund_id, now=now)
        if number is None:
            continue
        with transaction():
            done += services.put_back(part_id=part_id, number=number, now=now)
    return done
