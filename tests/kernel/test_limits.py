"""Limits hold over threads and processes, in the table and in Redis."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from shopapp.kernel import limits
from shopapp.kernel.db import db
from shopapp.kernel.errors import TooManyRequests
from shopapp.kernel.limits import RateCount
from tests.support.clocks import ShopClock
from tests.support.machine import redis_url

DAY = timedelta(days=1)


def use_redis(app: Flask, url: str) -> None:
    app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], redis_url=url)
    app.extensions.pop("redis", None)


@pytest.fixture(autouse=True)
def _settings_again(app: Flask) -> Iterator[None]:
    before = app.extensions["settings"]
    yield
    app.extensions["settings"] = before
    app.extensions.pop("redis", None)


def tries(count: int, *, who: str = "somebody") -> int:
    """How many of these tries got through."""
    through = 0
    for _ in range(count):
        try:
            limits.spend(what="guess", who=who, limit=3, window=DAY)
            through += 1
        except TooManyRequests:
            continue
    return through


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(RateCount)) or 0


def test_three_tries_a_day_for_each_person(app: Flask, clock: ShopClock) -> None:
    assert (tries(5), tries(2, who="another")) == (3, 2)
    clock.forward(days=1)
    assert tries(5) == 3


def test_who_it_was_cannot_be_read_from_the_table(app: Flask) -> None:
    tries(1, who="203.0.113.7")
    assert [key for key in db.session.scalars(select(RateCount.key)) if "203.0.113.7" in key] == []


def test_old_counts_are_forgotten(app: Flask, clock: ShopClock) -> None:
    tries(1)
    assert limits.forget_old(now=clock.forward(days=3)) == 1
    assert rows() == 0


def test_threads_share_the_limit(app: Flask) -> None:
    through: list[int] = []

    def guess() -> None:
        with app.app_context():
            through.append(tries(1))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(through) == 3


@pytest.mark.redis
def test_with_redis_nothing_is_written_to_the_table(app: Flask, clock: ShopClock) -> None:
    url = redis_url()
    if url is None:
        pytest.skip("no Redis server")
    Redis.from_url(url).flushdb()
    use_redis(app, url)
    assert (tries(5), rows()) == (3, 0)
    clock.forward(days=1)
    assert (tries(5), rows()) == (3, 0)


def test_while_redis_is_away_the_table_counts(app: Flask) -> None:
    use_redis(app, "redis://127.0.0.1:1/0")
    assert (tries(5), rows()) == (3, 1)
