"""Carts of guests and customers."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.ids import token_hash
from shopapp.store.carts import queries, services
from shopapp.store.carts.models import Cart, CartItem
from shopapp.store.carts.queries import CartOwner
from shopapp.store.catalogue import services as catalogue
from shopapp.store.catalogue.models import Product, Sku
from tests.support.catalogue import change_price, make_product, make_sku, put_in_stock
from tests.support.clocks import ShopClock
from tests.support.people import browser_of, make_person
from tests.support.queries import statements

API = "/api/v1/cart"


@pytest.fixture
def guest(app: Flask) -> FlaskClient:
    return browser_of(app)


def put(client: FlaskClient, sku: Sku, quantity: Any = 1, **more: Any) -> Any:
    return client.put(f"{API}/items/{sku.public_id}", json={"quantity": quantity, **more})


def states(client: FlaskClient) -> dict[str, str]:
    return {item["sku_id"]: item["state"] for item in client.get(API).json["items"]}


def test_a_guest_keeps_a_cart_by_their_browser_alone(app: Flask, guest: FlaskClient) -> None:
    sku = make_sku(title="奶瓶", price_fen=5900)
    answer = put(guest, sku, 2)
    assert answer.status_code == 200
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    cart = guest.get(API).json
    assert cart == answer.json
    assert (cart["count"], cart["selected"]) == (2, {"lines": 1, "quantity": 2, "total_fen": 11800})
    assert cart["items"][0]["title"] == "奶瓶"
    assert browser_of(app).get(API).json["items"] == []


def test_looking_into_an_empty_cart_writes_nothing(guest: FlaskClient) -> None:
    answer = guest.get(API)
    assert answer.json == {"items": [], "count": 0, "selected": {"lines": 0, "quantity": 0, "total_fen": 0}}
    assert "Set-Cookie" not in answer.headers
    assert db.session.scalar(select(func.count()).select_from(Cart)) == 0


def test_only_selected_lines_that_can_be_bought_count(guest: FlaskClient) -> None:
    fine, unwanted, changed, short, gone, off = (make_sku(price_fen=1000) for _ in range(6))
    for sku in (fine, changed, short, gone, off):
        put(guest, sku, 2)
    put(guest, unwanted, 2, selected=False)
    change_price(changed, 1500)
    put_in_stock(short, 1)
    put_in_stock(gone, 0)
    with transaction():
        catalogue.take_off_sale(product=db.session.get_one(Product, off.product_id), now=clock.now())
    assert states(guest) == {
        fine.public_id: "ok",
        unwanted.public_id: "ok",
        changed.public_id: "price_changed",
        short.public_id: "short",
        gone.public_id: "sold_out",
        off.public_id: "gone",
    }
    assert guest.get(API).json["selected"] == {"lines": 3, "quantity": 6, "total_fen": 7000}
    quote = guest.post("/api/v1/quotes", json={}).json
    assert {line["sku_id"] for line in quote["lines"]} == {fine.public_id, changed.public_id, short.public_id}


def test_a_price_seen_again_is_no_change(guest: FlaskClient) -> None:
    sku = make_sku(price_fen=1000)
    put(guest, sku)
    change_price(sku, 900)
    assert states(guest) == {sku.public_id: "price_changed"}
    put(guest, sku)
    assert states(guest) == {sku.public_id: "ok"}


def test_a_line_goes_and_goes_once(guest: FlaskClient) -> None:
    sku, other = make_sku(), make_sku()
    put(guest, sku)
    put(guest, other)
    for _ in range(2):
        answer = guest.delete(f"{API}/items/{sku.public_id}")
        assert [item["sku_id"] for item in answer.json["items"]] == [other.public_id]
    assert guest.delete(f"{API}/items/nothing").status_code == 200


@pytest.mark.parametrize("quantity", [0, -1, 100, 1.5, "2", True, None, 10**30])
def test_a_wrong_quantity_changes_nothing(guest: FlaskClient, quantity: Any) -> None:
    sku = make_sku()
    put(guest, sku, 3)
    answer = put(guest, sku, quantity)
    assert answer.status_code == 422
    assert list(answer.json["details"]["fields"]) == ["quantity"]
    assert guest.get(API).json["count"] == 3


def test_what_cannot_be_bought_is_not_put_in(guest: FlaskClient) -> None:
    draft = make_product(on_sale=False).skus[0]
    limited = make_sku(limit_per_customer=2)
    assert put(guest, draft).json["code"] == "not_on_sale"
    assert put(guest, limited, 3).json["details"]["fields"].keys() == {"quantity"}
    assert put(guest, limited, 1, selected="yes").status_code == 422
    for wrong in ("nothing", "%00", "0" * 12):
        assert guest.put(f"{API}/items/{wrong}", json={"quantity": 1}).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(CartItem)) == 0


def test_another_sites_page_cannot_fill_a_cart(app: Flask) -> None:
    client = app.test_client()
    sku = make_sku()
    answer = client.put(
        f"{API}/items/{sku.public_id}", json={"quantity": 1}, headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 403
    assert db.session.scalar(select(func.count()).select_from(Cart)) == 0


def test_a_cart_holds_a_hundred_lines(app: Flask) -> None:
    person = make_person()
    product = make_product(spec_names=["号"], skus=[([str(n)], 100, 5) for n in range(30)])
    more = [make_product(spec_names=["号"], skus=[([str(n)], 100, 5) for n in range(30)]) for _ in range(3)]
    skus = [sku for row in (product, *more) for sku in row.skus][:101]
    owner = CartOwner(customer_id=person.id)
    with transaction():
        for sku in skus[:100]:
            services.put_item(of=owner, sku_public_id=sku.public_id, quantity=1, now=clock.now())
    with pytest.raises(services.CartFull), transaction():
        services.put_item(of=owner, sku_public_id=skus[100].public_id, quantity=1, now=clock.now())
    with transaction():
        services.put_item(of=owner, sku_public_id=skus[0].public_id, quantity=5, now=clock.now())
    assert queries.cart_count(customer_id=person.id) == 104


def test_a_guests_cart_comes_along_at_sign_in(app: Flask, guest: FlaskClient) -> None:
    person = make_person()
    both, limited, only = make_sku(), make_sku(limit_per_customer=3), make_sku()
    mine = CartOwner(customer_id=person.id)
    with transaction():
        services.put_item(of=mine, sku_public_id=both.public_id, quantity=60, now=clock.now())
        services.put_item(of=mine, sku_public_id=limited.public_id, quantity=2, now=clock.now())
    for sku, pieces in ((both, 60), (limited, 2), (only, 1)):
        put(guest, sku, pieces)
    cookie = guest.get_cookie("cart")
    assert cookie is not None
    guest_hash = token_hash(cookie.value)
    for _ in range(2):
        with transaction():
            services.adopt_guest_cart(customer_id=person.id, guest_hash=guest_hash, now=clock.now())
    found = {line.sku.public_id: line.quantity for line in queries.lines(of=mine)}
    assert found == {both.public_id: 99, limited.public_id: 3, only.public_id: 1}
    assert queries.cart_count(guest_hash=guest_hash) == 0


def test_ordered_skus_leave_the_cart(app: Flask) -> None:
    person, stranger = make_person(), make_person()
    ordered, kept = make_sku(), make_sku()
    with transaction():
        for owner in (CartOwner(customer_id=person.id), CartOwner(customer_id=stranger.id)):
            for sku in (ordered, kept):
                services.put_item(of=owner, sku_public_id=sku.public_id, quantity=1, now=clock.now())
        services.remove(customer_id=person.id, sku_ids=[ordered.id])
    assert queries.selected_items(customer_id=person.id) == [(kept.public_id, 1)]
    assert queries.cart_count(customer_id=stranger.id) == 2


def test_carts_that_guests_left_are_forgotten(app: Flask, guest: FlaskClient, clock: ShopClock) -> None:
    person = make_person()
    sku = make_sku()
    put(guest, sku)
    with transaction():
        services.put_item(
            of=CartOwner(customer_id=person.id), sku_public_id=sku.public_id, quantity=1, now=clock.now()
        )
    assert services.forget_old(now=clock.forward(days=59)) == 0
    assert services.forget_old(now=clock.forward(days=2)) == 1
    assert queries.cart_count(customer_id=person.id) == 1


def test_the_number_of_queries_of_a_cart_is_fixed(guest: FlaskClient) -> None:
    def look() -> int:
        with statements() as sent:
            guest.get(API)
        return len(sent)

    put(guest, make_sku())
    one = look()
    for _ in range(8):
        put(guest, make_sku())
    assert look() == one <= 3
