"""What a page costs: bytes on the way to the phone, and looks into the database."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import ROOT
from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.store.catalogue.models import Category
from shopapp.store.orders import services as orders
from shopapp.store.orders.models import Order
from tests.support.catalogue import make_category, make_product
from tests.support.people import Person, browser_of
from tests.support.queries import statements

FIRST_VIEW_BYTES_MAX = 30 * 1024
ROWS_MORE = 6
STATIC = ROOT / "shopapp/web/static"


@dataclass
class Shopper:
    """Somebody who is signed in, with their browser."""

    person: Person
    browser: FlaskClient


def files_of(text: str) -> Iterator[str]:
    """The style sheets and scripts that a page brings, those that scripts import among them."""
    waiting = re.findall(r'(?:href|src)="/assets/web/([\w-]+)(?:\.[0-9a-f]{12})?(\.css|\.js)"', text)
    seen: set[str] = set()
    names = ["".join(parts) for parts in waiting]
    while names:
        name = names.pop()
        if name not in seen:
            seen.add(name)
            yield name
            names += re.findall(r"from '\./([\w.-]+)'", (STATIC / name).read_text(encoding="utf-8"))


def packed(content: bytes) -> int:
    return len(gzip.compress(content, 9, mtime=0))


def fill(shopper: Shopper, shelf: Category, *, rows: int) -> Order:
    """More goods of everything that the pages list; the last order with as many lines."""
    products = [
        make_product(
            title=f"新疆和田大枣夹核桃仁 {n}",
            category=shelf,
            spec_names=["口味"],
            skus=[([f"原味 {n}"], 5900, 9)],
        )
        for n in range(rows)
    ]
    items = [(product.skus[0].public_id, 1) for product in products]
    with transaction():
        order = orders.place_order(
            customer=shopper.person.signed_in,
            items=items,
            address_id=shopper.person.address_id,
            remark="",
            now=clock.now(),
        )
        orders.mark_paid(order_id=order.id, paid=order.total, paid_at=clock.now(), now=clock.now())
    for sku_id, quantity in items:
        assert (
            shopper.browser.put(f"/api/v1/cart/items/{sku_id}", json={"quantity": quantity}).status_code
            == 200
        )
    for number in range(rows):
        body = {
            "name": f"王小满{number}",
            "phone": "19900001111",
            "region_code": "330106",
            "detail": "文三路 1 号",
        }
        assert shopper.browser.post("/api/v1/addresses", json=body).status_code == 201
    return order


@pytest.fixture
def shelf() -> Category:
    return make_category(name="坚果", slug="nuts")


@pytest.fixture
def shopper(app: Flask, person: Person) -> Shopper:
    return Shopper(person=person, browser=browser_of(app, person))


def pages_of(order: Order, product_id: str) -> list[str]:
    return [
        "/", "/c/nuts", "/search", "/search?q=大枣", f"/p/{product_id}", "/cart", "/checkout", "/orders",
        f"/orders/{order.no}", f"/orders/{order.no}/pay", "/me", "/me/addresses", "/me/addresses/new", "/privacy",
        "/nowhere",
    ]  # fmt: skip


def test_the_first_view_of_every_page_is_light(app: Flask, shelf: Category, shopper: Shopper) -> None:
    order = fill(shopper, shelf, rows=12)
    product = make_product(title="曲奇", category=shelf, description="<p>低温烘烤，不加盐。</p>" * 40)
    browser = shopper.browser
    weights = {}
    for page in pages_of(order, product.public_id):
        answer = browser.get(page)
        files = [(STATIC / name).read_bytes() for name in files_of(answer.text)]
        assert len(files) >= 3, page
        weights[page] = packed(answer.data) + sum(map(packed, files))
    assert {page: weight for page, weight in weights.items() if weight > FIRST_VIEW_BYTES_MAX} == {}


def test_no_page_asks_more_of_the_database_when_it_shows_more(
    app: Flask, shelf: Category, shopper: Shopper
) -> None:
    few = fill(shopper, shelf, rows=2)
    product = make_product(title="曲奇", category=shelf)
    count(
        shopper, pages_of(few, product.public_id)
    )  # a page that was kept and is stale asks once more than a new one
    with transaction():
        product = make_product(title="曲奇", category=shelf)
    before = count(shopper, pages_of(few, product.public_id))
    many = fill(shopper, shelf, rows=ROWS_MORE)
    with transaction():
        product = make_product(title="曲奇", category=shelf)
    after = count(shopper, pages_of(many, product.public_id))
    grown = {
        page: (was, now) for (page, was), now in zip(before.items(), after.values(), strict=True) if now > was
    }
    assert grown == {}
    assert max(after.values()) <= 15


def count(shopper: Shopper, pages: list[str]) -> dict[str, int]:
    counted = {}
    for page in pages:
        with statements() as sent:
            shopper.browser.get(page)
        counted[page] = len(sent)
    return counted


def test_a_kept_page_costs_a_customer_two_looks(app: Flask, shelf: Category, shopper: Shopper) -> None:
    product = make_product(title="曲奇", category=shelf)
    browser = shopper.browser
    for page in ("/", "/c/nuts", f"/p/{product.public_id}"):
        browser.get(page)
        with statements() as sent:
            browser.get(page)
        assert len(sent) == 2, f"{page}\n{sent}"


def test_pages_go_out_packed_to_browsers_that_can_unpack(guest: FlaskClient) -> None:
    plain = guest.get("/")
    sent = guest.get("/", headers={"Accept-Encoding": "gzip, br"})
    assert gzip.decompress(sent.data) == plain.data
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
