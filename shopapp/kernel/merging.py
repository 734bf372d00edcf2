"""Two customers who are one person: what each feature moves from one to the other, and gives back when it was a mistake.

Rows move by their ids, which are remembered, so that what comes in between stays with whom it happened to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import delete, select, update

from .db import db, insert_once, rows_changed

Kept = dict[str, Any]
"""What a part has to know to undo what it did, as JSON can hold it; never personal data."""

BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Customer `source_id` goes into `target_id` (row ids), or comes out again. `key` is the same for both."""

    key: str
    source_id: int
    target_id: int
    now: datetime


@dataclass(frozen=True, kw_only=True)
class MergePart:
    """One feature's part of a merge, within the open transaction, in which both customers' rows are locked.

    `tables` are those with a foreign key to customers that it answers for. `undo` is handed what `merge` gave and makes
    everything as it was, but for what happened since. The parts are undone in the order in which they merge.
    `gather` moves what was written for the source while the merge was on its way; `undo` is handed what it gave as well.
    """

    name: str
    tables: frozenset[str]
    merge: Callable[[Merge], Kept]
    undo: Callable[[Merge, Kept], None]
    gather: Callable[[Merge], Kept] | None = None


def parts() -> list[MergePart]:
    """All parts, in the order in which rows are locked everywhere."""
    found: list[MergePart] = current_app.extensions["merging"]
    return found


def _nothing(_merge: Merge) -> Kept:
    return {}


def _nothing_back(_merge: Merge, _kept: Kept) -> None:
    return


def staying(name: str, *models: type[Any]) -> MergePart:
    """A part whose rows tell of the customer as they were and stay with them."""
    tables = frozenset(model.__tablename__ for model in models)
    return MergePart(name=name, tables=tables, merge=_nothing, undo=_nothing_back)


def moving(name: str, *models: type[Any]) -> MergePart:
    """A part whose rows, with a `customer_id` and no unique key over it, simply change hands."""

    def merge(of: Merge) -> Kept:
        return {model.__tablename__: move(model, of) for model in models}

    def undo(of: Merge, kept: Kept) -> None:
        for model in models:
            move_back(model, of, kept[model.__tablename__])

    tables = frozenset(model.__tablename__ for model in models)
    return MergePart(name=name, tables=tables, merge=merge, undo=undo, gather=merge)


def move(model: type[Any], of: Merge, *conditions: Any, once_per: str = "") -> list[int]:
    """Give the rows of the source, those under these conditions, to the target; their ids.

    What the target has already by the column `once_per` stays where it is.
    """
    mine = select(model.id).where(model.customer_id == of.source_id, *conditions)
    if once_per:
        column = getattr(model, once_per)
        mine = mine.where(column.not_in(select(column).where(model.customer_id == of.target_id)))
    ids = list(db.session.scalars(mine.order_by(model.id)))
    _hand_over(model, ids, was=of.source_id, now=of.target_id)
    return ids


def move_back(model: type[Any], of: Merge, ids: Sequence[int]) -> None:
    """Give these rows back to the source; those that are gone, or with somebody else by now, are left alone."""
    _hand_over(model, ids, was=of.target_id, now=of.source_id)


def _hand_over(model: type[Any], ids: Sequence[int], *, was: int, now: int) -> None:
    for batch in batches(ids):
        mine = update(model).where(model.id.in_(batch), model.customer_id == was)
        rows_changed(mine.values(customer_id=now))


def batches(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Counters per customer and thing: the target's grow by those of the source, which stay what they are.

    `things` name the columns that tell what is counted, `total` the counter. Where the row also counts `within` a period
    that began at `since`, the later period of the two counts.
    """

    model: type[Any]
    things: Collection[str]
    total: str
    since: str = ""
    within: str = ""

    def add(self, of: Merge) -> list[Kept]:
        mine = select(self.model).where(self.model.customer_id == of.source_id).order_by(self.model.id)
        return [self._add_one(row, of) for row in db.session.scalars(mine).all()]

    def _add_one(self, row: Any, of: Merge) -> Kept:
        thing = {name: getattr(row, name) for name in self.things}
        empty = {self.total: 0} | (
            {self.since: getattr(row, self.since), self.within: 0} if self.since else {}
        )
        fresh = insert_once(self.model, customer_id=of.target_id, **thing, **empty)
        theirs = self._locked(self.model.customer_id == of.target_id, **thing)
        kept: Kept = {"id": theirs.id, "fresh": fresh, "total": getattr(row, self.total)}
        setattr(theirs, self.total, getattr(theirs, self.total) + kept["total"])
        if self.since:
            kept["was"] = self._period(theirs)
            self._join_periods(theirs, row)
            kept["became"] = self._period(theirs)
        db.session.flush()
        return kept

    def _join_periods(self, theirs: Any, row: Any) -> None:
        began, counted = getattr(row, self.since), getattr(row, self.within)
        if began == getattr(theirs, self.since):
            setattr(theirs, self.within, getattr(theirs, self.within) + counted)
        elif began > getattr(theirs, self.since):
            setattr(theirs, self.since, began)
            setattr(theirs, self.within, counted)

    def take_off(self, kept: Sequence[Kept]) -> None:
        for one in kept:
            theirs = self._locked(self.model.id == one["id"])
            setattr(theirs, self.total, max(getattr(theirs, self.total) - one["total"], 0))
            if self.since:
                self._part_periods(theirs, one)
            db.session.flush()
            if one["fresh"] and getattr(theirs, self.total) == 0:
                rows_changed(delete(self.model).where(self.model.id == one["id"]))

    def _part_periods(self, theirs: Any, kept: Kept) -> None:
        (was_since, was_within), (since, within) = kept["was"], kept["became"]
        if self._period(theirs)[0] != since:
            return
        more = getattr(theirs, self.within) - within
        kind = type(getattr(theirs, self.since))
        if was_since != since and more == 0:
            setattr(theirs, self.since, kind.fromisoformat(was_since))
            setattr(theirs, self.within, was_within)
        else:
            base = was_within if was_since == since else 0
            setattr(theirs, self.within, max(base + more, 0))

    def _period(self, row: Any) -> list[Any]:
        return [getattr(row, self.since).isoformat(), getattr(row, self.within)]

    def _locked(self, *conditions: Any, **thing: Any) -> Any:
        mine = select(self.model).where(*conditions).filter_by(**thing)
        locked = mine.with_for_update().execution_options(populate_existing=True)
        return db.session.scalars(locked).one()
