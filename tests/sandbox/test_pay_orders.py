"""Orders: what may be placed, paid, queried and closed, and who is told."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox import clock, deliveries, faults, pay, settings
from sandbox.pay import crypto, moments
from tests.sandbox.pay_shop import (
    KEYS,
    MERCHANT,
    NOTIFY,
    ORDERS,
    PASSWORD,
    PayShop,
    opened,
    refusal,
    signature_holds,
)

Outcome = pay.Outcome
NUMBER = "T20260101000001"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PayShop:
    return PayShop.open(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "changes",
    [
        {"description": None},
        {"description": ""},
        {"description": "长" * 128},
        {"description": 5},
        {"mchid": "1900000002"},
        {"mchid": None},
        {"appid": None},
        {"notify_url": None},
        {"notify_url": "http://shop.example.com/pay/notify"},
        {"notify_url": NOTIFY + "?a=1"},
        {"notify_url": "https://"},
        {"notify_url": "https://shop.example.com/" + "a" * 240},
        {"out_trade_no": "12345"},
        {"out_trade_no": "1" * 33},
        {"out_trade_no": "T2026/0101"},
        {"out_trade_no": "单号2026010100"},
        {"amount": None},
        {"amount": {"total": 0}},
        {"amount": {"total": "1234"}},
        {"amount": {"total": 12.34}},
        {"amount": {"total": True}},
        {"amount": {"total": 1234, "currency": "USD"}},
        {"payer": None},
        {"payer": {}},
        {"payer": {"openid": "oOfAnotherAccount"}},
        {"attach": "a" * 129},
        {"time_expire": "2026-01-01 10:00:00"},
        {"time_expire": "2026-01-01T10:00:00"},
        {"time_expire": "2026-13-01T10:00:00+08:00"},
        {"time_expire": "2020-01-01T10:00:00+08:00"},
        {"scene_info": {}},
        {"settle_info": {"profit_sharing": "yes"}},
        {"detail": {"goods_detail": [{"merchant_goods_id": "1", "quantity": 0, "unit_price": 1}]}},
        {"detail": {"goods_detail": {}}},
    ],
)
def test_an_order_with_a_wrong_field_is_refused(shop: PayShop, changes: dict[str, Any]) -> None:
    body = shop.order(**changes)
    assert refusal(shop.post(f"{ORDERS}/jsapi", body)) == (400, "PARAM_ERROR")
    assert pay.open_orders(shop.openid) == []


def test_another_appid_is_not_bound_to_the_merchant(shop: PayShop) -> None:
    answer = shop.post(f"{ORDERS}/jsapi", shop.order(appid="wxffffffffffffffff"))
    assert refusal(answer) == (400, "APPID_MCHID_NOT_MATCH")


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "长" * 127},
        {"out_trade_no": "a_b-c|"},
        {"out_trade_no": "*" + "9" * 31},
        {"amount": {"total": 1}},
        {"notify_url": "http://localhost:8000/pay/notify"},
        {"attach": "x" * 128, "goods_tag": "VIP", "support_fapiao": False},
        {"scene_info": {"payer_client_ip": "127.0.0.1"}, "settle_info": {"profit_sharing": False}},
        {"detail": {"goods_detail": [{"merchant_goods_id": "1", "quantity": 2, "unit_price": 1}]}},
    ],
)
def test_an_order_at_the_edge_of_the_rules_is_taken(shop: PayShop, changes: dict[str, Any]) -> None:
    answer = shop.post(f"{ORDERS}/jsapi", shop.order(**changes))
    assert answer.status_code == 200
    assert answer.json["prepay_id"].startswith("wx")


def test_the_same_order_again_gets_a_fresh_prepay_id(shop: PayShop) -> None:
    first, second = shop.place(), shop.place()
    assert first != second
    assert len(pay.open_orders(shop.openid)) == 1
    assert pay.pay(first, shop.openid, PASSWORD) is Outcome.OK
    assert pay.pay(second, shop.openid, PASSWORD) is Outcome.ALREADY_DONE
    assert shop.purse() == 500_000 - 1234


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": {"total": 1235, "currency": "CNY"}},
        {"description": "另一件商品"},
        {"notify_url": NOTIFY + "/2"},
        {"attach": "x"},
        {"time_expire": "2099-01-01T10:00:00+08:00"},
    ],
)
def test_the_same_number_with_other_values_is_refused(shop: PayShop, changes: dict[str, Any]) -> None:
    shop.place()
    answer = shop.post(f"{ORDERS}/jsapi", shop.order(**changes))
    assert refusal(answer) == (400, "INVALID_REQUEST")
    assert shop.look()["amount"]["total"] == 1234


def test_a_paid_order_can_be_neither_placed_nor_closed(shop: PayShop) -> None:
    shop.sell()
    assert refusal(shop.post(f"{ORDERS}/jsapi", shop.order())) == (400, "ORDERPAID")
    close = f"{ORDERS}/out-trade-no/{NUMBER}/close"
    assert refusal(shop.post(close, {"mchid": KEYS["merchant_mchid"]})) == (400, "ORDERPAID")
    assert shop.look()["trade_state"] == "SUCCESS"


def test_a_closed_order_can_be_neither_paid_nor_placed(shop: PayShop) -> None:
    prepay_id = shop.place()
    close = f"{ORDERS}/out-trade-no/{NUMBER}/close"
    assert refusal(shop.post(close, {})) == (400, "PARAM_ERROR")
    answer = shop.post(close, {"mchid": KEYS["merchant_mchid"]})
    assert (answer.status_code, answer.data) == (204, b"")
    assert shop.look()["trade_state"] == "CLOSED"
    assert pay.pay(prepay_id, shop.openid, PASSWORD) is Outcome.CLOSED
    assert refusal(shop.post(f"{ORDERS}/jsapi", shop.order())) == (400, "ORDER_CLOSED")
    assert refusal(shop.post(close, {"mchid": KEYS["merchant_mchid"]})) == (400, "ORDER_CLOSED")
    assert shop.purse() == 500_000
    shop.later(1)
    assert shop.notices == []


def test_an_unknown_order_is_not_found(shop: PayShop) -> None:
    query = f"?mchid={KEYS['merchant_mchid']}"
    assert refusal(shop.get(f"{ORDERS}/out-trade-no/T000000{query}")) == (404, "ORDER_NOT_EXIST")
    assert refusal(shop.get(f"{ORDERS}/id/42000{query}")) == (404, "ORDER_NOT_EXIST")
    assert refusal(shop.get(f"{ORDERS}/id/42000")) == (400, "PARAM_ERROR")


def test_a_prepay_id_lives_two_hours(shop: PayShop) -> None:
    first = shop.place()
    shop.later(7_201)
    assert pay.pay(first, shop.openid, PASSWORD) is Outcome.EXPIRED
    assert pay.pay(shop.place(), shop.openid, PASSWORD) is Outcome.OK


def expiry(seconds: float) -> str:
    return moments.rfc3339(clock.timestamp() + seconds)


def test_an_order_ends_at_its_expiry(shop: PayShop) -> None:
    until = expiry(600)
    prepay_id = shop.place(time_expire=until)
    shop.place(time_expire=until)
    shop.place()
    shop.later(601)
    assert pay.pay(prepay_id, shop.openid, PASSWORD) is Outcome.EXPIRED
    assert refusal(shop.post(f"{ORDERS}/jsapi", shop.order(time_expire=until))) == (400, "INVALID_REQUEST")
    assert shop.look()["trade_state"] == "NOTPAY"
    assert shop.purse() == 500_000


def test_an_expiry_under_a_minute_is_raised_to_one(shop: PayShop) -> None:
    prepay_id = shop.place(time_expire=expiry(10))
    shop.later(50)
    assert pay.pay(prepay_id, shop.openid, PASSWORD) is Outcome.OK


@pytest.mark.parametrize(("asked", "days"), [(None, 7), (200, 90)])
def test_expiry_has_a_default_and_a_limit(shop: PayShop, asked: int | None, days: int) -> None:
    until = None if asked is None else expiry(asked * moments.DAY)
    shop.place(time_expire=until)
    shop.later(days * moments.DAY - 60)
    assert pay.pay(shop.place(time_expire=until), shop.openid, PASSWORD) is Outcome.OK
    shop.place("T20260101000002", time_expire=expiry(asked * moments.DAY) if asked else None)
    shop.later(days * moments.DAY + 60)
    assert refusal(shop.post(f"{ORDERS}/jsapi", shop.order("T20260101000002", time_expire=until)))[0] == 400


def test_paying_moves_the_money_and_tells_the_shop(shop: PayShop) -> None:
    before = pay.merchant_balance("BASIC")
    order = shop.sell(attach="cart-7")
    assert shop.purse() == 500_000 - 1234
    assert pay.merchant_balance("BASIC") == before + 1234 - 7
    assert order["trade_state"] == "SUCCESS"
    assert order["amount"] == {"total": 1234, "payer_total": 1234, "currency": "CNY", "payer_currency": "CNY"}
    assert order["payer"] == {"openid": shop.openid}
    by_id = shop.get(f"{ORDERS}/id/{order['transaction_id']}?mchid={KEYS['merchant_mchid']}").json
    assert by_id == order
    deliveries.tick()
    notice, resource = opened(shop.notices[0])
    assert shop.notices[0].url == NOTIFY
    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    assert notice["resource_type"] == "encrypt-resource"
    assert notice["resource"]["original_type"] == notice["resource"]["associated_data"] == "transaction"
    assert resource == order
    shop.later(90_000)
    assert len(shop.notices) == 1


@pytest.mark.parametrize("password", ["000000", "12345", "1234567", "abcdef", "１２３４５６", ""])
def test_a_wrong_password_takes_nothing(shop: PayShop, password: str) -> None:
    prepay_id = shop.place()
    assert pay.pay(prepay_id, shop.openid, password) is Outcome.WRONG_PASSWORD
    assert shop.purse() == 500_000
    assert shop.look()["trade_state"] == "NOTPAY"
    assert pay.pay(prepay_id, shop.openid, PASSWORD) is Outcome.OK


def test_an_empty_purse_and_a_stranger_can_not_pay(shop: PayShop) -> None:
    prepay_id = shop.place()
    assert pay.pay(prepay_id, "oStranger", PASSWORD) is Outcome.NOT_YOURS
    assert pay.pay("wx-unknown", shop.openid, PASSWORD) is Outcome.UNKNOWN
    pay.set_user_balance(shop.openid, 1233)
    assert pay.pay(prepay_id, shop.openid, PASSWORD) is Outcome.INSUFFICIENT_FUNDS
    assert shop.purse() == 1233
    pay.set_user_balance(shop.openid, 1234)
    assert pay.pay(prepay_id, shop.openid, PASSWORD) is Outcome.OK
    assert shop.purse() == 0


def page_call(prepay_id: str, **changes: str) -> dict[str, str]:
    """What a shop's page hands to the payment call."""
    params = {
        "appId": settings.current().appid,
        "timeStamp": str(int(clock.timestamp())),
        "nonceStr": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
        "package": f"prepay_id={prepay_id}",
    }
    content = crypto.message(*params.values())
    return params | {"signType": "RSA", "paySign": crypto.sign(key=MERCHANT, content=content)} | changes


