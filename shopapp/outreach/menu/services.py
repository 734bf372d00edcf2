"""Making the shop's menu that of the account: the attempt is written, the platform called, the answer written.

These functions open their own transactions, since the platform is called in between.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from shopapp.kernel import preferences
from shopapp.kernel.db import db, insert_once, rows_changed, transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.kernel.ids import new_id
from shopapp.wechat import menus
from shopapp.wechat.api import PlatformError

from . import queries
from .models import VERSION_MOVES, MenuVersion, Origin, VersionState

LEASE = timedelta(minutes=2)
"""Longer than the platform's client ever takes for one call with all its repeats."""

VERSIONS_KEPT = 200
OPEN = "open"
PROBLEM_LENGTH = 300


class MenuUnderWay(ShopError):
    status, code, text = (
        409,
        "menu_under_way",
        _l("另一份菜单正在发布，这一份没有发出。请等几秒再看。"),
    )


def publish(*, by: str, now: datetime) -> MenuVersion:
    """Send the kept menu to the account; an empty one takes the account's away. `by` is who wants it.

    The version tells what came of it: live, refused with the platform's words, or doubtful when the platform gave no
    answer and could not be asked what it has. Raises `MenuUnderWay` while another one is being sent.
    """
    version = _begin(by=by, now=now)
    problem: PlatformError | None = None
    try:
        menus.publish(buttons=version.buttons, now=now)
    except PlatformError as refused:
        problem = refused
    state = VersionState.LIVE if problem is None else _state_after(problem, version.buttons, now=now)
    return _end(version.public_id, state, problem, now=now)


def _begin(*, by: str, now: datetime) -> MenuVersion:
    public_id = new_id()
    with transaction():
        _give_up_abandoned(now=now)
        fresh = insert_once(
            MenuVersion,
            public_id=public_id,
            buttons=preferences.read("wechat.menu"),
            state=VersionState.SENDING,
            origin=Origin.PUBLISHED,
            open_key=OPEN,
            staff_name=by,
            created_at=now,
        )
        if not fresh:
            raise MenuUnderWay
        _forget_oldest()
        return db.session.scalars(select(MenuVersion).filter_by(public_id=public_id)).one()


def _give_up_abandoned(*, now: datetime) -> None:
    """An attempt whose process was killed: nobody knows whether it reached the platform."""
    abandoned = update(MenuVersion).where(
        MenuVersion.state == VersionState.SENDING, MenuVersion.created_at <= now - LEASE
    )
    rows_changed(abandoned.values(state=VersionState.DOUBTFUL, open_key=None))


def _forget_oldest() -> None:
    kept = select(MenuVersion.id).order_by(MenuVersion.id.desc()).limit(VERSIONS_KEPT).subquery()
    rows_changed(delete(MenuVersion).where(MenuVersion.id.not_in(select(kept.c.id))))


def _state_after(problem: PlatformError, buttons: list[Any], *, now: datetime) -> VersionState:
    """Refused, unless the call may have taken effect: then what the account has decides."""
    if not problem.in_doubt:
        return VersionState.REFUSED
    try:
        has = menus.published(now=now)
    except PlatformError:
        return VersionState.DOUBTFUL
    return VersionState.LIVE if menus.same(has, buttons) else VersionState.REFUSED


def _end(public_id: str, state: VersionState, problem: PlatformError | None, *, now: datetime) -> MenuVersion:
    facts: dict[str, Any] = {"open_key": None, "answered_at": now}
    if problem is not None and state is not VersionState.LIVE:
        facts |= {"error_code": problem.code, "problem": problem.text[:PROBLEM_LENGTH]}
    with transaction():
        version = found(queries.version(public_id=public_id))
        if VERSION_MOVES.try_move(version, state, **facts) and state is VersionState.LIVE:
            _replace_others(version.id)
        return version


def _replace_others(version_id: int) -> None:
    others = update(MenuVersion).where(
        MenuVersion.id != version_id,
        MenuVersion.state.in_((VersionState.LIVE, VersionState.DOUBTFUL)),
    )
    rows_changed(others.values(state=VersionState.REPLACED))


def settle_doubt(*, has: list[Any], now: datetime) -> None:
    """The account's menu is known now: doubtful versions are live or were never taken. Inside a transaction."""
    statement = select(MenuVersion).filter_by(state=VersionState.DOUBTFUL).order_by(MenuVersion.id.desc())
    live = False
    for version in db.session.scalars(statement).all():
        taken = not live and menus.same(has, version.buttons)
        state = VersionState.LIVE if taken else VersionState.REFUSED
        if VERSION_MOVES.try_move(version, state, answered_at=now) and taken:
            live = True
            _replace_others(version.id)


def note_fetched(*, buttons: list[Any], by: str, now: datetime) -> None:
    """Keep a menu that was set elsewhere as the account's. Inside a transaction."""
    known = queries.live()
    if known is not None and menus.same(known.buttons, buttons):
        return
    version = MenuVersion(
        buttons=buttons,
        state=VersionState.LIVE,
        origin=Origin.FETCHED,
        staff_name=by,
        created_at=now,
        answered_at=now,
    )
    db.session.add(version)
    db.session.flush()
    _replace_others(version.id)


def restore(*, public_id: str) -> list[Any]:
    """Put the buttons of a version back into the shop's menu, unpublished. Inside a transaction. Raises `NotFound`."""
    buttons: list[Any] = found(queries.version(public_id=public_id)).buttons
    menus.set_menu(buttons=buttons)
    return buttons
