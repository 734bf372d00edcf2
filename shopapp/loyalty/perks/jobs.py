"""Perks by time: what is due is granted and given, what is over ends.

A batch is one transaction and every grant has a unique key: a run that is cut off is taken up by the next, and a run after
some days of standstill comes to the same as the daily ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from shopapp.kernel.db import db, transaction

from . import granting, queries, services

BATCH = 500


def grant_perks(now: datetime) -> int:
    """How many grants were made, given, let go or ended."""
    done = _in_batches(
        lambda: queries.left_reserved(before=now - services.RESERVED_FOR, limit=BATCH),
        lambda ids: services.let_go(ids=ids, now=now),
    )
    perks = queries.perks(active=True)
    db.session.rollback()
    for perk in perks:
        for batch in granting.due(perk, now=now):
            with transaction():
                done += len(granting.write(perk, batch, now=now))
        with transaction():
            granting.note_done(perk, now=now)
    done += _give_automatic(now)
    return done + _in_batches(
        lambda: queries.due_to_end(limit=BATCH, now=now), lambda ids: services.expire(ids=ids)
    )


def _in_batches(read: Callable[[], Sequence[int]], work: Callable[[Sequence[int]], int]) -> int:
    done = 0
    while True:
        ids = read()
        db.session.rollback()
        if not ids:
            return done
        with transaction():
            done += work(ids)


def _give_automatic(now: datetime) -> int:
    """One transaction for each, so that what one takes is not kept from others meanwhile."""
    done, last = 0, 0
    while True:
        rows = queries.open_automatic(after_id=last, limit=BATCH)
        db.session.rollback()
        if not rows:
            return done
        last = rows[-1][0]
        for _row_id, public_id in rows:
            with transaction():
                done += services.redeem_automatic(grant_id=public_id, now=now)