def test_the_page_call_is_checked(shop: PayShop) -> None:
    params = page_call(shop.place())
    assert pay.check_paysign(params) is None
    for name, value in [
        ("appId", "wxffffffffffffffff"),
        ("timeStamp", "1767225601"),
        ("timeStamp", "now"),
        ("nonceStr", "other"),
        ("package", "prepay_id=wx-other"),
        ("package", "wx-other"),
        ("signType", "MD5"),
        ("paySign", "AAAA"),
        ("paySign", ""),
    ]:
        assert pay.check_paysign(params | {name: value}) is not None, name
    assert pay.check_paysign(page_call("wx-never-issued")) is not None


def test_the_cashier_page_takes_the_password(shop: PayShop) -> None:
    params = page_call(shop.place())
    shop.client.set_cookie("sandbox_user", shop.openid)
    page = shop.client.get("/cashier", query_string=params)
    assert "12.34" in page.text
    assert "data-entry" in page.text
    wrong = shop.client.post("/cashier/pay", json={"params": params, "password": "000000"})
    assert wrong.json["outcome"] == "wrong_password"
    good = shop.client.post("/cashier/pay", json={"params": params, "password": PASSWORD})
    assert good.json["outcome"] == "ok"
    assert shop.look()["trade_state"] == "SUCCESS"
    assert "data-entry" not in shop.client.get("/cashier", query_string=params).text


