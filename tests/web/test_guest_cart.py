"""What a guest put in the cart is still there once they have signed in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shopapp.kernel.db import db
from shopapp.store.carts.models import Cart
from shopapp.wechat.api import EXTENSION
from shopapp.wechat.fakes import FakePlatform
from tests.support.catalogue import make_sku
from tests.support.people import browser_of

IN_WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}


@pytest.fixture
def platform(app: Flask) -> Iterator[FakePlatform]:
    before, fake = app.extensions.get(EXTENSION), FakePlatform()
    app.extensions[EXTENSION] = fake
    fake.always(
        "/sns/oauth2/access_token", {"openid": "oTEST_xiaomei", "access_token": "web-1", "expires_in": 7200}
    )
    yield fake
    app.extensions[EXTENSION] = before


def sign_in(browser: FlaskClient) -> None:
    begun = browser.get("/auth/wechat?next=/cart", headers=IN_WECHAT)
    state = parse_qs(urlsplit(begun.location).query)["state"][0]
    answer = browser.get("/auth/wechat/callback", query_string={"code": "code-1", "state": state})
    assert (answer.status_code, answer.location) == (302, "/cart")


def lines(browser: FlaskClient) -> dict[str, int]:
    found = re.findall(r'data-sku="(\w+)" data-quantity="(\d+)"', browser.get("/cart").text)
    return {sku_id: int(quantity) for sku_id, quantity in found}


def test_a_guests_cart_goes_along_and_adds_up(app: Flask, platform: FakePlatform) -> None:
    nuts, cookies = make_sku(title="坚果").public_id, make_sku(title="曲奇").public_id
    phone = browser_of(app)
    phone.put(f"/api/v1/cart/items/{nuts}", json={"quantity": 2})
    sign_in(phone)
    assert lines(phone) == {nuts: 2}

    tablet = browser_of(app)
    tablet.put(f"/api/v1/cart/items/{nuts}", json={"quantity": 1})
    tablet.put(f"/api/v1/cart/items/{cookies}", json={"quantity": 4})
    assert lines(tablet) == {nuts: 1, cookies: 4}
    sign_in(tablet)
    assert lines(tablet) == lines(phone) == {nuts: 3, cookies: 4}
    assert db.session.scalar(select(func.count()).select_from(Cart)) == 1


def test_signing_out_shows_an_empty_cart_and_in_again_the_old_one(app: Flask, platform: FakePlatform) -> None:
    nuts = make_sku(title="坚果").public_id
    phone = browser_of(app)
    sign_in(phone)
    phone.put(f"/api/v1/cart/items/{nuts}", json={"quantity": 2})
    assert phone.post("/auth/sign-out").status_code == 302
    assert lines(phone) == {}
    sign_in(phone)
    assert lines(phone) == {nuts: 2}
