"""The funnel of channels: everybody is in one row, no step has more people than the one before, costs come out even."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, current_app
from hypothesis import given
from hypothesis import strategies as st

from shopapp.kernel import clock
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.kernel.settings import settings
from shopapp.loyalty.cashback import jobs as cashback_jobs
from shopapp.members.channels import services as channels
from shopapp.members.channels import visits
from shopapp.members.channels.models import Channel, TouchKind
from shopapp.members.identity import services as identity
from shopapp.outreach.reports import queries
from shopapp.outreach.reports.funnel import STEPS, Journey, Step, Tally
from shopapp.outreach.reports.queries import By
from tests.support.cashback import bring_order, claim, make_campaign
from tests.support.catalogue import make_sku
from tests.support.clocks import ShopClock
from tests.support.flyers import make_flyer
from tests.support.members import make_member
from tests.support.merchant import merchant_client
from tests.support.orders import Store
from tests.support.people import Person, browser_of, make_person
from tests.support.staff import desk

PLACE = "/admin/reports/channel-funnel"


def make_channel(name: str, *, cost: int = 0) -> Channel:
    with transaction():
        return channels.create_channel(name=name, cost=Money(cost), now=clock.now())


def print_flyers(channel: Channel, *, quantity: int, cost: int, prefix: str) -> str:
    return make_flyer(
        channel.public_id,
        ordered=True,
        name=f"卡片 {prefix}",
        quantity=quantity,
        cost=Money(cost),
        prefix=prefix,
    )


def follow(openid: str, channel: Channel) -> None:
    """Somebody follows through the channel's code."""
    now = clock.now()
    with transaction():
        identity.note_following(appid=settings().wx_appid, openid=openid, following=True, at=now, now=now)
        visits.note_visit(scene=channel.scene, openid=openid, kind=TouchKind.FOLLOW, at=now, now=now)


def scan(openid: str, channel: Channel) -> None:
    with transaction():
        visits.note_visit(
            scene=channel.scene, openid=openid, kind=TouchKind.SCAN, at=clock.now(), now=clock.now()
        )


def visit(channel: Channel, person: Person | None = None, *, serial: str = "") -> None:
    app: Any = current_app
    browser = browser_of(app._get_current_object(), person)
    assert browser.get(f"/l/{channel.short_code}", query_string={"s": serial}).status_code == 302


def paid_back(*people: Person) -> None:
    """Their claims are matched, held and paid to the wallet."""
    for person in people:
        order = bring_order()
        claim(person.id, order.order_no)
    cashback_jobs.match_claims(clock.now())


def counts(row: Tally) -> list[int]:
    return [row.passed[step] for step in STEPS]


def reached(row: Tally) -> list[int]:
    return [row.reached[step] for step in STEPS]


def funnel(by: By = By.CHANNEL, **span: Any) -> tuple[dict[str, Tally], Tally]:
    db.session.rollback()
    found = queries.channel_funnel(by=by, **span)
    return {row.name: row for row in found.rows}, found.total


@pytest.fixture
def story(app: Flask, clock: ShopClock) -> dict[str, Any]:
    """Two channels, a batch of each kind, and people who came to different points.

    Anna follows the card, is paid, joins, and orders twice; Ben claims by the link and never follows; Cleo only follows;
    one browser stays a stranger. Dan comes live and joins. Eve was there before any channel and scans late.
    """
    store, goods = Store.open(app), make_sku(price_fen=60_00, stock=50)
    make_campaign(budget=Money(500_00), hold_days=0)
    eve = make_person(openid="oEve")
    store.paid_order(by=eve, of={goods.public_id: 1})
    clock.forward(days=60)
    card, live = make_channel("包裹卡", cost=40_00), make_channel("直播", cost=0)
    batch = print_flyers(card, quantity=500, cost=35_00, prefix="AAA")
    follow("oAnna", card)
    anna = make_person(openid="oAnna")
    make_member(anna)
    ben = make_person()
    visit(card, ben, serial="AAA-000002")
    follow("oCleo", card)
    visit(card)
    paid_back(anna, ben)
    clock.forward(days=1)
    dan = make_person()
    visit(live, dan)
    make_member(dan)
    scan("oEve", card)
    clock.forward(days=9)
    cashback_jobs.match_claims(clock.now())
    cashback_jobs.pay_claims(clock.now())
    store.paid_order(by=anna, of={goods.public_id: 1})
    clock.forward(days=10)
    store.paid_order(by=anna, of={goods.public_id: 1})
    return {"card": card, "live": live, "batch": batch}


