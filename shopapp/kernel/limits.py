"""Limits that guard money, sign-in and guessing: counted where all processes see it, in Redis or in a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog
from flask import current_app
from sqlalchemy import delete, update
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .db import Model, insert_once, rows_changed, transaction
from .errors import TooManyRequests
from .ids import token_hash
from .settings import settings

log = structlog.get_logger(__name__)

KEPT = timedelta(days=2)
REDIS_SECONDS = 0.5


class RateCount(Model):
    """How often something was tried by someone within one window."""

    __tablename__ = "rate_counts"

    key: Mapped[str] = mapped_column(unique=True)
    window_start: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]


def spend(*, what: str, who: str, limit: int, window: timedelta) -> None:
    """Count one try of `what` by `who` in a transaction of its own: call it before the entrance's.

    Raises `TooManyRequests` when the limit of the window is used up. With Redis in the settings it counts there; while
    Redis does not answer, in the table.
    """
    if not settings().rate_limits:
        return
    seconds = int(window.total_seconds())
    start = clock.timestamp() // seconds * seconds
    key = f"{what}:{start}:{token_hash(who)}"
    if not _take(key=key, start=start, limit=limit, seconds=seconds):
        raise TooManyRequests(seconds=max(start + seconds - clock.timestamp(), 1))


def _take(*, key: str, start: int, limit: int, seconds: int) -> bool:
    count = _count_in_redis(key=key, seconds=seconds)
    if count is not None:
        return count <= limit
    with transaction():
        window_start = datetime.fromtimestamp(start, tz=UTC)
        return insert_once(RateCount, key=key, window_start=window_start, count=1) or bool(
            rows_changed(
                update(RateCount)
                .where(RateCount.key == key, RateCount.count < limit)
                .values(count=RateCount.count + 1)
            )
        )


def _count_in_redis(*, key: str, seconds: int) -> int | None:
    """How many tries there were with this one; None without Redis, and while it does not answer."""
    url = settings().redis_url
    if url is None:
        return None
    import redis

    client: redis.Redis | None = current_app.extensions.get("redis")
    if client is None:
        client = redis.Redis.from_url(url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
        current_app.extensions["redis"] = client
    try:
        with client.pipeline() as pipe:
            pipe.incr(f"limits:{key}")
            pipe.expire(f"limits:{key}", seconds)
            count, _expiry = pipe.execute()
    except redis.RedisError as problem:
        log.warning("redis does not answer, counting in the table", problem=type(problem).__name__)
        return None
    return int(count)


def forget_old(*, now: datetime) -> int:
    """Delete the counts of windows long past."""
    with transaction():
        return rows_changed(delete(RateCount).where(RateCount.window_start < now - KEPT))
