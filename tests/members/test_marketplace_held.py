"""A status that nobody knows is not guessed: the order waits until the merchant says what it means."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid
from shopapp.members.marketplace import explaining, held, importing, queries
from shopapp.members.marketplace.models import MarketplaceHeldRow
from shopapp.members.marketplace.rules import Status
from tests.support.marketplace import as_csv, everything, order_row, put, sample_rows


def tell(text: str, status: Status, platform: str = "tmall") -> int:
    return explaining.explain(platform=platform, text=text, status=status, now=clock.now())


def test_an_unknown_status_waits_and_is_released(app: Flask, tmp_path: Path) -> None:
    header, *rows = sample_rows("tmall-suborders-2024.csv")
    assert rows[0][1] == rows[1][1]
    number, place = rows[0][1], header.index("订单状态")
    rows[1][place] = "等待拼团"
    path = put(tmp_path, as_csv([header, *rows[:3]]))
    report = importing.run(path=path)
    assert [(row.row, row.reason) for row in report.rejected] == [
        (2, "order_incomplete"),
        (3, "unknown_status"),
    ]
    assert (report.orders, importing.run(path=path).unchanged) == (1, 1)
    assert [(one.platform, one.text, one.orders) for one in queries.held_statuses()] == [
        ("taobao", "等待拼团", 1)
    ]
    db.session.rollback()
    stored = db.session.execute(db.text("SELECT rows FROM marketplace_held_rows")).scalar_one()
    assert number not in stored, "what waits is encrypted"
    assert tell("等待发货中", Status.PAID) == 0
    assert tell("等待拼团", Status.PAID) == 1
    assert queries.held_statuses() == []
    assert order_row(number).paid_fen == 25670
    assert order_row(number).status is Status.DONE, "the other thing is done"
    # from now on it is known
    assert importing.run(path=path).rejected == []
    assert tell("等待拼团", Status.PAID) == 0


def test_two_unknown_statuses_are_asked_one_after_the_other(app: Flask, tmp_path: Path) -> None:
    header, *rows = sample_rows("douyin-orders.csv")
    place, numbers = header.index("订单状态"), [row[0] for row in rows]
    double = next(row[0] for row in rows if numbers.count(row[0]) == 2)
    mine = [row for row in rows if row[0] == double]
    mine[0][place], mine[1][place] = "甲状态", "乙状态"
    importing.run(path=put(tmp_path, as_csv([header, *mine])), shop="一店")
    assert tell("甲状态", Status.SHIPPED, "douyin") == 0
    assert [one.text for one in queries.held_statuses()] == ["乙状态"]
    assert tell("乙状态", Status.DONE, "douyin") == 1
    assert order_row(double.strip()).shop == "一店"
    assert len(everything()["lines"]) == 2


def test_what_nobody_explains_is_forgotten_after_half_a_year(app: Flask, tmp_path: Path) -> None:
    header, *rows = sample_rows("pdd-orders.csv")
    rows[0][header.index("订单状态")] = "神秘"
    importing.run(path=put(tmp_path, as_csv([header, rows[0]])))
    assert held.forget_old(now=clock.now() + timedelta(days=held.KEPT_DAYS - 1)) == 0
    assert held.forget_old(now=clock.now() + timedelta(days=held.KEPT_DAYS + 1)) == 1
    assert db.session.query(MarketplaceHeldRow).count() == 0
    for wrong in ("", "长" * 61):
        with pytest.raises(Invalid):
            tell(wrong, Status.PAID)
