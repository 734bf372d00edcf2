"""Perks follow a customer into another, and back. A perk granted to both for one period counts once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.http import found
from shopapp.kernel.merging import Kept, Merge, MergePart
from shopapp.loyalty.cards import merging as cards

from .models import GRANT_MOVES, PerkGrant, PerkMerge, PerkSaving
from .rules import GrantStatus

OPEN = (GrantStatus.GRANTED, GrantStatus.RESERVED)


def merge(*, source_id: int, target_id: int, key: str, now: datetime) -> None:
    """Move all grants, savings and cards of `source_id` to `target_id` (row ids); told again it changes nothing.

    Of two grants for one period the one that was taken counts, else that of the target; the other can't be taken any more.
    """
    if not insert_once(
        PerkMerge, key=key, source_id=source_id, target_id=target_id, moved={}, merged_at=now, undone_at=None
    ):
        return
    wanted = select(PerkGrant).where(PerkGrant.customer_id.in_((source_id, target_id)))
    locked = wanted.order_by(PerkGrant.id).with_for_update().execution_options(populate_existing=True)
    rows = db.session.scalars(locked).all()
    theirs = {name: row for row in rows if row.customer_id == target_id for name in _names(row)}
    grants: list[int] = []
    closed: list[dict[str, Any]] = []
    for row in (row for row in rows if row.customer_id == source_id):
        same = next((theirs[name] for name in _names(row) if name in theirs), None)
        if same is None:
            row.customer_id = target_id
            grants.append(row.id)
        else:
            closed += _count_once(row, same)
    db.session.flush()
    savings = db.session.scalars(
        select(PerkSaving.id).where(PerkSaving.customer_id == source_id).order_by(PerkSaving.id)
    ).all()
    _give_savings(list(savings), to=target_id)
    moved = {
        "grants": grants,
        "closed": closed,
        "savings": list(savings),
        "cards": cards.move(source_id=source_id, target_id=target_id, now=now),
    }
    rows_changed(update(PerkMerge).where(PerkMerge.key == key).values(moved=moved))


def _names(row: PerkGrant) -> list[tuple[str, str]]:
    return [(row.slot, row.period), (f"perk {row.perk_id}", row.period)]


def _count_once(row: PerkGrant, same: PerkGrant) -> list[dict[str, Any]]:
    taken = row.status is GrantStatus.REDEEMED
    extra = same if taken else row
    if extra.status not in OPEN:
        return []
    kept = {
        "id": extra.id,
        "status": extra.status.value,
        "key": extra.key,
        "reserved_at": None if extra.reserved_at is None else extra.reserved_at.isoformat(),
    }
    GRANT_MOVES.move(extra, GrantStatus.MERGED, key=None, reserved_at=None)
    return [kept]


def undo_merge(*, key: str, now: datetime) -> None:
    """Give back what the merge with this key moved, as it is by now; told again it changes nothing. Raises `NotFound`."""
    merged = found(db.session.scalar(select(PerkMerge).where(PerkMerge.key == key)))
    mine = update(PerkMerge).where(PerkMerge.key == key, PerkMerge.undone_at.is_(None))
    if not rows_changed(mine.values(undone_at=now)):
        return
    moved = merged.moved
    theirs = (PerkGrant.id.in_(moved["grants"]), PerkGrant.customer_id == merged.target_id)
    rows_changed(update(PerkGrant).where(*theirs).values(customer_id=merged.source_id))
    for kept in moved["closed"]:
        row = db.session.get_one(PerkGrant, kept["id"], populate_existing=True, with_for_update=True)
        reserved_at = kept["reserved_at"]
        GRANT_MOVES.move(
            row,
            GrantStatus(kept["status"]),
            key=kept["key"],
            reserved_at=None if reserved_at is None else datetime.fromisoformat(reserved_at),
        )
    _give_savings(moved["savings"], to=merged.source_id)
    cards.move_back(source_id=merged.source_id, target_id=merged.target_id, moved=moved["cards"], now=now)


def _give_savings(ids: list[int], *, to: int) -> None:
    rows_changed(update(PerkSaving).where(PerkSaving.id.in_(ids)).values(customer_id=to))


def _merge(of: Merge) -> Kept:
    merge(source_id=of.source_id, target_id=of.target_id, key=of.key, now=of.now)
    return {}


def _undo(of: Merge, _kept: Kept) -> None:
    undo_merge(key=of.key, now=of.now)


PART = MergePart(
    name="perks",
    tables=frozenset({"perk_grants", "perk_savings", "perk_merges", "membership_cards", "card_holders"}),
    merge=_merge,
    undo=_undo,
    gather=_merge,
)
