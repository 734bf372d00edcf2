"""What everybody sees of the goods over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.store.catalogue import services
from shopapp.store.catalogue.models import Product
from shopapp.store.stock import services as stock
from tests.support.catalogue import (
    change_price,
    make_category,
    make_product,
    make_sku,
    product_content,
    put_in_stock,
)
from tests.support.queries import statements

API = "/api/v1"


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def titles(client: FlaskClient, **query: Any) -> list[str]:
    answer = client.get(f"{API}/products", query_string=query)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json["items"]]


def pages(client: FlaskClient, **query: Any) -> list[list[str]]:
    """The titles page by page, to the end."""
    found, cursor = [], None
    while True:
        asked = {**query, "cursor": cursor} if cursor else query
        answer = client.get(f"{API}/products", query_string=asked).json
        found.append([item["title"] for item in answer["items"]])
        cursor = answer["next_cursor"]
        if cursor is None:
            return found
        assert len(found) < 50


def test_a_product_is_shown_with_its_choices(client: FlaskClient) -> None:
    shelf = make_category(name="童装", slug="clothes")
    product = make_product(
        title="连体衣",
        subtitle="棉的",
        description="第一段\n\n第二段",
        category=shelf,
        spec_names=["颜色", "尺码"],
        skus=[(["米白", "73"], 8900, 4), (["米白", "80"], 9900, 0)],
        limit_per_customer=3,
    )
    shown = client.get(f"{API}/products/{product.public_id}").json
    listed = client.get(f"{API}/products").json["items"]
    skus = [
        {"id": sku.public_id, "specs": specs, "price_fen": fen, "member_price_fen": None, "stock": pieces}
        for sku, specs, fen, pieces in zip(
            product.skus, (["米白", "73"], ["米白", "80"]), (8900, 9900), (4, 0), strict=True
        )
    ]
    expected = {
        "id": product.public_id,
        "title": "连体衣",
        "subtitle": "棉的",
        "images": [],
        "price_fen": 8900,
        "member_price_fen": None,
        "in_stock": True,
        "category_id": shelf.public_id,
        "spec_names": ["颜色", "尺码"],
        "skus": skus,
        "limit_per_customer": 3,
        "returnable": True,
    }
    assert listed == [expected]
    assert shown == {**expected, "description": "<p>第一段</p>\n<p>第二段</p>"}


def test_drafts_and_goods_off_sale_are_nowhere(client: FlaskClient) -> None:
    make_product(title="在售")
    draft = make_product(title="草稿", on_sale=False)
    off = make_product(title="下架")
    with transaction():
        services.take_off_sale(product=db.session.get_one(Product, off.id), now=clock.now())
    assert titles(client) == ["在售"]
    assert titles(client, q="下架") == []
    for hidden in (draft, off):
        assert client.get(f"{API}/products/{hidden.public_id}").status_code == 404


@pytest.mark.parametrize(
    "wrong", ["nothing", "0", "%00", "%ED%A0%80", "a" * 300, "..%2F..%2Fetc", "'; DROP TABLE products; --"]
)
def test_an_id_that_is_none_is_not_found(client: FlaskClient, wrong: str) -> None:
    answer = client.get(f"{API}/products/{wrong}")
    assert answer.status_code == 404
    assert answer.json["code"] == "not_found"


def test_every_sort_pages_through_all_goods_once(client: FlaskClient) -> None:
    for number in range(11):
        make_product(title=f"货 {number:02}", price_fen=1000 + number % 3 * 100, position=number % 2)
    everything = sorted(f"货 {number:02}" for number in range(11))
    for sort in ("default", "newest", "price_up", "price_down", "sales"):
        found = pages(client, sort=sort, limit=4)
        assert [len(page) for page in found] == [4, 4, 3], sort
        assert sorted(title for page in found for title in page) == everything, sort
    assert titles(client, sort="newest", limit=2) == ["货 10", "货 09"]
    assert titles(client, limit=3) == ["货 10", "货 08", "货 06"]
    by_price = client.get(f"{API}/products?sort=price_down").json["items"]
    assert [item["price_fen"] for item in by_price] == sorted(
        (item["price_fen"] for item in by_price), reverse=True
    )


def test_sales_sort_follows_what_was_paid_at_once(client: FlaskClient) -> None:
    slow, quick = make_sku(title="慢", stock=50), make_sku(title="快", stock=50)
    for sku, pieces in ((slow, 1), (quick, 9)):
        with transaction():
            stock.hold(quantities={sku.id: pieces}, subject="order", now=clock.now())
            stock.settle(quantities={sku.id: pieces}, subject="order", now=clock.now())
    assert titles(client, sort="sales") == ["快", "慢"]
    with transaction():
        stock.hold(quantities={slow.id: 20}, subject="order", now=clock.now())
        stock.settle(quantities={slow.id: 20}, subject="order", now=clock.now())
    assert titles(client, sort="sales") == ["慢", "快"]


def test_goods_added_between_two_pages_push_none_out(client: FlaskClient) -> None:
    for number in range(4):
        make_product(title=f"旧 {number}")
    first = client.get(f"{API}/products?sort=newest&limit=2").json
    make_product(title="新")
    second = client.get(
        f"{API}/products", query_string={"sort": "newest", "limit": 2, "cursor": first["next_cursor"]}
    ).json
    shown = [item["title"] for item in first["items"] + second["items"]]
    assert shown == ["旧 3", "旧 2", "旧 1", "旧 0"]


def test_categories_filter_by_address_and_by_id(client: FlaskClient) -> None:
    bath, toys = make_category(slug="bath", name="洗护", position=2), make_category(slug="toys", position=1)
    make_product(title="润肤乳", category=bath)
    make_product(title="积木", category=toys)
    assert [item["slug"] for item in client.get(f"{API}/categories").json["items"]] == ["toys", "bath"]
    assert titles(client, category="bath") == titles(client, category=bath.public_id) == ["润肤乳"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("category=none", "category"),
        ("category=%00", "category"),
        ("sort=cheapest", "sort"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("q=" + "x" * 61, "q"),
        ("q=%00", "q"),
        ("cursor=nonsense", "cursor"),
        ("cursor=" + "A" * 201, "cursor"),
        ("cursor=WyJkZWZhdWx0IiwwLCIwMDAwMDAwMDAwMDAiXQ", "cursor"),
        ("cursor=WyJuZXdlc3QiLDAsIjAwMDAwMDAwMDAwMCJd", "cursor"),
        ("cursor=WzFlOTk5LDEsMV0", "cursor"),
        ("cursor=%F0%9F%8D%BC", "cursor"),
    ],
)
def test_a_wrong_wish_is_told_by_field(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"{API}/products?{query}")
    assert answer.status_code == 422
    assert list(answer.json["details"]["fields"]) == [field]


def test_search_finds_two_character_words_wherever_they_stand(client: FlaskClient) -> None:
    make_product(title="婴儿润肤乳 200 ml", subtitle="洗完澡抹一层")
    make_product(title="Ａ２牛奶 250ML", subtitle="进口")
    make_product(title="木制积木", spec_names=["颜色"], skus=[(["原木"], 100, 1), (["彩虹"], 100, 1)])
    milk, cream, blocks = ["Ａ２牛奶 250ML"], ["婴儿润肤乳 200 ml"], ["木制积木"]
    assert titles(client, q="润肤") == titles(client, q="洗完") == titles(client, q="乳") == cream
    assert titles(client, q="牛奶") == titles(client, q="a2") == titles(client, q="A2 牛奶") == milk
    assert titles(client, q="ｍｌ") == milk + cream
    assert titles(client, q="彩虹") == titles(client, q="积木 彩虹") == blocks
    assert titles(client, q="积木 牛奶") == titles(client, q="肤润") == titles(client, q="20") == []


@pytest.mark.parametrize(
    "words",
    ['"', "'", "* OR", "a* NEAR(b)", "NOT", "-", "&|!:*()", "\\'", "“”", "🍼", "AND AND", "title:x", "𰻝"],
)
def test_signs_of_query_languages_are_only_signs(client: FlaskClient, words: str) -> None:
    make_product(title="奶瓶")
    assert titles(client, q=words) == []


def test_search_forgets_old_words(client: FlaskClient) -> None:
    product = make_product(title="旧名字")
    assert titles(client, q="旧名") == ["旧名字"]
    with transaction():
        row = db.session.get_one(Product, product.id)
        services.update_product(product=row, content=product_content(title="新名字"), now=clock.now())
    assert titles(client, q="旧名") == []
    assert titles(client, q="新名") == ["新名字"]


Change = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda sku: change_price(sku, 4900), {"price_fen": 4900, "stock": 10, "in_stock": True}),
        (lambda sku: put_in_stock(sku, 3), {"price_fen": 5900, "stock": 3, "in_stock": True}),
        (lambda sku: put_in_stock(sku, 0), {"price_fen": 5900, "stock": 0, "in_stock": False}),
    ],
)
def test_a_change_is_seen_at_once_everywhere(
    client: FlaskClient, change: Change, seen: dict[str, Any]
) -> None:
    sku = make_sku()
    product = db.session.get_one(Product, sku.product_id)
    addresses = [f"{API}/products", f"{API}/products?limit=1", f"{API}/products/{product.public_id}"]
    for address in addresses:
        assert client.get(address).json == client.get(address).json
    change(sku)
    for address in addresses:
        answer = client.get(address).json
        shown = answer.get("items", [answer])[0]
        assert (shown["price_fen"], shown["skus"][0]["stock"], shown["in_stock"]) == tuple(seen.values())


def test_an_order_and_its_end_are_seen_at_once(client: FlaskClient) -> None:
    sku = make_sku(stock=5)
    product = db.session.get_one(Product, sku.product_id)

    def shown() -> set[int]:
        listed = client.get(f"{API}/products").json["items"][0]["skus"][0]["stock"]
        return {listed, client.get(f"{API}/products/{product.public_id}").json["skus"][0]["stock"]}

    assert shown() == {5}
    with transaction():
        stock.hold(quantities={sku.id: 2}, subject="order", now=clock.now())
    assert shown() == {3}
    with transaction():
        stock.release(quantities={sku.id: 2}, subject="order", now=clock.now())
    assert shown() == {5}


def test_going_off_sale_is_seen_at_once(client: FlaskClient) -> None:
    product = make_product(title="奶瓶")
    other = make_product(title="奶嘴")
    assert titles(client) == titles(client) == ["奶嘴", "奶瓶"]
    with transaction():
        services.take_off_sale(product=db.session.get_one(Product, product.id), now=clock.now())
    assert titles(client) == ["奶嘴"]
    assert client.get(f"{API}/products/{product.public_id}").status_code == 404
    assert client.get(f"{API}/products/{other.public_id}").status_code == 200


def test_a_kept_answer_costs_one_query(client: FlaskClient) -> None:
    product = make_product()
    for address in (f"{API}/products", f"{API}/products/{product.public_id}", f"{API}/categories"):
        client.get(address)
        with statements() as sent:
            client.get(address)
        assert len(sent) == 1, (address, str(sent))


def test_the_number_of_queries_does_not_grow_with_the_rows(client: FlaskClient) -> None:
    def queries(address: str) -> int:
        with statements() as sent:
            assert client.get(address).status_code == 200
        return len(sent)

    shelf = make_category(slug="all")
    make_product(category=shelf)
    asked = [f"{API}/products?sort=sales", f"{API}/products?category=all", f"{API}/products?q=润肤乳"]
    few = [queries(address) for address in asked]
    for _ in range(15):
        make_product(
            category=shelf, spec_names=["色"], skus=[([f"色{number}"], 100, 1) for number in range(5)]
        )
    assert [queries(f"{address}&again=1") for address in asked] == few
    assert max(few) <= 7
