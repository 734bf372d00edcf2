"""Home, categories, search and products: quick for everybody, and true at every moment."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel import clock, preferences
from shopapp.kernel.db import db, transaction
from shopapp.store.catalogue import services
from shopapp.store.catalogue.models import Product
from tests.support.catalogue import change_price, make_category, make_product, put_in_stock
from tests.support.people import Person
from tests.support.queries import statements

PAGE_SIZE = 12
SOLD_OUT = "<b>暂时售罄</b>"
TO_CART = 'data-choose="cart"'


def titles(text: str) -> list[str]:
    return re.findall(r'<h[23] class="two">([^<]+)</h[23]>', text)


def badge(text: str) -> str:
    found = re.search(r"data-cart-count>([^<]*)<", text)
    assert found is not None
    return found[1]


def test_a_new_shop_has_a_front_door_too(guest: FlaskClient) -> None:
    answer = guest.get("/")
    assert answer.status_code == 200
    assert "货架正在整理" in answer.text


def test_a_price_change_is_seen_at_once_on_every_page(guest: FlaskClient) -> None:
    shelf = make_category(name="坚果", slug="nuts")
    product = make_product(title="每日坚果", price_fen=5900, category=shelf)
    pages = ["/", "/c/nuts", "/search?q=坚果", f"/p/{product.public_id}"]
    for page in pages:
        assert "</small>59<small>" in guest.get(page).text, page
        assert "</small>59<small>" in guest.get(page).text, page
    change_price(product.skus[0], 6200)
    for page in [pages[0], *pages[2:]]:
        text = guest.get(page).text
        assert "</small>62<small>" in text, page
        assert "</small>59<small>" not in text, page


def test_goods_without_a_picture_show_a_box_where_it_would_be(guest: FlaskClient) -> None:
    product = make_product(title="曲奇")
    for page in ("/", f"/p/{product.public_id}"):
        text = guest.get(page).text
        faces = re.findall(r'<span class="pic[^>]*>(.*?)</span>', text, re.DOTALL)
        assert faces, page
        assert all('class="ico l bare"' in face or "<img" in face for face in faces), page


def test_the_last_piece_gone_is_seen_at_once(guest: FlaskClient) -> None:
    product = make_product(title="曲奇", stock=1)
    page = f"/p/{product.public_id}"
    assert SOLD_OUT not in guest.get("/").text
    assert TO_CART in guest.get(page).text
    put_in_stock(product.skus[0], 0)
    assert SOLD_OUT in guest.get("/").text
    assert TO_CART not in guest.get(page).text
    put_in_stock(product.skus[0], 3)
    assert SOLD_OUT not in guest.get("/").text
    assert '"stock": 3' in guest.get(page).text


def test_off_sale_is_seen_at_once_and_a_draft_is_not_there(guest: FlaskClient) -> None:
    product, draft = make_product(title="曲奇"), make_product(title="样品", on_sale=False)
    page = f"/p/{product.public_id}"
    assert titles(guest.get("/").text) == ["曲奇"]
    assert guest.get(page).status_code == 200
    with transaction():
        services.take_off_sale(product=db.session.get_one(Product, product.id), now=clock.now())
    assert titles(guest.get("/").text) == []
    assert "已经下架" in guest.get(page).text
    assert guest.get(f"/p/{draft.public_id}").status_code == 404


def test_a_new_name_of_the_shop_is_seen_at_once(guest: FlaskClient) -> None:
    assert "回头小店" in guest.get("/").text
    with transaction():
        preferences.write("shop.name", "小满杂货铺")
    assert "小满杂货铺" in guest.get("/").text


def test_pages_of_two_languages_are_kept_apart(guest: FlaskClient) -> None:
    for _ in range(2):
        assert '<html lang="zh-CN">' in guest.get("/", headers={"Accept-Language": "zh-CN"}).text
        assert '<html lang="en">' in guest.get("/", headers={"Accept-Language": "en"}).text


def test_the_number_on_the_cart_is_everybodys_own(
    guest: FlaskClient, customer: FlaskClient, person: Person
) -> None:
    sku = make_product(title="曲奇").skus[0]
    assert badge(guest.get("/").text) == badge(customer.get("/").text) == ""
    customer.put(f"/api/v1/cart/items/{sku.public_id}", json={"quantity": 3})
    assert badge(customer.get("/").text) == "3"
    assert badge(guest.get("/").text) == ""
    packed = customer.get("/", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    customer.put(f"/api/v1/cart/items/{sku.public_id}", json={"quantity": 4})
    assert customer.get("/", headers={"Accept-Encoding": "gzip"}).data != packed.data
    assert badge(customer.get("/").text) == "4"


def test_a_list_goes_on_to_its_end_without_gaps(guest: FlaskClient) -> None:
    shelf = make_category(slug="all")
    wanted = {make_product(title=f"货品 {number:02}", category=shelf).title for number in range(30)}
    for start in ("/", "/c/all", "/search?q=货品"):
        seen: list[str] = []
        page: str | None = start
        while page:
            text = guest.get(page).text
            listed = text.split("data-list>")[1].split("</ul>")[0]
            seen += titles(listed)
            onward = re.search(r'data-more href="([^"]+)"', text)
            page = onward[1].replace("&amp;", "&") if onward else None
        assert sorted(seen) == sorted(wanted), start


@pytest.mark.parametrize("page", ["/", "/c/all", "/search?q=x"])
def test_a_cursor_that_is_no_more_leads_to_the_beginning(guest: FlaskClient, page: str) -> None:
    make_category(slug="all")
    joiner = "&" if "?" in page else "?"
    for cursor in ("zzz", "ünsinn", "A" * 5000):
        answer = guest.get(f"{page}{joiner}cursor={cursor}")
        assert (answer.status_code, answer.location) == (302, page)


def test_sorting_by_price_goes_up_and_then_down(guest: FlaskClient) -> None:
    shelf = make_category(slug="all")
    for title, fen in (("中", 200), ("贵", 300), ("便宜", 100)):
        make_product(title=title, price_fen=fen, category=shelf)
    assert titles(guest.get("/c/all?sort=price_up").text) == ["便宜", "中", "贵"]
    assert titles(guest.get("/c/all?sort=price_down").text) == ["贵", "中", "便宜"]
    assert "sort=price_down" in guest.get("/c/all?sort=price_up").text
    assert guest.get("/c/all?sort=nonsense").status_code == 200


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "\x00\x01", "'; DROP TABLE x", "a" * 5000, "%", "\ud800"]
)
def test_whatever_is_searched_for_is_only_text(guest: FlaskClient, words: str) -> None:
    answer = guest.get("/search", query_string={"q": words.encode(errors="surrogatepass")})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("page", ["/p/none", "/p/mw91nh986ze7", "/c/none", "/nowhere"])
def test_what_is_not_there_has_a_page_with_a_way_onward(guest: FlaskClient, page: str) -> None:
    answer = guest.get(page)
    assert answer.status_code == 404
    assert 'href="/"' in answer.text
    assert "没有找到" in answer.text


def test_choices_of_a_product_reach_its_page(guest: FlaskClient) -> None:
    product = make_product(
        title="果脆",
        spec_names=["口味", "规格"],
        skus=[(["草莓", "1 袋"], 1990, 5), (["草莓", "4 袋"], 7200, 0), (["黄桃", "1 袋"], 1890, 2)],
        limit_per_customer=3,
        returnable=False,
    )
    text = guest.get(f"/p/{product.public_id}").text
    assert re.findall(r'type="radio" name="spec-\d" value="([^"]+)"', text) == [
        "草莓",
        "黄桃",
        "1 袋",
        "4 袋",
    ]
    assert "限购 3 件" in text
    assert "不支持无理由退货" in text
    assert "</small>18<small>.90" in text


def test_a_kept_page_costs_one_look_for_a_guest_and_a_made_one_a_fixed_number(
    guest: FlaskClient, app: Flask
) -> None:
    shelf = make_category(slug="all")
    first = make_product(title="货品", category=shelf)
    pages = ["/", "/c/all", "/search?q=货品", f"/p/{first.public_id}"]
    made = {}
    for page in pages:
        with statements() as sent:
            guest.get(page)
        made[page] = len(sent)
    for number in range(PAGE_SIZE):
        make_product(
            title=f"货品 {number}",
            category=shelf,
            skus=[([f"款 {n}"], 100, 1) for n in range(3)],
            spec_names=["款"],
        )
    for page in pages:
        with statements() as sent:
            guest.get(page)
        assert len(sent) <= made[page] + 1, f"{page}\n{sent}"  # and one look at the kept one, which is stale
        with statements() as sent:
            guest.get(page)
        assert len(sent) == 1, f"{page}\n{sent}"
