"""Guests who never came back are forgotten after the time that the merchant sets."""

from __future__ import annotations

from datetime import datetime, timedelta

from shopapp.kernel import personal, preferences
from shopapp.kernel.db import transaction
from shopapp.members.identity import members, queries

from . import services

BATCH = 200
DAYS_OF_YEAR = 365
MONTHS_OF_YEAR = 12


def erase_idle_guests(now: datetime) -> int:
    """Erase guests without orders who neither follow nor came back; each batch stands on its own. 0 months: nobody."""
    months: int = preferences.read("members.guests_kept_months")
    if not months:
        return 0
    before = now - timedelta(days=months * DAYS_OF_YEAR // MONTHS_OF_YEAR)
    erased, last = 0, 0
    while batch := members.idle_guests(before=before, after_id=last, limit=BATCH):
        last = batch[-1]
        bound = {kept for part in personal.parts() for kept in part.binds(batch)}
        erased += _erase([each for each in batch if each not in bound], now=now)
    return erased


def _erase(customer_ids: list[int], *, now: datetime) -> int:
    with transaction():
        people = queries.by_ids(customer_ids=customer_ids)
        for customer_id, person in people.items():
            services.erase(customer_id=customer_id, public_id=person.public_id, now=now)
    return len(people)
