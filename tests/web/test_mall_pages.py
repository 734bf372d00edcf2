"""The points mall where people meet it: the storefront without script, and both APIs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from shopapp.kernel.access import Permission
from shopapp.kernel.money import Money
from shopapp.store.mall.models import MallRedemption
from tests.support.catalogue import make_sku
from tests.support.coupons import make_coupon
from tests.support.mall import given, offer_coupon, offer_goods, points_of, redeem, rich
from tests.support.merchant import merchant_client
from tests.support.orders import count
from tests.support.people import Person, browser_of, make_person

API = "/api/v1/mall"
ITEMS = "/api/v1/admin/mall-items"


def hidden(page: str) -> dict[str, str]:
    """What the form that redeems sends by itself."""
    form = page.partition('id="redeem"')[2]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


def test_everybody_sees_the_mall_and_who_is_no_member_is_led_to_join(app: Flask) -> None:
    mug = offer_goods(make_sku(title="骨瓷马克杯", price_fen=5900), points=500, cash=Money(990), stock=7)
    for who in (None, make_person()):
        browser = browser_of(app, who)
        page = browser.get("/mall").text
        assert "骨瓷马克杯" in page
        assert re.search(r"500<small> 积分", page)
        assert "+ ¥9.90" in page
        assert "剩 7 份" in page
        assert "/me/join?next=%2Fmall" in page
        item = browser.get(f"/mall/{mug}").text
        assert f"/me/join?next=%2Fmall%2F{mug}" in item
        assert "去兑换" not in item
        assert browser.get(f"/mall/{mug}/confirm").status_code == 302
        assert browser.post(f"/mall/{mug}", data={"quantity": "1"}).status_code in (401, 403)
    assert count(MallRedemption) == 0


def test_a_member_sees_what_is_missing(app: Flask) -> None:
    anna, mug = rich(380), offer_goods(make_sku(), points=500)
    browser = browser_of(app, anna)
    assert "还差 120 积分" in browser.get("/mall").text
    assert "还差 120 积分" in browser.get(f"/mall/{mug}").text
    assert "确认兑换</button>" not in browser.get(f"/mall/{mug}/confirm").text
    assert "/mall" in browser.get("/me/points").text


def test_goods_are_redeemed_by_a_plain_form_that_counts_once(app: Flask) -> None:
    anna = rich(2000)
    mug = offer_goods(make_sku(price_fen=5900, stock=5), points=500, cash=Money(990))
    browser = browser_of(app, anna)
    assert "去兑换" in browser.get(f"/mall/{mug}").text
    page = browser.get(f"/mall/{mug}/confirm?quantity=2").text
    for told in ("积分兑换（1000 积分）", "−1,000", "文三路", "兑换并付款"):
        assert told in page
    sent = hidden(page)
    assert sent == {"key": sent["key"], "quantity": "2", "address_id": anna.address_id}
    first = browser.post(f"/mall/{mug}", data=sent)
    assert re.fullmatch(r"/orders/\d{18}/pay", first.location)
    assert browser.post(f"/mall/{mug}", data=sent).location == first.location
    assert (given(mug), points_of(anna).held) == (2, 1000)
    order = browser.get(first.location.removesuffix("/pay")).text
    assert "积分兑换（1000 积分）" in order


def test_a_coupon_is_redeemed_by_a_plain_form(app: Flask) -> None:
    anna, ticket = rich(300), offer_coupon(points=200)
    browser = browser_of(app, anna)
    page = browser.get(f"/mall/{ticket}/confirm").text
    assert "减 5 元" in page
    assert "收货地址" not in page
    done = browser.post(f"/mall/{ticket}", data=hidden(page))
    assert browser.get(done.location).status_code == 200
    assert done.location.startswith("/me/coupons/")
    assert points_of(anna).available == 100
    assert "使用积分（积分商城）" in browser.get("/me/points").text


def test_a_refusal_is_told_on_the_same_page(app: Flask) -> None:
    anna, bert = rich(2000), rich(2000)
    mug = offer_goods(make_sku(stock=5), points=500, stock=2)
    browser = browser_of(app, anna)
    sent = hidden(browser.get(f"/mall/{mug}/confirm?quantity=2").text)
    redeem(bert, mug)
    answer = browser.post(f"/mall/{mug}", data=sent)
    assert answer.status_code == 409
    assert "只剩 1 份" in answer.text
    assert "没有任何改动" in answer.text
    assert browser.post(f"/mall/{mug}", data={**sent, "address_id": "0123456789ab"}).status_code in (409, 422)
    assert points_of(anna).available == 2000
    odd = browser.post(f"/mall/{mug}", data={"quantity": "x", "key": "k" * 999})
    assert odd.status_code == 422


def test_an_empty_mall_says_so(app: Flask) -> None:
    assert "积分商城还没有上新" in browser_of(app).get("/mall").text
    assert browser_of(app).get("/mall/0123456789ab").status_code == 404
    assert browser_of(app).get("/mall?cursor=nonsense").status_code == 200


def test_the_mall_is_read_page_by_page_in_the_merchants_order(app: Flask) -> None:
    made = [offer_goods(make_sku(), position=position) for position in (3, 1, 2, 1)]
    client, found, cursor = app.test_client(), [], ""
    while True:
        answer = client.get(f"{API}?limit=1{cursor}").get_json()
        found += [item["id"] for item in answer["items"]]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert found == [made[1], made[3], made[2], made[0]]
    browser = browser_of(app)
    assert all(f"/mall/{item}" in browser.get("/mall").text for item in made)


def test_the_api_tells_an_item_and_redeems_it_once(app: Flask) -> None:
    anna, sku = rich(700), make_sku(title="马克杯", price_fen=5900, stock=5)
    mug = offer_goods(sku, points=500, cash=Money(990), per_person=2)
    client = app.test_client()
    item = client.get(f"{API}/{mug}", headers=anna.headers).get_json()
    told = (
        "title",
        "points",
        "cash_fen",
        "price_fen",
        "sku_id",
        "state",
        "left",
        "allowed",
        "missing_points",
    )
    assert [item[name] for name in told] == [
        *("马克杯", 500, 990, 5900, sku.public_id, "open", 5, 2, 0),
    ]
    assert client.get(f"{API}/{mug}").get_json()["missing_points"] is None
    body = {"quantity": 1, "address_id": anna.address_id}
    headers = {**anna.headers, "Idempotency-Key": "mug"}
    first = client.post(f"{API}/{mug}/redemptions", json=body, headers=headers)
    assert first.status_code == 201
    answer = first.get_json()
    assert (answer["points"], answer["cash_fen"], answer["coupon"]) == (500, 990, None)
    assert (answer["order"]["points_used"], answer["order"]["total_fen"]) == (500, 990 + 800)
    assert answer["order"]["lines"][0]["in_mall"] is True
    assert client.post(f"{API}/{mug}/redemptions", json=body, headers=headers).get_json() == answer
    short = client.post(f"{API}/{mug}/redemptions", json=body, headers=anna.headers)
    assert (short.status_code, short.get_json()["code"]) == (409, "points_short")
    assert short.get_json()["details"]["missing"] == 300
    assert count(MallRedemption) == 1


def test_the_api_redeems_a_coupon(app: Flask) -> None:
    anna, ticket = rich(700), offer_coupon(points=200)
    client = app.test_client()
    assert client.get(f"{API}/{ticket}").get_json()["coupon"]["value_fen"] == 500
    answer = client.post(f"{API}/{ticket}/redemptions", json={}, headers=anna.headers).get_json()
    assert (answer["order"], answer["coupon"]["source"]) == (None, "points")
    held = client.get("/api/v1/me/coupons", headers=anna.headers).get_json()["items"]
    assert [one["id"] for one in held] == [answer["coupon"]["id"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": 100}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"quantity": "1"}, "quantity"),
        ({"quantity": 1}, "address_id"),
        ({"address_id": "0123456789ab"}, "address_id"),
        ({"address_id": 7}, "address_id"),
        ({"points": 1}, "points"),
    ],
)
def test_wrong_bodies_are_refused(app: Flask, body: dict[str, Any], field: str) -> None:
    anna, mug = rich(700), offer_goods(make_sku())
    answer = app.test_client().post(f"{API}/{mug}/redemptions", json=body, headers=anna.headers)
    assert answer.status_code == 422
    assert list(answer.get_json()["details"]["fields"]) == [field]
    assert points_of(anna).available == 700


def test_members_alone_redeem_over_the_api(app: Flask) -> None:
    mug, stranger = offer_goods(make_sku()), make_person()
    client = app.test_client()
    body = {"address_id": stranger.address_id}
    assert client.post(f"{API}/{mug}/redemptions", json=body).status_code == 401
    answer = client.post(f"{API}/{mug}/redemptions", json=body, headers=stranger.headers)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "members_only")
    assert client.get(f"{API}/0123456789ab").status_code == 404


def _order_of_another(app: Flask, person: Person, item: str) -> int:
    body = {"address_id": make_person().address_id}
    return app.test_client().post(f"{API}/{item}/redemptions", json=body, headers=person.headers).status_code


def test_nobody_has_goods_sent_to_a_strangers_address(app: Flask) -> None:
    anna, mug = rich(700), offer_goods(make_sku())
    assert _order_of_another(app, anna, mug) == 422
    assert given(mug) == 0


def test_the_merchants_program_offers_and_changes_items(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, sku = merchant_client(app, monkeypatch), make_sku(price_fen=5900)
    body = {"kind": "goods", "sku_id": sku.public_id, "points": 500, "cash_fen": 990, "stock": 5}
    made = client.post(ITEMS, json=body)
    assert made.status_code == 201
    item = made.get_json()
    assert {name: item[name] for name in body} == body
    changed = client.put(f"{ITEMS}/{item['id']}", json={**body, "points": 600, "active": False}).get_json()
    assert (changed["id"], changed["points"], changed["active"]) == (item["id"], 600, False)
    assert app.test_client().get(f"{API}/{item['id']}").status_code == 404
    listed = client.get(ITEMS).get_json()
    assert ([one["id"] for one in listed["items"]], listed["next_cursor"]) == ([item["id"]], None)
    wrong = client.post(ITEMS, json={**body, "cash_fen": 5900})
    assert (wrong.status_code, list(wrong.get_json()["details"]["fields"])) == (422, ["cash"])
    swapped = {"kind": "coupon", "coupon_id": make_coupon(), "points": 5}
    assert client.put(f"{ITEMS}/{item['id']}", json=swapped).status_code == 422
    assert client.put(f"{ITEMS}/0123456789ab", json=body).status_code == 404


def test_the_merchants_program_needs_the_right(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = merchant_client(app, monkeypatch, Permission.LOYALTY_VIEW)
    assert client.get(ITEMS).status_code == 200
    assert client.post(ITEMS, json={"kind": "goods", "points": 1}).status_code == 403
    other = merchant_client(app, monkeypatch, Permission.ORDERS_VIEW)
    assert other.get(ITEMS).status_code == 403
