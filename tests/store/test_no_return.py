"""Goods that cannot be sent back without a reason: nobody buys them without having confirmed that they know."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel.access import Permission
from shopapp.kernel.db import db
from shopapp.kernel.i18n import daytime
from shopapp.store.orders.models import Order
from tests.support.catalogue import make_sku
from tests.support.merchant import merchant_client
from tests.support.orders import Store
from tests.support.people import Person, browser_of, make_person
from tests.support.staff import desk

TICK = 'name="confirm"'


@pytest.fixture
def store(app: Flask) -> Store:
    return Store.open(app)


@pytest.fixture
def buyer(app: Flask) -> Person:
    return make_person()


def ask(store: Store, buyer: Person, *skus: Any, **body: Any) -> Any:
    wanted = {
        "address_id": buyer.address_id,
        "items": [{"sku_id": sku.public_id, "quantity": 1} for sku in skus],
    }
    return store.client.post("/api/v1/orders", json=wanted | body, headers=buyer.headers)


@pytest.mark.parametrize("said", [{}, {"confirmed_no_return": False}])
def test_what_was_not_confirmed_can_be_sent_back(store: Store, buyer: Person, said: dict[str, bool]) -> None:
    told = ask(store, buyer, make_sku(), make_sku(returnable=False), **said).get_json()
    assert [line["returnable"] for line in told["lines"]] == [True, True]
    assert told["no_return_confirmed_at"] is None


def test_the_order_keeps_when_it_was_confirmed(
    app: Flask, store: Store, buyer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask(store, buyer, make_sku(), make_sku(returnable=False), confirmed_no_return=True)
    assert answer.status_code == 201, answer.text
    told = answer.get_json()
    assert [line["returnable"] for line in told["lines"]] == [True, False]
    assert told["no_return_confirmed_at"] == told["created_at"]
    merchant = merchant_client(app, monkeypatch, Permission.ORDERS_VIEW)
    seen = merchant.get(f"/api/v1/admin/orders/{told['no']}").get_json()
    assert seen["no_return_confirmed_at"] == told["created_at"]


def test_usual_goods_need_no_confirmation_and_keep_none(store: Store, buyer: Person) -> None:
    for said in ({}, {"confirmed_no_return": True}):
        answer = ask(store, buyer, make_sku(), **said)
        assert (answer.status_code, answer.get_json()["no_return_confirmed_at"]) == (201, None)


def test_a_quote_is_given_without_the_confirmation(store: Store, buyer: Person) -> None:
    wanted = {"items": [{"sku_id": make_sku(returnable=False).public_id, "quantity": 1}]}
    answer = store.client.post("/api/v1/quotes", json=wanted, headers=buyer.headers)
    assert (answer.status_code, answer.get_json()["refusals"]) == (200, [])


def test_the_checkout_asks_only_for_what_cannot_be_sent_back(app: Flask, buyer: Person) -> None:
    browser = browser_of(app, buyer)
    usual, wipes = make_sku(), make_sku(returnable=False)
    assert TICK not in browser.get(f"/checkout?sku={usual.public_id}").text
    text = browser.get(f"/checkout?sku={wipes.public_id}").text
    assert TICK in text
    assert "签收后不能无理由退货" in text


def test_staff_see_when_it_was_confirmed(app: Flask, store: Store, buyer: Person) -> None:
    console = desk(app)
    usual = ask(store, buyer, make_sku()).get_json()
    wipes = ask(store, buyer, make_sku(returnable=False), confirmed_no_return=True).get_json()
    kept = db.session.scalars(select(Order).filter_by(no=wipes["no"])).one()
    text = console.get(f"/admin/orders/{wipes['no']}").text
    assert f"顾客在 {daytime(kept.no_return_confirmed_at)} 确认过" in text
    assert "确认过" not in console.get(f"/admin/orders/{usual['no']}").text
