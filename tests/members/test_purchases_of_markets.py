"""Orders of marketplaces in the history: there once they are a customer's, and then as the files tell them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from itertools import count as numbers
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from shopapp.kernel import clock, outbox
from shopapp.kernel.db import db, rows_changed, transaction
from shopapp.kernel.money import Money
from shopapp.members.marketplace import services as marketplace
from shopapp.members.marketplace.models import MarketplaceLine, MarketplaceOrder
from shopapp.members.marketplace.rules import Status
from shopapp.members.purchases import queries, services, walking
from shopapp.members.purchases.models import Purchase, WalkName
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.orders import Store
from tests.support.people import make_person

_numbers = numbers(351000000000000001)


def imported(*lines: tuple[str, int, int | None], **wanted: Any) -> int:
    """An order out of a file, with lines of (title, pieces, fen); its row id."""
    now = clock.now()
    values = {
        "platform": "tmall",
        "family": "taobao",
        "shop": "旗舰店",
        "order_no": str(next(_numbers)),
        "status": Status.DONE,
        "ordered_at": now,
        "paid_at": now,
        "paid_fen": 10_000,
        "title": "茶具",
        "created_at": now,
        "changed_at": now,
        **wanted,
    }
    with transaction():
        row_id = db.session.execute(
            insert(MarketplaceOrder).values(**values).returning(MarketplaceOrder.id)
        ).scalar_one()
        for place, (title, pieces, fen) in enumerate(lines):
            line = {"title": title, "quantity": pieces, "paid_fen": fen, "sku": "", "numbered": True}
            db.session.execute(insert(MarketplaceLine).values(order_id=row_id, key=str(place), **line))
    return row_id


def told_later(row_id: int, *, at: datetime | None = None, **values: Any) -> None:
    """A later file says something else."""
    with transaction():
        changed = update(MarketplaceOrder).where(MarketplaceOrder.id == row_id)
        rows_changed(changed.values(changed_at=at or clock.now(), **values))


def bind(row_id: int, person_id: int) -> None:
    with transaction():
        assert marketplace.bind(order_id=row_id, customer_id=person_id, now=clock.now())
    outbox.deliver_due(now=clock.now())


def history() -> list[tuple[int, str, int, int, int]]:
    """(customer, title, pieces, paid, refunded)"""
    db.session.rollback()
    rows = db.session.scalars(select(Purchase).order_by(Purchase.order_ref, Purchase.line_no))
    return [(row.customer_id, row.title, row.quantity, row.paid.fen, row.refunded.fen) for row in rows]


def walk() -> int:
    return walking.catch_up(now=clock.now())


def test_a_bound_order_is_history_and_follows_its_files(app: Flask) -> None:
    person, other = make_person().id, make_person().id
    order = imported(("盖碗", 1, 6000), ("公道杯", 2, 3000))
    imported(("茶席", 1, 500))
    unpaid = imported(paid_at=None, paid_fen=0, status=Status.CLOSED)
    walk()
    assert history() == [], "nobody's orders are no history"
    bind(order, person)
    bind(unpaid, person)
    assert history() == [(person, "盖碗", 1, 6667, 0), (person, "公道杯", 2, 3333, 0)], "lines of its money"
    told_later(order, refunded_fen=4000)
    told_later(unpaid, paid_at=clock.now(), paid_fen=800, status=Status.PAID)
    walk()
    found = queries.totals(customer_id=person)[0]
    assert (found.orders, found.paid, found.net) == (2, Money(10_800), Money(6800))
    with transaction():
        marketplace.rebind(source_id=person, target_id=other)
        marketplace.unbind(order_id=unpaid, customer_id=other)
        services.walk_anew()
    outbox.deliver_due(now=clock.now())
    walk()
    assert {(row[0], row[1]) for row in history()} == {(other, "盖碗"), (other, "公道杯")}


def test_a_bill_of_wechat_pay_adds_no_second_purchase(app: Flask) -> None:
    store, person = Store.open(app), make_person()
    order = store.paid_order(by=person)
    outbox.deliver_due(now=clock.now())
    own = store.attempts(order)[-1].out_trade_no
    billed = {"platform": "wechatpay", "family": "wechatpay", "shop": ""}
    bind(imported(order_no=own, paid_fen=order.paid.fen, **billed), person.id)
    bind(imported(order_no="ELSEWHERE-1", paid_fen=700, **billed), person.id)
    sums = {one.source: one.net.fen for one in queries.totals(customer_id=person.id)}
    assert sums == {"own": order.paid.fen, "wechatpay": 700}


def test_what_a_long_import_writes_late_is_not_walked_past(app: Flask, clock: ShopClock) -> None:
    person, began = make_person().id, clock.now()
    order = imported(changed_at=began)
    bind(order, person)
    clock.forward(minutes=5)
    newer = imported()
    bind(newer, person)
    walk()
    told_later(order, at=began, refunded_fen=100)
    told_later(newer, refunded_fen=1)
    walk()
    assert Counter(row[4] for row in history()) == {100: 1, 1: 1}
    clock.forward(minutes=30)
    assert walk() == 0
    at, _row_id = queries.walked(name=WalkName.MARKET)
    assert at is not None, "the place is kept, once nothing can come in before it"


@pytest.mark.parametrize("seed", range(3))
def test_after_anything_that_can_happen_the_history_is_what_the_orders_are(app: Flask, seed: int) -> None:
    chance = random.Random(seed)
    people = [make_person().id for _ in range(2)]
    orders: list[int] = []

    def some() -> int:
        return chance.choice(orders)

    acts = [
        lambda: orders.append(
            imported(*[("茶", 1 + n, chance.choice([None, n])) for n in range(chance.randint(0, 3))])
        ),
        lambda: bind_if_free(some(), chance.choice(people)),
        lambda: told_later(some(), paid_fen=chance.randint(0, 999), refunded_fen=chance.randint(0, 999)),
        lambda: told_later(some(), paid_at=None, status=Status.CLOSED),
        lambda: let_go(some(), chance.choice(people)),
        lambda: outbox.deliver_due(now=clock.now()),
        walk,
    ]
    acts[0]()
    for _ in range(40):
        chance.choice(acts)()
    outbox.deliver_due(now=clock.now())
    walk()
    once = history()
    assert summed(once) == expected()
    with transaction():
        services.walk_anew()
    walk()
    assert history() == once


def bind_if_free(row_id: int, person: int) -> None:
    with transaction():
        marketplace.bind(order_id=row_id, customer_id=person, now=clock.now())


def let_go(row_id: int, person: int) -> None:
    with transaction():
        marketplace.unbind(order_id=row_id, customer_id=person)


def summed(rows: list[tuple[int, str, int, int, int]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for person, _title, _pieces, paid, refunded in rows:
        found[person] = found.get(person, 0) + paid - refunded
    return found


def expected() -> dict[int, int]:
    found: dict[int, int] = {}
    for order in db.session.scalars(select(MarketplaceOrder).execution_options(populate_existing=True)):
        if order.customer_id is not None and (order.paid_at or order.status is Status.DONE):
            net = max(order.paid_fen - order.refunded_fen, 0)
            found[order.customer_id] = found.get(order.customer_id, 0) + net
    return found


def test_many_hands_write_each_line_once(app: Flask) -> None:
    person = make_person().id
    order = imported(("盖碗", 1, 6000), ("公道杯", 1, 4000))
    with transaction():
        marketplace.bind(order_id=order, customer_id=person, now=clock.now())
    acts = [lambda: outbox.deliver_due(now=clock.now()), walk] * 4
    at_once(app, acts, threads=8)
    assert sorted(row[3] for row in history()) == [4000, 6000]
