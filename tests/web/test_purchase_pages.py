"""Cart, checkout, paying, orders, addresses, me: each person sees their own, and no more than is true."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel import clock, preferences
from shopapp.kernel.db import transaction
from shopapp.store.catalogue import services as catalogue
from shopapp.store.orders import services as orders
from shopapp.store.orders.models import Order
from shopapp.store.shipping import services as shipping
from tests.support.catalogue import change_price, make_product, make_sku, put_in_stock
from tests.support.clocks import ShopClock
from tests.support.people import Person, browser_of, make_person

OWN_PAGES = ["/checkout", "/orders", "/orders/202611220000000000", "/me/addresses", "/me/addresses/new"]


def placed(person: Person, *, quantity: int = 1, **goods: object) -> Order:
    sku = make_sku(**goods)
    with transaction():
        return orders.place_order(
            customer=person.signed_in,
            items=[(sku.public_id, quantity)],
            address_id=person.address_id,
            remark="请放门口",
            now=clock.now(),
        )


def paid(person: Person, **goods: object) -> Order:
    order = placed(person, **goods)
    with transaction():
        orders.mark_paid(order_id=order.id, paid=order.total, paid_at=clock.now(), now=clock.now())
    return order


def headline(text: str) -> str:
    found = re.search(r'<h1 class="big">([^<]+)</h1>', text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("page", [*OWN_PAGES, "/orders?status=unpaid&x=1"])
def test_a_guest_is_asked_to_sign_in_and_comes_back(guest: FlaskClient, page: str) -> None:
    answer = guest.get(page)
    assert answer.status_code == 302
    onward = urlsplit(answer.location)
    assert onward.path == "/auth/wechat"
    assert parse_qs(onward.query)["next"] == [page]


def test_a_stranger_sees_nothing_of_an_order_or_an_address(
    app: Flask, person: Person, customer: FlaskClient
) -> None:
    order = placed(person)
    stranger = browser_of(app, make_person(name="陌生人"))
    for page in (f"/orders/{order.no}", f"/orders/{order.no}/pay", f"/me/addresses/{person.address_id}"):
        assert customer.get(page).status_code == 200, page
        answer = stranger.get(page)
        assert answer.status_code == 404, page
        assert "王小满" not in answer.text
    assert order.no not in stranger.get("/orders").text
    assert stranger.get(f"/checkout?address={person.address_id}").status_code == 404


def test_the_cart_tells_what_changed_since(customer: FlaskClient) -> None:
    same, dearer, short, gone, off = (
        make_product(title=title) for title in ("照旧", "涨价", "不够", "没了", "下架")
    )
    for product in (same, dearer, short, gone, off):
        path = f"/api/v1/cart/items/{product.skus[0].public_id}"
        assert customer.put(path, json={"quantity": 5}).status_code == 200
    change_price(dearer.skus[0], 6900)
    put_in_stock(short.skus[0], 2)
    put_in_stock(gone.skus[0], 0)
    with transaction():
        catalogue.take_off_sale(product=off, now=clock.now())
    text = customer.get("/cart").text
    assert "加入时 ¥59.00，现在 ¥69.00" in text
    assert "库存只剩 2 件，请减少数量" in text
    assert text.count("data-gone>") == 2
    assert "店家已下架" in text
    assert "结算（15）" in text


def test_an_empty_cart_leads_onward(guest: FlaskClient) -> None:
    make_product(title="曲奇")
    text = guest.get("/cart").text
    assert "购物车还是空的" in text
    assert "曲奇" in text


def test_the_cart_tells_how_far_free_delivery_is(customer: FlaskClient) -> None:
    sku = make_sku(price_fen=5900)
    customer.put(f"/api/v1/cart/items/{sku.public_id}", json={"quantity": 1})
    assert "再买 40 元包邮" in customer.get("/cart").text
    customer.put(f"/api/v1/cart/items/{sku.public_id}", json={"quantity": 2})
    assert "已享包邮" in customer.get("/cart").text


def test_checkout_of_one_product_leaves_the_cart_alone(customer: FlaskClient, person: Person) -> None:
    in_cart, wanted = make_sku(title="车里的"), make_sku(title="想买的", price_fen=1000)
    customer.put(f"/api/v1/cart/items/{in_cart.public_id}", json={"quantity": 1})
    text = customer.get(f"/checkout?sku={wanted.public_id}&quantity=3").text
    assert "想买的" in text
    assert "车里的" not in text
    assert '"total_fen": 3800' in text  # 30.00 and freight of 8.00
    assert f'"address_id": "{person.address_id}"' in text
    assert "车里的" in customer.get("/checkout").text


def test_checkout_without_an_address_asks_for_one_first(app: Flask) -> None:
    newcomer = make_person()
    browser = browser_of(app, newcomer)
    browser.delete(f"/api/v1/addresses/{newcomer.address_id}")
    sku = make_sku(price_fen=5900)
    text = browser.get(f"/checkout?sku={sku.public_id}&quantity=1").text
    assert "填写地址后计算" in text
    assert "先填地址" in text
    assert f"next=%2Fcheckout%3Fsku%3D{sku.public_id}%26quantity%3D1" in text
    assert "提交并付款" not in text


def test_what_cannot_be_ordered_is_told_and_cannot_be_submitted(customer: FlaskClient) -> None:
    sku = make_sku(title="曲奇", stock=2)
    text = customer.get(f"/checkout?sku={sku.public_id}&quantity=3").text
    assert "只剩 2 件" in text
    assert "提交并付款" not in text
    with transaction():
        preferences.write("freight.no_delivery_regions", ["33"])
    text = customer.get(f"/checkout?sku={sku.public_id}&quantity=1").text
    assert "暂时送不到这个地区" in text
    assert "提交并付款" not in text


def test_a_purchase_limit_counts_what_was_bought_before(customer: FlaskClient, person: Person) -> None:
    product = make_product(title="限量", limit_per_customer=2)
    sku = product.skus[0]
    with transaction():
        orders.place_order(
            customer=person.signed_in,
            items=[(sku.public_id, 1)],
            address_id=person.address_id,
            remark="",
            now=clock.now(),
        )
    assert "提交并付款" in customer.get(f"/checkout?sku={sku.public_id}&quantity=1").text
    text = customer.get(f"/checkout?sku={sku.public_id}&quantity=2").text
    assert "限购 2 件" in text
    assert "提交并付款" not in text


@pytest.mark.parametrize(
    "query", ["sku=&quantity=1", "sku=x&quantity=-1", "sku=000000000000&quantity=٣", "quantity=9"]
)
def test_an_odd_address_of_the_checkout_offers_nothing_to_buy(customer: FlaskClient, query: str) -> None:
    answer = customer.get(f"/checkout?{query}")
    assert answer.status_code == 200
    assert "没有可以结算的商品" in answer.text


def test_an_order_tells_where_it_is_at_every_step(
    customer: FlaskClient, person: Person, clock: ShopClock
) -> None:
    from shopapp.kernel.clock import now

    order = placed(person, title="每日坚果")
    page = f"/orders/{order.no}"
    text = customer.get(page).text
    assert headline(text) == "等您付款"
    assert f'href="{page}/pay"' in text
    assert "文三路 1 号 2 幢 301" in text
    assert "请放门口" in text
    with transaction():
        orders.mark_paid(order_id=order.id, paid=order.total, paid_at=now(), now=now())
    text = customer.get(page).text
    assert headline(text) == "已付款，等店家发货"
    assert "data-cancel" not in text
    assert "付款已收到" in customer.get(f"{page}/pay").text
    with transaction():
        shipping.ship(no=order.no, carrier="sf", waybill="SF1234567890", lines=None, now=now())
    text = customer.get(page).text
    assert headline(text) == "包裹在路上"
    assert "SF1234567890" in text
    assert "data-receipt" in text
    customer.post(f"/api/v1{page}/receipt", json={}, headers={"Idempotency-Key": "k1"})
    text = customer.get(page).text
    assert headline(text) == "订单已完成"
    assert "data-receipt" not in text
    assert re.findall(r"<li>([^<]+)<time>", text) == [
        "您已确认收货",
        "包裹已发出",
        "已付款",
        "已提交订单",
    ]


def test_when_the_time_to_pay_is_over_nothing_invites_to_pay(
    customer: FlaskClient, person: Person, clock: ShopClock
) -> None:
    order = placed(person)
    assert 'data-state="ready"' in customer.get(f"/orders/{order.no}/pay").text
    clock.forward(minutes=31)
    assert 'data-state="expired"' in customer.get(f"/orders/{order.no}/pay").text
    assert f"/orders/{order.no}/pay" not in customer.get(f"/orders/{order.no}").text
    assert "/pay" not in customer.get("/orders").text.split("<main")[1].split("</main>")[0]


def test_orders_by_state(customer: FlaskClient, person: Person) -> None:
    waiting, done = placed(person, title="没付的"), paid(person, title="付过的")
    everything = customer.get("/orders").text
    assert waiting.no in everything
    assert done.no in everything
    assert done.no not in customer.get("/orders?status=unpaid").text
    assert waiting.no not in customer.get("/orders?status=paid").text
    assert "这里还没有订单" in customer.get("/orders?status=completed").text
    assert customer.get("/orders?status=odd&cursor=odd").status_code == 200
    gone = customer.get("/orders?status=unpaid&cursor=202601010000000000")
    assert (gone.status_code, gone.location) == (302, "/orders?status=unpaid")
    me = customer.get("/me").text
    assert re.findall(r'<span class="badge">(\d+)</span>', me) == ["1", "1"]


def test_a_free_order_needs_no_cashier(customer: FlaskClient, person: Person) -> None:
    with transaction():
        preferences.write("freight.fen", 0)
    order = placed(person, price_fen=0)
    answer = customer.get(f"/orders/{order.no}/pay")
    assert (answer.status_code, answer.location) == (302, f"/orders/{order.no}")


def test_phone_numbers_are_whole_only_where_they_are_changed(customer: FlaskClient, person: Person) -> None:
    assert re.search(r"199\*{4}\d{4}", customer.get("/me/addresses").text)
    assert not re.search(r"1990000\d{4}", customer.get("/me/addresses").text)
    assert re.search(r'value="1990000\d{4}"', customer.get(f"/me/addresses/{person.address_id}").text)


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_back_from_an_address_stays_in_the_shop(customer: FlaskClient, wanted: str) -> None:
    text = customer.get("/me/addresses/new", query_string={"next": wanted}).text
    assert 'data-next="/"' in text
    assert "evil" not in text
