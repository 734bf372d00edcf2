"""Whose an imported order is: bound once, handed over and back, forgotten; and what people type as its number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.outbox import StoredEvent
from shopapp.kernel.rotation import rotate_table
from shopapp.members.marketplace import importing, personal, queries, services
from shopapp.members.marketplace.models import MarketplaceIdentity
from shopapp.members.marketplace.numbers import understood
from shopapp.members.rights import services as rights
from tests.support.marketplace import SAMPLES, everything, order_row
from tests.support.people import make_person

TAOBAO = "taobao-orders-gbk.csv"
NEW_KEY = b"TEST-new-key-of-32-bytes-length!"
FIRST, SECOND = "510758647031660479", "377535572117660479"


def bind(order_id: int, customer_id: int) -> bool:
    with transaction():
        return services.bind(order_id=order_id, customer_id=customer_id, now=clock.now())


def bound_events() -> list[dict[str, int]]:
    named = select(StoredEvent.payload).where(StoredEvent.name == "MarketplaceOrderBound")
    return list(db.session.scalars(named))


def test_an_order_belongs_to_the_first_who_asks(app: Flask) -> None:
    importing.run(path=SAMPLES / TAOBAO)
    mine, other = make_person(), make_person()
    order = queries.find_order(platform="tmall", order_no=FIRST)
    assert order is not None
    assert (order.platform, order.status, order.paid_fen, order.refunded_fen) == (
        "taobao",
        "done",
        26990,
        2295,
    )
    assert order.net_fen == 24695
    assert bind(order.id, mine.id)
    assert bind(order.id, mine.id)
    assert not bind(order.id, other.id)
    assert not bind(order.id + 10_000, other.id)
    assert bound_events() == [{"order_id": order.id, "customer_id": mine.id}]
    assert [found.order_no for found in queries.of_customer(customer_id=mine.id)] == [FIRST]
    assert queries.of_customer(customer_id=other.id) == []
    # the same nick bought more: proposed, not bound
    others = queries.orders_of_buyer(order_id=order.id)
    assert SECOND in {found.order_no for found in others}
    assert all(found.customer_id is None for found in others)
    with transaction():
        assert not services.unbind(order_id=order.id, customer_id=other.id)
        assert services.unbind(order_id=order.id, customer_id=mine.id)
    assert bind(order.id, other.id)


def test_merging_people_hands_orders_over_and_exactly_back(app: Flask) -> None:
    importing.run(path=SAMPLES / TAOBAO)
    source, target = make_person(), make_person()
    ids = [order_row(number).id for number in (FIRST, SECOND)]
    bind(ids[0], source.id)
    bind(ids[1], target.id)
    before = everything()
    with transaction():
        moved = services.rebind(source_id=source.id, target_id=target.id)
    assert moved == [ids[0]]
    assert len(queries.of_customer(customer_id=target.id)) == 2
    with transaction():
        assert services.rebind(source_id=target.id, target_id=source.id, only=moved) == moved
    assert everything() == before


def test_the_end_of_the_phone_is_a_second_evidence_where_it_is_shown(app: Flask) -> None:
    for name in (TAOBAO, "jd-orders-masked.csv", "tmall-orders-masked-gbk.csv"):
        importing.run(path=SAMPLES / name)
    shown, short, hidden = (
        order_row(number).id for number in (FIRST, "2973207546611618", "5666795557495461430")
    )
    assert queries.tail_fits(order_id=shown, tail="1000") is True
    assert queries.tail_fits(order_id=shown, tail="1001") is False
    assert queries.tail_fits(order_id=short, tail="1052") is True
    assert queries.tail_fits(order_id=hidden, tail="1052") is None
    assert queries.orders_of_buyer(order_id=hidden) == [], "t** is not a key"
    assert FIRST in {found.order_no for found in queries.orders_of_phone(phone="15401101000")}
    assert queries.orders_of_phone(phone="154********") == []


def test_lines_and_what_changed_can_be_asked_for(app: Flask) -> None:
    began = clock.now()
    importing.run(path=SAMPLES / TAOBAO)
    importing.run(path=SAMPLES / "taobao-order-lines-gbk.csv")
    order = order_row(FIRST)
    lines = queries.lines_of(order_ids=[order.id])[order.id]
    assert sorted((line.title, line.sku, line.quantity) for line in lines) == [
        ("无骨凉感内裤3条装", "LG-3", 1),
        ("暖橘香薰蜡烛礼盒", "NJ-XX-LH", 1),
        ("谷小满燕麦片1kg袋装", "GXM-YM-1K", 1),
    ]
    seen: list[int] = []
    after = (began, 0)
    while some := queries.changed_since(after=after, limit=20):
        seen += [found.id for found in some]
        after = (some[-1].changed_at, some[-1].id)
    assert len(seen) == len(set(seen)) == 48
    importing.run(path=SAMPLES / TAOBAO)
    assert queries.changed_since(after=after, limit=1) == [], "what tells nothing new changes nothing"


def test_whoever_is_erased_is_not_brought_back_by_a_file(app: Flask) -> None:
    importing.run(path=SAMPLES / TAOBAO)
    person = make_person()
    own = [found.id for found in queries.orders_of_buyer(order_id=order_row(FIRST).id)] + [
        order_row(FIRST).id
    ]
    for order_id in own:
        bind(order_id, person.id)
    assert personal.binds([person.id, person.id + 1]) == {person.id}
    told = personal.export(person.id)
    assert {row["buyer"] for row in told} == {"tb91000011"}
    assert {row["phone"] for row in told} == {"15401101000"}
    with transaction():
        rights.erase(customer_id=person.id, public_id=person.signed_in.public_id, now=clock.now())
    assert personal.export(person.id) == []
    assert "tb91000011" not in str(everything())
    assert order_row(FIRST).paid_fen == 26990
    again = importing.run(path=SAMPLES / TAOBAO)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 48)
    assert "tb91000011" not in str(everything())
    assert "15401101000" not in str(everything())
    # others keep what they are called by
    assert db.session.scalars(select(MarketplaceIdentity)).first() is not None


def test_a_new_key_makes_no_second_person_of_anybody(app: Flask) -> None:
    settings = app.extensions["settings"]
    importing.run(path=SAMPLES / TAOBAO)
    people = everything()["people"]
    try:
        app.extensions["settings"] = replace(settings, pii_keys=(NEW_KEY, *settings.pii_keys))
        importing.run(path=SAMPLES / TAOBAO)
        assert everything()["people"] == people
        assert queries.orders_of_phone(phone="15401101000") != []
        rotate_table(table=db.metadata.tables["marketplace_identities"])
        app.extensions["settings"] = replace(settings, pii_keys=(NEW_KEY,))
        assert everything()["people"] == people
        assert importing.run(path=SAMPLES / TAOBAO).unchanged == 48
    finally:
        app.extensions["settings"] = settings


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("5666795557495461430", [(None, "5666795557495461430")]),
        (" 订单编号：５６６６７９５５５７４９５４６１４３０ ", [(None, "5666795557495461430")]),
        ("【天猫】订单号 5666 7955 5749 5461 430 复制", [("tmall", "5666795557495461430")]),
        ("251015-633476957924740", [("pdd", "251015-633476957924740")]),
        ("拼多多251015633476957924740", [("pdd", "251015-633476957924740")]),
        ("251015—633476957924740", [("pdd", "251015-633476957924740")]),
        ("京东订单418872672092，电话15400001234", [("jd", "418872672092")]),
        ("e20260520205936363401914", [("youzan", "E20260520205936363401914")]),
        ("Order 109-8043311-4010876", [("amazon", "109-8043311-4010876")]),
        (
            "淘宝 510758647031660479\n京东：418872672092\n510758647031660479",
            [("taobao", "510758647031660479"), ("jd", "418872672092")],
        ),
        ("订单号：WX-2026_001", [("generic", "WX-2026_001")]),
        *(
            (typed, [(None, "1034499204802507338")])
            for typed in (
                "103449 9204802507338",
                "1034499204 802507338",
                "1034499204\n802507338",
                "1034499204 \r\n 802507338",
                "订单号：10344992048025 07338 复制",
                "10344992\u200b04802507338",
                "103449920480250733 8",
                "1034 4992 0480\n2507 338",
                "1034499204 802507338 15400001234",
                "154 0000 1234，103449 9204802507338",
                "103449 9204802507338 2026-03-01 10:00:05 99.00",
                "103449 9204802507338 2件 99元",
            )
        ),
        ("418872672092\n510758647031660479", [(None, "418872672092"), (None, "510758647031660479")]),
        ("418872672092 418872672093", [(None, "418872672092"), (None, "418872672093")]),
        ("4188726720\n4188726721", [(None, "4188726720"), (None, "4188726721")]),
        ("5107586470316 60479\n4188 7267 2092", [(None, "510758647031660479"), (None, "418872672092")]),
        ("418872672092 2", [(None, "418872672092")]),
        ("418872672092 1234", [(None, "418872672092")]),
        ("418872672092\n15400001234", [(None, "418872672092")]),
        ("103449\n15400001234", []),
        ("154 0000 1234", []),
        ("251015 633476957924740", [("pdd", "251015-633476957924740")]),
        ("251015-\n633476957924740", [("pdd", "251015-633476957924740")]),
        ("251015-633476 957924740", [("pdd", "251015-633476957924740")]),
        ("251015-633476\n957924740", [("pdd", "251015-633476957924740")]),
        ("E2026052020593\n6363401914", [("youzan", "E20260520205936363401914")]),
        ("109-8043311-\n4010876", [("amazon", "109-8043311-4010876")]),
        ("15400001234", []),
        ("hello", []),
        ("我的订单", []),
        ("9" * 5000, []),
    ],
)
def test_numbers_are_understood_as_people_write_them(typed: str, found: list[tuple[str | None, str]]) -> None:
    assert understood(typed) == found
