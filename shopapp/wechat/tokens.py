"""The access token and the JS-SDK ticket: one of each for all processes, kept in the database.

A token is renewed when less than five minutes of it are left. Whoever moves the row's `locked_until` forward fetches; the
others use the old token while it lasts, or look again shortly. Clocks of processes may differ a little. The stable kind of token is used: asking for it again does
not end the one that others are using.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from shopapp.kernel.db import db, insert_once, rows_changed, transaction
from shopapp.kernel.settings import settings

from . import problems
from .api import client, failure
from .models import PlatformToken

RENEW_BEFORE = timedelta(seconds=300)
LIFE_MAX = timedelta(seconds=7200)
LOCK = timedelta(seconds=20)
SKEW = timedelta(seconds=60)
LOOK_AGAIN_SECONDS = 0.1
LOOKS_MAX = 100
PROBLEM = "access_token"
TOKEN_PATH = "/cgi-bin/stable_token"  # noqa: S105 - an address

Fetched = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A token as it stands in the shared row."""

    value: str
    expires_at: datetime

    def good(self, *, now: datetime) -> bool:
        """Enough of it is left. A life much longer than the platform gives was written under a clock that was moved."""
        return RENEW_BEFORE <= self.expires_at - now <= LIFE_MAX + SKEW

    def alive(self, *, now: datetime) -> bool:
        return timedelta() < self.expires_at - now <= LIFE_MAX + SKEW


def access_token(*, now: datetime) -> str:
    """The token for calls, fetched if need be; not inside a transaction. Raises `PlatformError`."""
    return _current(_access_kind(), now=now, fetch=lambda: fetch_access_token(force=False))


def another_access_token(*, failed: str, force: bool, now: datetime) -> str:
    """A token to use instead of one that the platform refused: the stored one if somebody renewed it, else a new one.

    `force` makes the platform end all others; it allows that twenty times a day. Raises `PlatformError`.
    """
    return _renew(_access_kind(), now=now, fetch=lambda: fetch_access_token(force=force), not_this=failed)


def stored_access_token() -> str | None:
    """What stands in the shared row, without asking the platform."""
    kept = _kept(_access_kind())
    return None if kept is None else kept.value


def jsapi_ticket(*, now: datetime, fetch: Callable[[], Fetched]) -> str:
    """The ticket that signs pages; `fetch` gets a new one with its life in seconds. Raises `PlatformError`."""
    return _current(f"jsapi:{settings().wx_appid}"[:32], now=now, fetch=fetch)


def fetch_access_token(*, force: bool) -> Fetched:
    """Ask the platform for the stable token and its life in seconds. Raises `PlatformError`."""
    config = settings()
    body = {"grant_type": "client_credential", "appid": config.wx_appid, "secret": config.wx_secret}
    answer = client().call("POST", TOKEN_PATH, body={**body, "force_refresh": force})
    value, life = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(value, str) or not isinstance(life, int) or not value:
        raise failure(path=TOKEN_PATH, text="no token in the answer", in_doubt=False)
    return value, life


def _access_kind() -> str:
    return f"access:{settings().wx_appid}"[:32]


def _current(kind: str, *, now: datetime, fetch: Callable[[], Fetched]) -> str:
    kept = _kept(kind)
    if kept is not None and kept.good(now=now):
        return kept.value
    return _renew(kind, now=now, fetch=fetch, not_this=None)


def _renew(kind: str, *, now: datetime, fetch: Callable[[], Fetched], not_this: str | None) -> str:
    """Fetch under the lock, or wait for whoever holds it; what somebody else renewed meanwhile is taken as it is."""
    for _ in range(LOOKS_MAX):
        kept = _kept(kind)
        if kept is not None and kept.value != not_this and kept.good(now=now):
            return kept.value
        if _lock(kind, now=now):
            return _fetch_locked(kind, now=now, fetch=fetch, not_this=not_this)
        if not_this is None and kept is not None and kept.alive(now=now):
            return kept.value
        time.sleep(LOOK_AGAIN_SECONDS)
    raise failure(path=kind, text="another process is fetching it for too long", in_doubt=False)


def _fetch_locked(kind: str, *, now: datetime, fetch: Callable[[], Fetched], not_this: str | None) -> str:
    kept = _kept(kind)
    if kept is not None and kept.value != not_this and kept.good(now=now):
        _unlock(kind, now=now)
        return kept.value
    try:
        value, life = fetch()
    except BaseException:
        _unlock(kind, now=now)
        raise
    with transaction():
        mine = update(PlatformToken).where(PlatformToken.kind == kind)
        rows_changed(
            mine.values(value=value, expires_at=now + timedelta(seconds=life), locked_until=now - SKEW)
        )
        if kind == _access_kind():
            problems.clear(code=PROBLEM)
            problems.clear(code=TOKEN_PATH)
    return value


def _kept(kind: str) -> Kept | None:
    db.session.rollback()
    row = db.session.execute(
        select(PlatformToken.value, PlatformToken.expires_at).where(PlatformToken.kind == kind)
    ).first()
    db.session.rollback()
    return None if row is None or not row.value else Kept(value=row.value, expires_at=row.expires_at)


def _lock(kind: str, *, now: datetime) -> bool:
    """A lock further ahead than any lock reaches was set under a clock that was moved back since."""
    free = or_(PlatformToken.locked_until <= now, PlatformToken.locked_until > now + LOCK + SKEW)
    until = now + LOCK
    with transaction():
        return insert_once(PlatformToken, kind=kind, value="", expires_at=now, locked_until=until) or bool(
            rows_changed(
                update(PlatformToken).where(PlatformToken.kind == kind, free).values(locked_until=until)
            )
        )


def _unlock(kind: str, *, now: datetime) -> None:
    with transaction():
        rows_changed(update(PlatformToken).where(PlatformToken.kind == kind).values(locked_until=now - SKEW))
