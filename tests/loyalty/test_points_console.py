"""The console's screens of the rules of points."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.points import queries
from shopapp.loyalty.points.forms import values_of
from shopapp.loyalty.points.rules import PointsTerms
from shopapp.loyalty.tiers.queries import terms_now, version_now
from shopapp.loyalty.tiers.services import save_version
from shopapp.loyalty.tiers.terms import TierTerms
from tests.support.catalogue import make_category
from tests.support.staff import desk, words_after


def sent(**changes: Any) -> dict[str, Any]:
    """The form as it is shown at first, with some of it changed."""
    values = {name: "" if value is None else value for name, value in values_of(PointsTerms()).items()}
    return {**values, **changes}


def save(client: FlaskClient, **changes: Any) -> Any:
    return client.post("/admin/points", data=sent(**changes))


def test_rules_are_written_as_sentences_kept_as_versions_and_audited(app: Flask) -> None:
    milk, toys = make_category(name="奶粉"), make_category(name="玩具")
    client = desk(app, Role.OPERATOR)
    assert "程序自带的规则" in client.get("/admin/points").text
    answer = save(
        client,
        per="10",
        **{f"cat-{milk.public_id}": "2.5", f"cat-{toys.public_id}": "0", "week-5": "1.5"},
        dates="2026-11-11 2\n2026-12-12 3",
        birthday="2",
        cap_day="500",
        points_per_yuan="200",
        share="30",
        step="20",
        least="50",
        check_in="1 2 3",
        task_month="300",
        life="days",
        life_n="90",
        shortfall="waive",
        notice_days="3",
    )
    assert "第 1 版规则已保存" in words_after(client, answer)
    terms = queries.terms(clock.now())
    assert terms.earn.per_hundred_yuan == 10
    assert (terms.earn.category_bp, terms.earn.excluded) == ({milk.public_id: 25_000}, (toys.public_id,))
    assert terms.earn.weekday_bp == {"5": 15_000}
    assert terms.earn.date_bp == {"2026-11-11": 20_000, "2026-12-12": 30_000}
    assert (terms.earn.birthday_month_bp, terms.earn.most_per_day) == (20_000, 500)
    assert (terms.redeem.points_per_yuan, terms.redeem.most_share_bp) == (200, 3_000)
    assert (terms.redeem.step, terms.redeem.least_goods) == (20, Money(5_000))
    assert (terms.tasks.check_in, terms.tasks.most_per_month) == ((1, 2, 3), 300)
    assert (terms.life, terms.shortfall, terms.notice_days) == (Life(days=90), Shortfall.WAIVE, 3)
    page = client.get("/admin/points").text
    assert 'value="2.5"' in page
    assert "2026-11-11 2" in page
    assert "使用中" in client.get("/admin/points/versions").text
    told = client.get("/admin/points/versions/1").text
    assert "奶粉 ×2.5" in told
    assert "这些分类不积分：玩具" in told
    assert client.get("/admin/points/versions/2").status_code == 404
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "points.update")).one()
    assert (entry.subject_id, set(entry.changes) >= {"earn", "redeem", "life"}) == ("1", True)


def test_what_is_sent_back_unchanged_is_what_was(app: Flask) -> None:
    client = desk(app)
    save(client)
    assert queries.terms(clock.now()) == PointsTerms()


def test_rules_may_begin_on_a_later_day(app: Flask) -> None:
    client, now = desk(app), clock.now()
    day = shop_day(now) + timedelta(days=3)
    answer = save(client, per="300", **{"from": day.isoformat()})
    assert f"从 {day.isoformat()} 0 点起使用" in words_after(client, answer)
    assert queries.terms(now).earn.per_hundred_yuan == 100
    assert queries.terms(clock.day_start(day)).earn.per_hundred_yuan == 300
    assert "将来使用" in client.get("/admin/points/versions").text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("per", "x"),
        ("per", "-1"),
        ("week-0", "1.23456"),
        ("week-0", "101"),
        ("dates", "11-11 2"),
        ("dates", "2026-11-11"),
        ("dates", "2026-02-30 2"),
        ("birthday", "二"),
        ("cap_order", "1.5"),
        ("points_per_yuan", "0"),
        ("share", "101"),
        ("share", "33.333"),
        ("step", "0"),
        ("least", "x"),
        ("joining", ""),
        ("check_in", "1 2 x"),
        ("check_in", "1 " * 32),
        ("life", "weeks"),
        ("life_n", "0"),
        ("shortfall", "forget"),
        ("notice_days", "31"),
        ("from", "2020-01-01"),
        ("from", "soon"),
    ],
)
def test_a_wrong_field_is_told_and_no_version_is_made(app: Flask, field: str, value: str) -> None:
    client = desk(app)
    refused = save(client, **{field: value})
    assert refused.status_code == 422
    assert f'id="e-{field}"' in refused.text
    assert queries.versions() == []


def test_a_step_that_is_worth_parts_of_a_fen_is_refused(app: Flask) -> None:
    refused = save(desk(app), points_per_yuan="300", step="100")
    assert refused.status_code == 422
    assert "请改成 3 的倍数" in refused.text


def test_the_example_follows_what_is_being_written_and_keeps_nothing(app: Flask) -> None:
    client = desk(app, Role.ANALYST)
    shown = client.get("/admin/points").text
    top = max(terms_now().levels, key=lambda level: level.benefits.points_bp)
    assert (top.name, top.benefits.points_bp) == ("钻石会员", 15_000)
    assert "钻石会员 ×1.5，得 192 分" in shown
    assert "最多用 6400 分，抵 ¥64.00" in shown
    live = client.post("/admin/points/example", data=sent(per="10", share="0")).text
    assert "得 19 分；这样的订单不能用积分" in live
    assert "填写完整后" in client.post("/admin/points/example", data=sent(per="x")).text
    assert queries.versions() == []
    assert save(client).status_code == 403


def test_the_example_speaks_of_the_shops_own_tiers(app: Flask) -> None:
    version, client = version_now(), desk(app, Role.ANALYST)
    plain = [
        replace(level, benefits=replace(level.benefits, points_bp=10_000)) for level in version.terms.levels
    ]
    save_tiers(replace(version.terms, levels=tuple(plain)))
    assert "今天付 ¥128.50 的订单，得 128 分" in client.get("/admin/points").text
    plain[1] = replace(plain[1], name="熟客", benefits=replace(plain[1].benefits, points_bp=12_000))
    save_tiers(replace(version.terms, levels=tuple(plain)))
    assert "熟客 ×1.2，得 154 分" in client.get("/admin/points").text


def save_tiers(terms: TierTerms) -> None:
    with transaction():
        save_version(terms=terms, note="", based_on=version_now().number, now=clock.now())


def test_the_simulator_tells_the_points_of_each_line(app: Flask) -> None:
    milk = make_category(name="奶粉")
    client = desk(app)
    save(client, **{f"cat-{milk.public_id}": "2", "birthday": "3"})
    assert "128" in client.get("/admin/points/simulator").text
    today = shop_day(clock.now()).isoformat()
    query = {"in-1": milk.public_id, "pay-1": "100", "pay-2": "50.50", "factor": "1.5", "day": today}
    page = client.get("/admin/points/simulator", query_string=query).text
    assert '<td class="right num">300</td>' in page
    assert '<td class="right num">75</td>' in page
    assert '<td class="right num strong">375</td>' in page
    birthday = client.get("/admin/points/simulator", query_string={**query, "birthday": "1"}).text
    assert '<td class="right num strong">677</td>' in birthday
    for wrong in ({"factor": "x"}, {"day": "x"}, {"pay-1": "x"}, {"in-1": "nothing"}):
        told = client.get("/admin/points/simulator", query_string={**query, **wrong})
        assert told.status_code == 200
        assert 'role="alert"' in told.text
        assert "total" not in told.text


@pytest.mark.parametrize("role", [Role.WAREHOUSE])
def test_rules_are_not_for_everybody(app: Flask, role: Role) -> None:
    client = desk(app, role)
    for path in ("/admin/points", "/admin/points/simulator", "/admin/points/versions"):
        assert client.get(path).status_code == 403


def test_the_notices_of_points_can_be_set_up(app: Flask) -> None:
    from shopapp.admin.screens.templates import FIELDS
    from shopapp.wechat.messages import TOPICS

    assert {"points_earned", "points_expiring"} <= set(FIELDS) <= TOPICS
    assert "number" not in FIELDS["points_earned"]
    assert "number" in FIELDS["order_paid"]
