"""Pairs of customers who may be one: proposed by what they have in common, and what was said of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from shopapp.kernel.access import current_actor
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Conflict
from shopapp.kernel.http import found
from shopapp.kernel.ids import new_id
from shopapp.members.identity import console, members
from shopapp.members.identity import merging as people
from shopapp.members.identity import queries as identity

from . import rules
from .models import PAIR_MOVES, CustomerMerge, MergePair, PairStatus
from .rules import Reason


@dataclass(frozen=True, kw_only=True)
class WaitingPair:
    """Two customers, by row id, who may be one for these `reasons` (`rules.Reason`)."""

    public_id: str
    first_id: int
    second_id: int
    reasons: list[str]
    found_at: datetime


def propose(*, one_id: int, other_id: int, reason: Reason, now: datetime) -> bool:
    """Put a pair before staff, or add a reason to one that waits; tells whether it is new.

    Whoever they turned out to be is meant. Nothing happens for one person, and for two who were said to be two.
    """
    one_id, other_id = identity.survivor(one_id), identity.survivor(other_id)
    if one_id == other_id or is_distinct(one_id=one_id, other_id=other_id):
        return False
    first_id, second_id = rules.pair(one_id, other_id)
    fresh = insert_once(
        MergePair,
        public_id=new_id(),
        first_id=first_id,
        second_id=second_id,
        reasons=[reason.value],
        status=PairStatus.PROPOSED,
        found_at=now,
    )
    if not fresh:
        row = found(_row(first_id, second_id))
        reasons = rules.joined(row.reasons, [reason])
        waits = (MergePair.id == row.id, MergePair.status == PairStatus.PROPOSED)
        if reasons != row.reasons:
            rows_changed(update(MergePair).where(*waits).values(reasons=reasons))
            db.session.expire(row)
    return fresh


def keep_apart(*, pair_id: str, now: datetime) -> MergePair:
    """Staff say that these are two people. Raises `NotFound`, and `Conflict` if somebody decided meanwhile."""
    row = waiting(pair_id=pair_id)
    PAIR_MOVES.move(row, PairStatus.DISTINCT, decided_at=now, decided_name=current_actor().name[:80])
    return row


def waiting(*, pair_id: str) -> MergePair:
    """A pair that nobody has decided on. Raises `NotFound`, `Conflict`."""
    wanted = select(MergePair).where(MergePair.public_id == pair_id)
    row = found(db.session.scalar(wanted.with_for_update().execution_options(populate_existing=True)))
    if row.status is not PairStatus.PROPOSED:
        raise Conflict
    return row


def decide(*, one_id: int, other_id: int, status: PairStatus, now: datetime) -> None:
    """Remember what two customers, by row id, turned out to be, in whichever way that came about."""
    first_id, second_id = rules.pair(one_id, other_id)
    decided = {"decided_at": now, "decided_name": current_actor().name[:80]}
    if insert_once(
        MergePair,
        public_id=new_id(),
        first_id=first_id,
        second_id=second_id,
        reasons=[],
        status=status,
        found_at=now,
        **decided,
    ):
        return
    row = found(_row(first_id, second_id))
    if row.status is not status:
        PAIR_MOVES.move(row, status, **decided)


def _row(first_id: int, second_id: int) -> MergePair | None:
    wanted = select(MergePair).where(MergePair.first_id == first_id, MergePair.second_id == second_id)
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def is_distinct(*, one_id: int, other_id: int) -> bool:
    """Whether it was said that these two, or any two of those who were merged into them, are two people."""
    ones, others = _all_of(one_id), _all_of(other_id)
    said = select(MergePair.id).where(
        MergePair.status == PairStatus.DISTINCT,
        or_(
            and_(MergePair.first_id.in_(ones), MergePair.second_id.in_(others)),
            and_(MergePair.first_id.in_(others), MergePair.second_id.in_(ones)),
        ),
    )
    return db.session.scalar(said.limit(1)) is not None


def _all_of(customer_id: int) -> list[int]:
    return [customer_id, *(row.id for row in members.merged_into(customer_id))]


def would_stay(pair: WaitingPair) -> int:
    """The row id of who of the two stays if they are made one."""
    standing = people.standings({pair.first_id, pair.second_id})
    return rules.in_order(standing[pair.first_id], standing[pair.second_id])[1]


def count_waiting() -> int:
    """How many pairs wait for a word."""
    return db.session.scalar(select(func.count()).where(*_waits())) or 0


def waiting_pairs(*, limit: int) -> list[WaitingPair]:
    """Pairs that wait for a word, the longest waiting first."""
    waiting = select(MergePair).where(*_waits()).order_by(MergePair.id).limit(limit)
    return [
        WaitingPair(
            public_id=row.public_id,
            first_id=row.first_id,
            second_id=row.second_id,
            reasons=row.reasons,
            found_at=row.found_at,
        )
        for row in db.session.scalars(waiting)
    ]


def _waits() -> tuple[ColumnElement[bool], ...]:
    """A pair of whom one was merged into a third, or erased, has nothing to be asked any more."""
    gone = identity.is_gone(MergePair.first_id, MergePair.second_id)
    return (MergePair.status == PairStatus.PROPOSED, ~gone)


def merges_of(*, customer_id: int, limit: int) -> list[CustomerMerge]:
    """What was merged into a customer, or taken out again, the latest first."""
    wanted = select(CustomerMerge).where(CustomerMerge.target_id == customer_id)
    return list(db.session.scalars(wanted.order_by(CustomerMerge.id.desc()).limit(limit)))


def new_merges(*, before: datetime, limit: int) -> list[str]:
    """Ids of merges made before this time after which nobody has looked for what was on its way, the oldest first."""
    new = (CustomerMerge.gathered_at.is_(None), CustomerMerge.undone_at.is_(None))
    wanted = select(CustomerMerge.public_id).where(*new, CustomerMerge.merged_at < before)
    return list(db.session.scalars(wanted.order_by(CustomerMerge.id).limit(limit)))


def customer_named(text: str) -> int | None:
    """The row id of the one customer whom this whole id, membership number or phone number names."""
    ids = console.named(words=text.strip())
    return ids[0] if len(ids) == 1 else None
