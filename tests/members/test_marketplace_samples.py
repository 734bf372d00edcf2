"""Every sample gives its expected totals, in any order of the files, and again changes nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from flask import Flask

from shopapp.members.marketplace import importing
from tests.conftest import empty_database
from tests.support.marketplace import EXPECTED, SAMPLES, everything

COMPARED = (
    *("platform", "kind", "encoding", "orders", "lines", "buyers", "gross_fen", "refunded_fen", "net_fen"),
    *("paid_orders", "rejected"),
)
CONTRACT = {
    *("platform", "kind", "encoding", "orders", "lines", "buyers", "gross_fen", "refunded_fen", "net_fen"),
    *("paid_orders", "inserted", "updated", "unchanged", "skipped", "rejected", "other_currencies"),
}


def told(name: str) -> importing.Report:
    return importing.run(path=SAMPLES / name)


def check(name: str, report: importing.Report) -> None:
    expected, found = EXPECTED[name], report.dump()
    assert {key: found[key] for key in COMPARED if key in expected} == {
        key: expected[key] for key in COMPARED if key in expected
    }, name
    assert report.unclear == expected.get("after_sale_amount_unknown", 0)
    for currency, amount in expected.get("gross_by_currency", {}).items():
        assert found["other_currencies"][currency]["gross"] == amount


def test_every_sample_alone_and_again(app: Flask) -> None:
    for name in EXPECTED:
        empty_database()
        first = told(name)
        check(name, first)
        assert (first.inserted, first.updated, first.unchanged) == (first.orders, 0, 0)
        state = everything()
        again = told(name)
        check(name, again)
        assert (again.inserted, again.updated, again.unchanged) == (0, 0, first.orders), name
        assert everything() == state


def test_in_any_order_they_come_to_the_same(app: Flask) -> None:
    found = []
    for seed in range(3):
        empty_database()
        names = [*EXPECTED, *list(EXPECTED)[:4]]
        random.Random(seed).shuffle(names)
        for name in names:
            check(name, told(name))
        found.append(everything())
    assert found[0] == found[1] == found[2]
    # the two Tmall files tell of the same orders, as do the two files of 2018
    assert len(found[0]["orders"]) == 48 + 40 + 34 + 34 + 42 + 36 + 30 + 34 + 30


def test_the_command_speaks_as_the_contract_says(app: Flask, tmp_path: Path) -> None:
    runner = app.test_cli_runner()
    name = "amazon-orders.txt"
    done = runner.invoke(args=["marketplace", "import", str(SAMPLES / name), "--json", "--shop", "美国店"])
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert set(answer) == CONTRACT
    assert answer["other_currencies"] == {"USD": {"gross": 91033, "refunded": 0}}
    assert answer["gross_fen"] is None
    assert {key: answer[key] for key in ("inserted", "updated", "unchanged")} == {
        "inserted": 30,
        "updated": 0,
        "unchanged": 0,
    }
    nothing = tmp_path / "nothing.csv"
    nothing.write_bytes(b"")
    refused = runner.invoke(args=["marketplace", "import", str(nothing), "--json", "--platform", "jd"])
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["platform"] == "jd"
    assert json.loads(refused.stdout)["refused"]["reason"] == "empty"
    assert len(refused.stderr.strip().splitlines()) == 1
    assert runner.invoke(args=["marketplace", "import", str(nothing), "--platform", "ebay"]).exit_code == 2
    plain = runner.invoke(args=["marketplace", "import", str(SAMPLES / "jd-orders.csv")])
    assert plain.exit_code == 0
    assert "34" in plain.stdout


@pytest.mark.parametrize("name", ["taobao-orders-gbk.csv", "douyin-orders.csv"])
def test_a_preview_shows_and_changes_nothing(app: Flask, name: str) -> None:
    seen = importing.preview(path=SAMPLES / name)
    assert (seen.platform, seen.kind) == (EXPECTED[name]["platform"], EXPECTED[name]["kind"])
    assert seen.orders == EXPECTED[name]["orders"]
    assert len(seen.first) == importing.PREVIEW_ORDERS
    assert seen.rejected == []
    assert everything()["orders"] == {}