def test_the_cashier_page_asks_no_password_when_it_can_not_pay(shop: PayShop) -> None:
    params = page_call(shop.place())
    shop.client.set_cookie("sandbox_user", shop.openid)
    forged = shop.client.get("/cashier", query_string=params | {"nonceStr": "other"})
    assert "支付验证签名失败" in forged.text
    refused = shop.client.post(
        "/cashier/pay", json={"params": params | {"nonceStr": "x"}, "password": PASSWORD}
    )
    assert refused.json["outcome"] == "unknown"
    pay.set_user_balance(shop.openid, 5)
    assert "零钱余额不足" in shop.client.get("/cashier", query_string=params).text
    shop.client.set_cookie("sandbox_user", "oStranger")
    for page in (forged, shop.client.get("/cashier", query_string=params)):
        assert "data-entry" not in page.text
    assert shop.look()["trade_state"] == "NOTPAY"


def test_a_refused_notice_is_sent_again_on_the_platforms_schedule(shop: PayShop) -> None:
    shop.answers = [500] * 16
    shop.sell()
    deliveries.tick()
    pauses = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]
    for count, pause in enumerate(pauses, start=1):
        shop.later(pause - 2)
        assert len(shop.notices) == count
        shop.later(3)
        assert len(shop.notices) == count + 1
    shop.later(100_000)
    assert len(shop.notices) == 16
    assert len({n.headers["Wechatpay-Nonce"] for n in shop.notices}) == 16
    assert {n.body for n in shop.notices} == {shop.notices[0].body}
    assert all(signature_holds(n.headers, n.body) for n in shop.notices)
    first, last = (int(n.headers["Wechatpay-Timestamp"]) for n in (shop.notices[0], shop.notices[-1]))
    assert last - first >= sum(pauses) - 5


