"""Bringing to the platform what staff changed about tags: fifty people a call, each answer written after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.members.identity import followers as identity
from shopapp.wechat import followers, problems
from shopapp.wechat.api import Outcome, PlatformError

from . import tags
from .models import FanTag, FanTagging, HoldState, TagState

SECONDS_MAX = 20
CONFIGURATION_PAUSE = timedelta(minutes=10)
TAG_CALLS = "/cgi-bin/tags/"
WAITING = (HoldState.ADDING, HoldState.REMOVING)
DONE = {HoldState.ADDING: HoldState.HELD, HoldState.REMOVING: HoldState.GONE}
CALLS: dict[HoldState, Callable[..., None]] = {
    HoldState.ADDING: followers.give_tag,
    HoldState.REMOVING: followers.take_tag,
}


def push_due(*, now: datetime) -> int:
    """Tell the platform what waits, for some seconds; returns of how many followers. Stops when the platform gives no
    answer, and for some minutes when it must be set right first: a later run begins again."""
    if problems.seen_since(prefix=TAG_CALLS, since=now - CONFIGURATION_PAUSE):
        return 0
    began, done = clock.monotonic(), 0
    with suppress(PlatformError):
        _finish_tags(now=now)
        while clock.monotonic() - began < SECONDS_MAX:
            batch = _next_batch()
            if not batch:
                break
            done += _push(batch, now=now)
    return done


def _finish_tags(*, now: datetime) -> None:
    """Tags whose making or deleting was cut short."""
    open_ones = select(FanTag.public_id, FanTag.state).where(FanTag.state != TagState.KEPT)
    for public_id, state in db.session.execute(open_ones).all():
        act = tags.make if state is TagState.MAKING else tags.leave
        try:
            act(public_id=public_id, now=now)
        except PlatformError as problem:
            if problem.outcome is not Outcome.PERMANENT:
                raise
            tags.undo(public_id=public_id)


def _next_batch() -> Sequence[Row[Any]]:
    """Up to fifty followers who wait for the same: (id, account_id, tag, state, changed_at)."""
    statement: Select[*tuple[Any, ...]] = (
        select(
            FanTagging.id,
            FanTagging.account_id,
            FanTagging.state,
            FanTagging.changed_at,
            FanTag.platform_id,
        )
        .join(FanTag, FanTag.id == FanTagging.tag_id)
        .where(FanTagging.state.in_(WAITING), FanTag.state == TagState.KEPT)
    )
    with transaction():
        first = db.session.execute(statement.order_by(FanTagging.id).limit(1)).first()
        if first is None:
            return []
        same = statement.where(
            FanTag.platform_id == first.platform_id, FanTagging.state == first.state
        ).order_by(FanTagging.id)
        return db.session.execute(same.limit(followers.TAGGED_MAX)).all()


def _push(batch: Sequence[Row[Any]], *, now: datetime) -> int:
    """One call for all; if it is refused for good, one for each, so that one follower does not stop the others."""
    state = batch[0].state
    openids = identity.openids(account_ids=[row.account_id for row in batch])
    try:
        CALLS[state](tag_id=batch[0].platform_id, openids=list(openids.values()), now=now)
    except PlatformError as problem:
        if problem.outcome is not Outcome.PERMANENT:
            raise
        if len(batch) > 1:
            return sum(_push([row], now=now) for row in batch)
        ended = HoldState.REFUSED if state is HoldState.ADDING else HoldState.GONE
        return _write(batch, ended, error_code=problem.code)
    return _write(batch, DONE[state], error_code=None)


def _write(batch: Sequence[Row[Any]], ended: HoldState, *, error_code: int | None) -> int:
    """A row that was changed again since it was read waits on, for what it wants now."""
    table = FanTagging.__table__
    unchanged = (
        update(table)  # type: ignore[arg-type]
        .where(
            table.c.id == bindparam("row"),
            table.c.state == bindparam("was"),
            table.c.changed_at == bindparam("seen"),
        )
        .values(state=bindparam("ended"), changed_at=bindparam("at"), error_code=bindparam("code"))
    )
    at = clock.now()
    rows = [
        {
            "row": row.id,
            "was": row.state,
            "seen": row.changed_at,
            "ended": ended,
            "at": at,
            "code": error_code,
        }
        for row in batch
    ]
    with transaction():
        db.session.connection().execute(unchanged, rows)
    return len(batch)
