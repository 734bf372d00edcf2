"""Pages given again: complete, true for the person who asks, and unmoved by a restart of the database."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel.db import GLANCES, db
from tests.support.catalogue import make_product


@pytest.fixture
def page(app: Flask) -> str:
    return f"/p/{make_product(title='曲奇').public_id}"


def test_a_given_answer_carries_what_every_answer_carries(guest: FlaskClient, page: str) -> None:
    first, again = guest.get(page), guest.get(page)
    assert again.data == first.data
    differs = {"X-Request-Id"}
    assert {k: v for k, v in first.headers if k not in differs} == {
        k: v for k, v in again.headers if k not in differs
    }
    assert first.headers["X-Request-Id"] != again.headers["X-Request-Id"]
    assert "Content-Security-Policy" in again.headers


def test_signing_out_is_seen_at_once(customer: FlaskClient, page: str) -> None:
    product = page.rsplit("/", 1)[1]
    sku = customer.get(f"/api/v1/products/{product}").get_json()["skus"][0]["id"]
    assert customer.put(f"/api/v1/cart/items/{sku}", json={"quantity": 3}).status_code == 200
    assert "data-cart-count>3<" in customer.get(page).text
    assert "data-cart-count>3<" in customer.get(page).text
    assert customer.post("/auth/sign-out").status_code == 302
    assert "data-cart-count>3<" not in customer.get(page).text


def test_a_restart_of_the_database_costs_nobody_a_page(guest: FlaskClient, page: str) -> None:
    for _ in range(2):
        assert guest.get(page).status_code == 200
    lost = db.engines[GLANCES].raw_connection()
    lost.driver_connection.close()  # type: ignore[union-attr]
    lost.close()
    assert guest.get(page).status_code == 200