def test_a_received_notice_is_not_repeated_even_with_code_fail(shop: PayShop) -> None:
    shop.answers = [200]
    shop.sell()
    deliveries.tick()
    shop.later(90_000)
    assert len(shop.notices) == 1


def test_faults_double_lose_and_delay_notices(shop: PayShop) -> None:
    faults.arm("notice_duplicate")
    shop.sell()
    deliveries.tick()
    first, second = (opened(n)[0] for n in shop.notices)
    assert first["id"] == second["id"]
    faults.arm("notice_lost")
    shop.sell("T20260101000002")
    shop.later(90_000)
    assert len(shop.notices) == 2
    faults.arm("notice_late")
    shop.sell("T20260101000003")
    shop.later(5)
    assert len(shop.notices) == 2
    shop.later(60)
    assert len(shop.notices) == 3


def test_a_later_notice_may_overtake_an_earlier_one(shop: PayShop) -> None:
    faults.arm("notice_reordered")
    shop.sell("T20260101000001")
    shop.sell("T20260101000002")
    deliveries.tick()
    shop.later(60)
    numbers = [opened(n)[1]["out_trade_no"] for n in shop.notices]
    assert numbers == ["T20260101000002", "T20260101000001"]


@pytest.mark.parametrize("fault", ["notice_forged", "notice_signtest"])
def test_a_false_notice_comes_before_the_true_one(shop: PayShop, fault: str) -> None:
    faults.arm(fault)
    shop.answers = [401]
    shop.sell()
    deliveries.tick()
    false, true = shop.notices
    assert not signature_holds(false.headers, false.body)
    assert false.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/") == (
        fault == "notice_signtest"
    )
    assert opened(true)[1]["trade_state"] == "SUCCESS"
    shop.later(90_000)
    assert len(shop.notices) == 2
    assert "商户拒收，正确" in json.dumps(deliveries.listing(), ensure_ascii=False)


def test_many_taps_at_once_pay_once(shop: PayShop) -> None:
    prepay_ids = [shop.place() for _ in range(4)]
    with ThreadPoolExecutor(max_workers=4) as hands:
        outcomes = list(hands.map(lambda prepay_id: pay.pay(prepay_id, shop.openid, PASSWORD), prepay_ids))
    assert sorted(outcomes) == [Outcome.ALREADY_DONE] * 3 + [Outcome.OK]
    assert shop.purse() == 500_000 - 1234
    deliveries.tick()
    assert len(shop.notices) == 1


def test_the_lost_answer_waits_for_a_change(shop: PayShop) -> None:
    shop.place()
    faults.arm("pay_timeout_after_effect")
    assert shop.look()["trade_state"] == "NOTPAY"
    assert shop.post(f"{ORDERS}/jsapi", shop.order()).status_code == 504
