"""One transaction at the entrance, and guarded updates inside it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shopapp.kernel.db import NestedTransaction, db, insert_once, rows_changed, transaction
from shopapp.kernel.limits import RateCount

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


def counts() -> int:
    return db.session.scalar(select(func.count()).select_from(RateCount)) or 0


def test_an_error_inside_leaves_nothing_behind(app: Flask) -> None:
    def write_and_fail() -> None:
        with transaction():
            db.session.add(RateCount(key="k", window_start=NOW, count=1))
            db.session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert counts() == 0


def test_a_second_transaction_inside_the_first_is_refused(app: Flask) -> None:
    with transaction():
        db.session.add(RateCount(key="outer", window_start=NOW, count=1))
        with pytest.raises(NestedTransaction), transaction():
            pass
    assert counts() == 1


def test_of_many_inserts_of_one_key_one_wins(app: Flask) -> None:
    with transaction():
        assert insert_once(RateCount, key="k", window_start=NOW, count=1)
        assert not insert_once(RateCount, key="k", window_start=NOW, count=9)
    assert db.session.scalars(select(RateCount.count)).all() == [1]


def test_times_come_back_aware_and_in_utc(app: Flask) -> None:
    with transaction():
        db.session.add(RateCount(key="k", window_start=NOW.astimezone(), count=1))
    db.session.expire_all()
    assert db.session.scalars(select(RateCount)).one().window_start.isoformat() == NOW.isoformat()


def test_threads_that_take_from_the_same_row_take_what_is_there_and_no_more(app: Flask) -> None:
    with transaction():
        db.session.add(RateCount(key="pieces", window_start=NOW, count=5))
    taken: list[bool] = []

    def take() -> None:
        with app.app_context(), transaction():
            left = update(RateCount).where(RateCount.key == "pieces", RateCount.count >= 1)
            taken.append(rows_changed(left.values(count=RateCount.count - 1)) == 1)

    threads = [threading.Thread(target=take) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.expire_all()
    assert (taken.count(True), taken.count(False)) == (5, 11)
    assert db.session.scalars(select(RateCount.count)).one() == 0
