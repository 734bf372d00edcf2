"""Published tier prices: what members see, what others see, and that the same is paid."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.loyalty.tiers import services as tiers
from shopapp.loyalty.tiers.queries import version_now
from tests.support.catalogue import make_sku
from tests.support.members import make_member
from tests.support.people import Person, browser_of
from tests.support.tiers import set_discounts


def member_price(app: Flask, product_id: str, person: Person | None = None) -> int | None:
    headers = person.headers if person else {}
    answer = app.test_client().get(f"/api/v1/products/{product_id}", headers=headers).json
    assert answer["member_price_fen"] == answer["skus"][0]["member_price_fen"]
    price: int | None = answer["member_price_fen"]
    return price


def test_everybody_sees_their_own_price_also_from_kept_answers(app: Flask, guest: FlaskClient) -> None:
    set_discounts(9500, 9000)
    product_id = make_sku(price_fen=10_001).product.public_id
    anna, gold = make_member(), make_member()
    second = version_now().terms.levels[1].code
    with transaction():
        tiers.set_override(
            customer_id=gold.id,
            public_id=gold.signed_in.public_id,
            code=second,
            reason="试用",
            until=clock.now().replace(year=clock.now().year + 1),
            now=clock.now(),
        )
    for _time in range(3):
        assert member_price(app, product_id) == 9500
        assert member_price(app, product_id, anna) == 9500
        assert member_price(app, product_id, gold) == 9000
    for _time in range(2):
        assert "会员 ¥95.00" in guest.get(f"/p/{product_id}").text
        assert "会员 ¥95.00" not in browser_of(app, gold).get(f"/p/{product_id}").text
        assert "¥100.01" in browser_of(app, gold).get(f"/p/{product_id}").text
    set_discounts(8000)
    assert member_price(app, product_id) == 8000
    assert "会员 ¥80.00" in guest.get(f"/p/{product_id}").text


def test_what_a_member_is_shown_is_what_they_pay(app: Flask) -> None:
    set_discounts(8888)
    sku = make_sku(price_fen=9999)
    anna = make_member()
    items = [{"sku_id": sku.public_id, "quantity": 3}]
    quote = app.test_client().post("/api/v1/quotes", json={"items": items}, headers=anna.headers).json
    shown = member_price(app, sku.product.public_id, anna)
    assert shown is not None
    assert quote["lines"][0]["pay_fen"] == 3 * shown
    assert quote["lines"][0]["reductions"][0]["kind"] == "tier"
    app.test_client().put(f"/api/v1/cart/items/{sku.public_id}", json={"quantity": 1}, headers=anna.headers)
    cart = browser_of(app, anna).get("/cart").text
    assert f"¥{sku.price}" in cart
    shown_as = f"<small>¥</small>{shown // 100}<small>.{shown % 100:02d}"
    assert shown_as in cart
    assert shown_as in browser_of(app, anna).get("/checkout").text


def test_without_a_discount_no_member_price_is_shown(app: Flask, guest: FlaskClient) -> None:
    product_id = make_sku(price_fen=10_000).product.public_id
    assert member_price(app, product_id) is None
    assert "gold-tag" not in guest.get(f"/p/{product_id}").text
