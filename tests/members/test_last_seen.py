"""When a customer was last here: noted when they sign in, and at their first act of a day, never by a page."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from sqlalchemy import select

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.db import db
from shopapp.members.identity.models import Customer
from tests.support.catalogue import make_sku, put_in_stock
from tests.support.clocks import ShopClock
from tests.support.people import Person, make_person
from tests.support.staff import desk


def last_seen(person: Person) -> datetime | None:
    db.session.rollback()
    return db.session.scalar(select(Customer.last_seen_at).filter_by(id=person.id))


def fill_cart(app: Flask, person: Person, sku_id: str) -> None:
    answer = app.test_client().put(
        f"/api/v1/cart/items/{sku_id}", json={"quantity": 1}, headers=person.headers
    )
    assert answer.status_code == 200


def order(app: Flask, person: Person, sku_id: str) -> None:
    answer = app.test_client().post(
        "/api/v1/orders",
        json={"address_id": person.address_id, "items": [{"sku_id": sku_id, "quantity": 1}]},
        headers=person.headers | {"Idempotency-Key": f"TEST-{sku_id}"},
    )
    assert answer.status_code == 201, answer.text


def test_signing_in_is_noted_and_so_is_the_first_act_of_a_day(app: Flask, clock: ShopClock) -> None:
    row = make_sku()
    put_in_stock(row, 9)
    sku = row.public_id
    person = make_person()
    signed_in_at = last_seen(person)
    assert signed_in_at is not None

    tomorrow = day_start(shop_day(clock.now())) - clock.now()
    clock.forward(days=1, seconds=tomorrow.total_seconds() + 3600)
    app.test_client().get("/api/v1/me", headers=person.headers)
    assert last_seen(person) == signed_in_at, "looking is not written down"

    fill_cart(app, person, sku)
    morning = last_seen(person)
    assert morning is not None
    assert shop_day(morning) > shop_day(signed_in_at)
    clock.forward(hours=5)
    fill_cart(app, person, sku)
    assert last_seen(person) == morning, "once a day is enough"

    clock.forward(days=1)
    order(app, person, sku)
    bought = last_seen(person)
    assert bought is not None
    assert shop_day(bought) > shop_day(morning)


def test_the_console_tells_when_a_customer_was_here(app: Flask) -> None:
    make_person()
    assert '<td class="num quiet" data-label="最近来过">–</td>' not in desk(app).get("/admin/customers").text
