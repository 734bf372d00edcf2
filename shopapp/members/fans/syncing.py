"""Fetching all followers: pages of openids, then those no longer listed, then what the platform knows of each.

Each step is written with the place where to go on, so that a run which is killed anywhere goes on there. Pushes come in
meanwhile: what they tell of a later time stands, and what the list tells counts as of a minute before it was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from shopapp.events import AccountFollowed, AccountUnfollowed, FollowFound
from shopapp.kernel import clock, outbox
from shopapp.kernel.db import db, insert_once, rows_changed, transaction
from shopapp.kernel.settings import settings
from shopapp.members.identity import followers as identity
from shopapp.members.identity import services as accounts
from shopapp.wechat import followers, quotas
from shopapp.wechat.api import Outcome, PlatformError
from shopapp.wechat.followers import Told
from shopapp.wechat.inbound import queries as inbound

from . import tags
from .models import SYNC_MOVES, Fan, FanSync, SyncState

OPEN = "open"
LEASE = timedelta(minutes=2)
MARGIN = timedelta(minutes=1)
LOST_SINCE = timedelta(days=1)
RUNS_KEPT = timedelta(days=90)
CHUNK = 500
SECONDS_MAX = 20
TRIES_MAX = 10
PAUSE = timedelta(seconds=30)
PROBLEM_LENGTH = 300
LISTED_LEAST = 0.95
GONE_ANYWAY, GONE_MOST = 50, 0.5
TOO_SHORT = "the list is too short"
UNSURE = -1


def begin(*, now: datetime) -> bool:
    """Start a run; False while one is under way. Inside a transaction."""
    rows_changed(delete(FanSync).where(FanSync.finished_at < now - RUNS_KEPT))
    return insert_once(
        FanSync,
        state=SyncState.LISTING,
        open_key=OPEN,
        next_openid="",
        after_id=0,
        total=0,
        listed=0,
        told=0,
        gone=0,
        tries=0,
        next_try_at=now,
        started_at=now,
    )


def go_on(*, now: datetime) -> int:
    """Do the next steps of the run that is under way, for some seconds; returns how many. Opens its own transactions."""
    run = _claim(now=now)
    if run is None:
        return 0
    began, steps = clock.monotonic(), 0
    try:
        while not SYNC_MOVES.final(run.state) and clock.monotonic() - began < SECONDS_MAX:
            STEPS[run.state](run)
            steps += 1
    except PlatformError as problem:
        _put_off(run, problem, now=now)
    else:
        with transaction():
            _set(run, claimed_until=None)
    return steps


def _claim(*, now: datetime) -> FanSync | None:
    with transaction():
        free = update(FanSync).where(
            FanSync.open_key == OPEN,
            FanSync.next_try_at <= now,
            FanSync.claimed_until.is_(None) | (FanSync.claimed_until <= now),
        )
        if rows_changed(free.values(claimed_until=now + LEASE)) == 0:
            return None
        run = db.session.scalars(select(FanSync).filter_by(open_key=OPEN)).one()
        db.session.refresh(run)
        return run


def _set(run: FanSync, **values: Any) -> None:
    rows_changed(update(FanSync).where(FanSync.id == run.id).values(**values))
    db.session.refresh(run)


def _step_done(run: FanSync, **values: Any) -> None:
    """Write where to go on, with the step itself; the claim is held for longer."""
    _set(run, tries=0, error_code=None, problem=None, claimed_until=clock.now() + LEASE, **values)


def _put_off(run: FanSync, problem: PlatformError, *, now: datetime) -> None:
    facts = {"error_code": problem.code, "problem": problem.text[:PROBLEM_LENGTH], "claimed_until": None}
    with transaction():
        if problem.outcome is Outcome.QUOTA:
            _set(run, next_try_at=quotas.next_midnight(now), **facts)
        elif problem.outcome is Outcome.RETRY and run.tries + 1 < TRIES_MAX:
            _set(run, next_try_at=now + PAUSE * 2**run.tries, tries=run.tries + 1, **facts)
        else:
            SYNC_MOVES.move(run, SyncState.FAILED, open_key=None, finished_at=now, **facts)


def _list(run: FanSync) -> None:
    """One page of openids, written in parts; a page of which only parts were written is fetched again."""
    asked_at = clock.now()
    page = followers.page(next_openid=run.next_openid, now=asked_at)
    chunks = [page.openids[at : at + CHUNK] for at in range(0, len(page.openids), CHUNK)] or [[]]
    for chunk in chunks[:-1]:
        with transaction():
            _note_listed(run, chunk, at=asked_at - MARGIN, now=asked_at)
    with transaction():
        _note_listed(run, chunks[-1], at=asked_at - MARGIN, now=asked_at)
        listed = run.listed + len(page.openids)
        _step_done(run, total=page.total, listed=listed, next_openid=page.next_openid)
        if page.next_openid:
            return
        if _too_short(run):
            end = {"open_key": None, "finished_at": clock.now(), "problem": TOO_SHORT}
            SYNC_MOVES.move(run, SyncState.FAILED, **end)
        else:
            SYNC_MOVES.move(run, SyncState.CLOSING)


def _too_short(run: FanSync) -> bool:
    """Whether the list can't be true: shorter than it says itself, or without most of those who follow. Nobody is taken
    for gone then."""
    known = identity.count_following(appid=settings().wx_appid, before=run.started_at - MARGIN)
    return run.listed < run.total * LISTED_LEAST or known - run.listed > max(GONE_ANYWAY, known * GONE_MOST)


def _note_listed(run: FanSync, openids: Sequence[str], *, at: datetime, now: datetime) -> None:
    known = identity.know_followers(appid=settings().wx_appid, openids=openids, at=at, now=now)
    ids = set(known.ids.values())
    have = set(db.session.scalars(select(Fan.account_id).where(Fan.account_id.in_(ids))))
    if fresh := ids - have:
        facts = {"way": "", "listed_run": run.id, "found_run": 0}
        db.session.execute(insert(Fan), [{"account_id": account_id, **facts} for account_id in fresh])
    rows_changed(update(Fan).where(Fan.account_id.in_(have)).values(listed_run=run.id))
    rows_changed(update(Fan).where(Fan.account_id.in_(known.found)).values(found_run=run.id))


def _close(run: FanSync) -> None:
    """Who followed before the run began and is not in the list has left without a push."""
    before = run.started_at - MARGIN
    following = identity.following_before(appid=settings().wx_appid, at=before).subquery()
    statement = (
        select(following.c.account_id, following.c.openid)
        .outerjoin(Fan, Fan.account_id == following.c.account_id)
        .where(following.c.account_id > run.after_id, Fan.listed_run.is_distinct_from(run.id))
        .order_by(following.c.account_id)
        .limit(CHUNK)
    )
    with transaction():
        gone = db.session.execute(statement).all()
        for row in gone:
            _note_gone(row.openid, at=before)
        _step_done(run, after_id=gone[-1].account_id if gone else 0, gone=run.gone + len(gone))
        if not gone:
            SYNC_MOVES.move(run, SyncState.TELLING)


def _note_gone(openid: str, *, at: datetime) -> None:
    noted = accounts.note_following(
        appid=settings().wx_appid, openid=openid, following=False, at=at, now=clock.now()
    )
    if noted:
        outbox.publish(AccountUnfollowed(openid=openid, at=at))


def _tell(run: FanSync) -> None:
    """What the platform knows of the next hundred; the tags themselves before the first."""
    if run.after_id == 0:
        tags.refresh(now=clock.now())
    statement = (
        select(Fan.account_id)
        .where(Fan.listed_run == run.id, Fan.account_id > run.after_id)
        .order_by(Fan.account_id)
        .limit(followers.TOLD_MAX)
    )
    with transaction():
        ids = db.session.scalars(statement).all()
        openids = identity.openids(account_ids=ids)
    asked_at = clock.now()
    told = followers.told(openids=list(openids.values()), now=asked_at) if openids else []
    with transaction():
        _note_told(run, {one.openid: one for one in told}, openids=openids, asked_at=asked_at)
        _step_done(run, after_id=ids[-1] if ids else 0, told=run.told + len(ids))
        if not ids:
            SYNC_MOVES.move(run, SyncState.DONE, open_key=None, finished_at=clock.now())


def _note_told(run: FanSync, told: dict[str, Told], *, openids: dict[int, str], asked_at: datetime) -> None:
    lost_since = _lost_since(run)
    fans = db.session.scalars(select(Fan).where(Fan.account_id.in_(openids))).all()
    for fan in fans:
        one = told.get(openids[fan.account_id])
        if one is None:
            continue
        if not one.follows:
            _note_gone(one.openid, at=asked_at - MARGIN)
            continue
        fan.remark, fan.way, fan.told_at = one.remark or None, one.way, asked_at
        identity.note_told(account_id=fan.account_id, since=one.since, unionid=one.unionid)
        if fan.found_run in (run.id, UNSURE) and one.since is not None:
            fan.found_run = _make_good(one, since=one.since, lost_since=lost_since, asked_at=asked_at)
    worn = {account_id: told[openid].tags for account_id, openid in openids.items() if openid in told}
    tags.note_worn(worn, asked_at=asked_at)


def _make_good(one: Told, *, since: datetime, lost_since: datetime | None, asked_at: datetime) -> int:
    """Tell of a follow whose push was lost; one whose push can still come is left to the next run."""
    if lost_since is None or since < lost_since or inbound.follow_told(openid=one.openid, at=since):
        return 0
    if since > asked_at - MARGIN:
        return UNSURE
    outbox.publish(AccountFollowed(openid=one.openid, scene=one.scene, at=since))
    outbox.publish(FollowFound(openid=one.openid, at=since))
    return 0


def _lost_since(run: FanSync) -> datetime | None:
    """Follows after this time that no push told of were lost; None in the first run, which finds everybody."""
    before = select(FanSync.started_at).where(FanSync.state == SyncState.DONE, FanSync.id < run.id)
    last = db.session.scalar(before.order_by(FanSync.id.desc()).limit(1))
    return None if last is None else last - LOST_SINCE


STEPS = {SyncState.LISTING: _list, SyncState.CLOSING: _close, SyncState.TELLING: _tell}
