"""What the books do by time. Each batch is one transaction; a run that is cut off is taken up by the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import select

from shopapp.kernel.db import db, transaction

from . import drafting, holds, services, writing
from .models import Hold, HoldState, LedgerAccount, Lot, LotState, Unit

ACCOUNTS_AT_ONCE = 500
LOTS_AT_ONCE = 1000


def activate_points(now: datetime) -> int:
    """Make pending awards active whose time has come; how many."""
    done = 0
    while due := _due_pending(now):
        for account_id, rows in groupby(due, key=lambda row: row[0]):
            with transaction():
                done += services.activate(
                    account_id=account_id, lot_ids=[lot_id for _account, lot_id in rows], now=now
                )
    return done


def _due_pending(now: datetime) -> Sequence[tuple[int, int]]:
    due = (
        select(Lot.account_id, Lot.id)
        .where(Lot.state == LotState.PENDING, Lot.activates_at <= now)
        .order_by(Lot.activates_at, Lot.id)
        .limit(LOTS_AT_ONCE)
    )
    found = [(row.account_id, row.id) for row in db.session.execute(due)]
    db.session.rollback()
    return sorted(found)


def expire_points(now: datetime) -> int:
    """Let holds lapse whose time is over, then book all that expired, of every unit; how many accounts were touched."""
    _lapse_holds(now)
    return sum(_expire(unit, now=now) for unit in Unit)


def _expire(unit: Unit, *, now: datetime) -> int:
    """One unit at a time, as all others lock who move several: batches of mixed units would wait for them crosswise."""
    done = 0
    while accounts := _due_accounts(unit, now=now):
        with transaction():
            locked = writing.lock_ids(accounts)
            lots = writing.open_lots(locked.keys())
            writing.write(
                [
                    draft
                    for account in locked.values()
                    for draft in drafting.expire(account, lots=lots[account.id], now=now)
                ],
                now=now,
            )
        done += len(accounts)
    return done


def _due_accounts(unit: Unit, *, now: datetime) -> set[int]:
    due = (
        select(Lot.account_id)
        .join(LedgerAccount, LedgerAccount.id == Lot.account_id)
        .where(
            *(Lot.state == LotState.ACTIVE, Lot.remaining > 0, Lot.remaining > Lot.held),
            *(Lot.expires_at <= now, LedgerAccount.unit == unit),
        )
        .order_by(Lot.expires_at)
        .limit(ACCOUNTS_AT_ONCE)
    )
    found = set(db.session.scalars(due))
    db.session.rollback()
    return found


def _lapse_holds(now: datetime) -> None:
    due = select(Hold.key).where(Hold.state == HoldState.OPEN, Hold.lapses_at <= now).order_by(Hold.id)
    keys = db.session.scalars(due).all()
    db.session.rollback()
    for key in keys:
        with transaction():
            _lapse(key, now=now)


def _lapse(key: str, *, now: datetime) -> None:
    try:
        holds.release(key=key, lapsed=True, now=now)
    except holds.HoldEnded:
        return
