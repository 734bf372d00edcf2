"""Looking for customers who may be one person, some at a time, and for what was on its way when they became one."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app

from shopapp.kernel.db import transaction

from . import pairs, services
from .clues import Clue

BATCH = 200
BATCHES_MAX = 25
ON_ITS_WAY = timedelta(minutes=2)
"""Longer than any transaction lasts."""


def find_duplicates(now: datetime) -> int:
    """Propose pairs; how many are new. Each batch is one transaction; a run that is cut off is taken up by the next."""
    return sum(_follow(clue, now) for clue in clues())


def clues() -> list[Clue]:
    found: list[Clue] = current_app.extensions["merge_clues"]
    return found


def _follow(clue: Clue, now: datetime) -> int:
    fresh = 0
    for _batch in range(BATCHES_MAX):
        with transaction():
            looked = clue.look(BATCH)
            for one_id, other_id in looked.pairs:
                fresh += pairs.propose(one_id=one_id, other_id=other_id, reason=clue.reason, now=now)
        if looked.seen < BATCH:
            break
    return fresh


def gather_late(now: datetime) -> int:
    """What was written for somebody in the moment when they were merged follows them; after how many merges was looked."""
    done = 0
    for merge_id in pairs.new_merges(before=now - ON_ITS_WAY, limit=BATCH):
        with transaction():
            services.gather(merge_id=merge_id, now=now)
        done += 1
    return done
