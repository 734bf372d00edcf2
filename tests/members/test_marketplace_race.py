"""Two imports at once, an import that is killed, an order that is claimed meanwhile: nothing twice, nothing in part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.members.marketplace import importing, queries, services, writing
from tests.conftest import empty_database
from tests.store.test_orders_race import at_once
from tests.support.marketplace import EXPECTED, SAMPLES, as_csv, everything, put, sample_rows
from tests.support.people import make_person

NAMES = ["taobao-orders-gbk.csv", "tmall-suborders-2024.csv", "jd-orders.csv"]
HANDS = 4


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_ORDERS", 5)


def run(name: str) -> importing.Report:
    return importing.run(path=SAMPLES / name)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_file_imported_by_many_at_once_is_there_once(app: Flask, name: str) -> None:
    run(name)
    alone = everything()
    empty_database()
    reports: list[importing.Report] = []
    at_once(app, [lambda: reports.append(run(name))] * HANDS, threads=HANDS)
    assert everything() == alone
    assert [report.orders for report in reports] == [EXPECTED[name]["orders"]] * HANDS
    assert sum(report.inserted for report in reports) == EXPECTED[name]["orders"]
    assert sum(report.updated for report in reports) == 0


def test_files_that_tell_of_the_same_orders_run_into_one_another(app: Flask) -> None:
    pair = ["tmall-orders-masked-gbk.csv", "tmall-suborders-2024.csv"]
    for name in pair:
        run(name)
    in_turn = everything()
    empty_database()
    at_once(app, [lambda name=name: run(name) for name in pair * 2], threads=HANDS)
    assert everything() == in_turn


class Killed(BaseException):
    """As far as the import is concerned, the end of the world."""


def test_a_killed_import_leaves_whole_orders_and_is_taken_up_again(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, *rows = sample_rows("tmall-suborders-2024.csv")
    # the rows of an order do not stand together: all of them are waited for
    path = put(tmp_path, as_csv([header, *rows[::2], *rows[1::2]]))
    importing.run(path=path)
    whole = everything()
    for fatal in (1, 7, 12, 20):
        empty_database()
        with monkeypatch.context() as patch:
            kill_at(patch, fatal)
            with pytest.raises(Killed):
                importing.run(path=path)
        left = everything()
        for key, order in left["orders"].items():
            assert order == whole["orders"][key]
        assert left["lines"] == {
            key: line for key, line in whole["lines"].items() if f"taobao {key[0]}" in left["orders"]
        }
        report = importing.run(path=path)
        assert (report.inserted, report.unchanged) == (40 - len(left["orders"]), len(left["orders"]))
        assert everything() == whole


def kill_at(patch: pytest.MonkeyPatch, fatal: int) -> None:
    """Die at this write of rows, after it was made and before it is committed."""
    calls = 0
    insert = writing.insert_all

    def dying(*told: Any) -> None:
        nonlocal calls
        insert(*told)
        calls += 1
        if calls == fatal:
            raise Killed

    patch.setattr(writing, "insert_all", dying)


def test_an_order_bound_while_it_is_imported_anew_stays_bound(app: Flask) -> None:
    name = "jd-orders.csv"
    run(name)
    people = [make_person().id for _ in range(HANDS)]
    orders = [
        order.id for order in queries.changed_since(after=(clock.now().replace(year=2000), 0), limit=100)
    ]
    won: list[tuple[int, int]] = []

    def claim(person: int) -> None:
        for order_id in orders:
            with transaction():
                if services.bind(order_id=order_id, customer_id=person, now=clock.now()):
                    won.append((order_id, person))

    acts = [lambda: run(name), lambda: run(name), *[lambda person=person: claim(person) for person in people]]
    at_once(app, acts, threads=len(acts))
    db.session.rollback()
    assert sorted(order_id for order_id, _person in won) == sorted(orders), "each has one owner"
    found = {order.id: order.customer_id for order in queries.orders_by_ids(ids=orders).values()}
    assert found == dict(won)