def test_everybody_is_in_one_row_and_on_their_step(
    app: Flask, clock: ShopClock, story: dict[str, Any]
) -> None:
    rows, total = funnel()
    assert list(rows) == ["包裹卡", "直播", "不知道从哪里来"]
    card, live, otherwise = rows.values()
    assert counts(card) == [4, 2, 1, 1, 1, 1, 1]
    assert reached(card) == [4, 2, 2, 2, 1, 1, 1]
    assert counts(live) == [1, 0, 0, 0, 0, 0, 0]
    assert reached(live) == [1, 0, 0, 0, 1, 0, 0]
    assert reached(otherwise) == [1, 0, 0, 0, 0, 1, 0]
    assert (card.printed, card.cost, card.cashback) == (500, Money(75_00), Money(10_00))
    assert card.cost_per_member == Money(85_00)
    assert (card.net, card.payback_days) == (Money(2 * 68_00), 20)
    assert (live.cost_per_member, live.payback_days, otherwise.cost_per_member) == (Money(0), None, None)
    for by in By:
        parts, whole = funnel(by)
        assert (counts(whole), reached(whole)) == (counts(total), reached(total))
        for figure in ("printed", "cost", "cashback", "net"):
            one = [getattr(row, figure) for row in parts.values()]
            added = sum(one) if figure == "printed" else Money.total(one)
            assert added == getattr(total, figure)
        for place in range(len(STEPS)):
            assert sum(reached(row)[place] for row in parts.values()) == reached(total)[place]


def test_by_batch_day_and_stretch_of_time(app: Flask, clock: ShopClock, story: dict[str, Any]) -> None:
    second = print_flyers(story["card"], quantity=100, cost=9_00, prefix="BBB")
    visit(story["card"], make_person(), serial="BBB-000001")
    rows, _total = funnel(By.BATCH)
    assert {name: reached(row)[0] for name, row in rows.items()} == {
        "卡片 AAA": 1,
        "卡片 BBB": 1,
        "不是传单，或分不出批次": 5,
    }
    assert [rows[name].key for name in ("卡片 AAA", "卡片 BBB")] == [story["batch"], second]
    assert rows["卡片 BBB"].printed == 100
    days, _total = funnel(By.DAY)
    assert list(days) == sorted(days)
    came = shop_day(clock.now() - timedelta(days=20)).isoformat()
    assert reached(days[came])[0] == 4
    _rows, late = funnel(since=clock.now() - timedelta(days=1))
    assert (reached(late)[0], late.printed, late.cost) == (1, 100, Money(9_00))
    _rows, before = funnel(until=clock.now() - timedelta(days=1))
    _rows, whole = funnel()
    assert reached(before)[0] + reached(late)[0] == reached(whole)[0]


def test_console_program_and_command_line_say_the_same(
    app: Flask, clock: ShopClock, story: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = desk(app).get(PLACE)
    assert "包裹卡" in page.text
    assert "data-steps" in page.text
    rows = list(
        csv.DictReader(io.StringIO(desk(app).get(f"{PLACE}/export.csv?by=channel").data.decode("utf-8-sig")))
    )
    assert [row["scanned"] for row in rows] == ["4", "1", "1", "6"]
    assert rows[0]["cost_per_member_yuan"] == "85.00"
    told = app.test_cli_runner().invoke(args=["report", "channel-funnel", "--json"])
    assert told.exit_code == 0, told.output
    api = merchant_client(app, monkeypatch).get("/api/v1/admin/reports/channel-funnel").json
    assert json.loads(told.output) == api
    (card, *_rest) = api["rows"]
    assert (card["key"], card["printed"], card["followed"], card["reached"]["claimed"]) == (
        story["card"].public_id,
        500,
        2,
        2,
    )
    assert (card["cost_per_member_fen"], card["payback_days"]) == (85_00, 20)
    plain = app.test_cli_runner().invoke(
        args=["report", "channel-funnel", "--by", "day", "--from", "2020-01-01"]
    )
    assert plain.output.splitlines()[-1].startswith("合计\t500\t6\t")
    wrong = merchant_client(app, monkeypatch).get("/api/v1/admin/reports/channel-funnel?by=moon")
    assert wrong.status_code == 422


def test_an_empty_shop_has_an_empty_funnel(app: Flask, clock: ShopClock) -> None:
    rows, total = funnel()
    assert (rows, counts(total), total.cost_per_member, total.payback_days) == ({}, [0] * 7, None, None)
    assert "还没有数字" in desk(app).get(PLACE).text


journeys = st.builds(
    Journey,
    did=st.frozensets(st.sampled_from([step for step in STEPS if step is not Step.SCANNED])).map(
        lambda did: did | {Step.SCANNED}
    ),
    cashback=st.integers(0, 500).map(Money),
    sales=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9000).map(Money)), max_size=3).map(tuple),
)


@given(st.lists(st.tuples(st.integers(0, 2), journeys), max_size=20), st.integers(0, 20_000))
def test_steps_only_fall_and_rows_add_up(people: list[tuple[int, Journey]], cost: int) -> None:
    rows = [Tally(key=str(number), name="") for number in range(3)]
    total = Tally(key=None, name="")
    total.spend(Money(cost))
    for place, journey in people:
        rows[place].count(journey)
        total.count(journey)
    for row in [*rows, total]:
        assert counts(row) == sorted(counts(row), reverse=True)
        assert all(passed <= got for passed, got in zip(counts(row), reached(row), strict=True))
    assert [sum(column) for column in zip(*map(counts, rows), strict=True)] == counts(total)
    days = total.payback_days
    if days is not None:
        until = sum(net.fen for _place, one in people for day, net in one.sales if day <= days)
        before = sum(net.fen for _place, one in people for day, net in one.sales if day < days)
        assert before < total.spent.fen <= until
    elif total.spent:
        assert total.net < total.spent
