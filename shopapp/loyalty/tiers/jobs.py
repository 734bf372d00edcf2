"""What happens to tiers by time and by new rules. Each batch is one transaction; a run that is cut off is taken up by the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, tuple_

from shopapp.kernel.db import db, transaction

from . import queries, services
from .models import MemberTier

BATCH = 1000
KEYS: tuple[Any, ...] = (MemberTier.id, MemberTier.customer_id, MemberTier.next_look_at)


def evaluate_tiers(now: datetime) -> int:
    """Look at members whose time has come, then at those whom the rules in force have not seen; how many were looked at."""
    done, last = 0, None
    while rows := _read(_due(now, after=last)):
        done, last = done + _evaluate(rows, now), rows[-1]
    version = queries.version_now()
    newest = version.number if version.at <= now else version.number - 1
    if not _read(select(*KEYS).where(MemberTier.version < newest).limit(1)):
        return done
    last = None
    while rows := _read(_unseen(newest, after=last)):
        done, last = done + _evaluate(rows, now), rows[-1]
    return done


def _due(now: datetime, *, after: Row[Any] | None) -> Select[Any]:
    wanted = select(*KEYS).where(MemberTier.next_look_at <= now)
    if after is not None:
        place = tuple_(MemberTier.next_look_at, MemberTier.id)
        wanted = wanted.where(place > (after.next_look_at, after.id))
    return wanted.order_by(MemberTier.next_look_at, MemberTier.id).limit(BATCH)


def _unseen(version: int, *, after: Row[Any] | None) -> Select[Any]:
    wanted = select(*KEYS).where(MemberTier.version < version)
    if after is not None:
        wanted = wanted.where(MemberTier.id > after.id)
    return wanted.order_by(MemberTier.id).limit(BATCH)


def _read(statement: Select[Any]) -> Sequence[Row[Any]]:
    rows = db.session.execute(statement).all()
    db.session.rollback()
    return rows


def _evaluate(rows: Sequence[Row[Any]], now: datetime) -> int:
    with transaction():
        return services.evaluate_members(customer_ids=[row.customer_id for row in rows], now=now)
