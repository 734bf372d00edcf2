"""Paying: once, whatever is told how often and in which order."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.jobs import registry
from shopapp.kernel.money import Money
from shopapp.store.orders.models import OrderStatus
from shopapp.store.payments import exchanges
from shopapp.store.payments.exchanges import Fate, PayRefused, PayUnavailable
from shopapp.store.payments.models import PaymentStatus
from shopapp.wechat.pay import FollowOrder, RateLimited, Refused, SettingsRefused, Trade, TradeState, Unknown
from shopapp.wechat.worklist.models import PayNotice
from shopapp.wechat.worklist.queries import worklist
from tests.support.catalogue import make_sku, stock_of
from tests.support.clocks import ShopClock
from tests.support.orders import Store, count, events
from tests.support.pay import KEYS, payment_notice
from tests.support.people import Person, make_person


@pytest.fixture
def store(app: Flask) -> Store:
    return Store.open(app)


@pytest.fixture
def buyer(app: Flask) -> Person:
    return make_person()


def run(job: str) -> int:
    return registry()[job].run(clock.now())


def test_a_purchase_from_order_to_paid(store: Store, buyer: Person) -> None:
    goods = make_sku(price_fen=5900, stock=10)
    order = store.order(by=buyer, of={goods.public_id: 2})
    assert stock_of(goods) == (8, 2)
    number = store.start(order, by=buyer)
    assert store.pay.orders[number].amount == Money(2 * 5900)
    assert store.tell_paid(store.pay.pay(number, at=clock.now())).status_code == 204
    order = store.again(order)
    assert (order.status, order.paid) == (OrderStatus.PAID, Money(11800))
    assert stock_of(goods) == (8, 0)
    assert [payment.status for payment in store.attempts(order)] == [PaymentStatus.PAID]
    assert events("OrderPaid") == [{"order_id": order.id, "customer_id": buyer.id, "paid_fen": 11800}]
    assert store.refunds(order) == []


def test_over_the_api_the_cashier_gets_a_signed_request(store: Store, buyer: Person) -> None:
    order = store.order(by=buyer)
    answer = store.client.post(f"/api/v1/orders/{order.no}/payment", headers=buyer.headers)
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert set(told["jsapi"]) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    (number,) = store.pay.orders
    assert told["jsapi"]["package"] == f"prepay_id={store.pay.orders[number].prepay_ids[0]}"
    assert told["expires_at"] == order.expires_at.isoformat()


def test_a_stranger_cannot_pay_or_see_the_order(store: Store, buyer: Person) -> None:
    order, stranger = store.order(by=buyer), make_person()
    for answer in (
        store.client.post(f"/api/v1/orders/{order.no}/payment", headers=stranger.headers),
        store.client.post(f"/api/v1/orders/{order.no}/cancel", headers=stranger.headers),
        store.client.post(f"/api/v1/orders/{order.no}/receipt", headers=stranger.headers),
        store.client.get(f"/api/v1/orders/{order.no}", headers=stranger.headers),
    ):
        assert answer.status_code == 404
    assert store.pay.calls == []


def test_asking_again_opens_the_same_attempt(store: Store, buyer: Person, clock: ShopClock) -> None:
    order = store.order(by=buyer)
    first = store.start(order, by=buyer)
    clock.forward(minutes=5)
    assert store.start(order, by=buyer) == first
    assert [call for call, _ in store.pay.calls] == ["prepay"]


def test_another_account_of_the_person_gets_an_attempt_of_its_own(store: Store, buyer: Person) -> None:
    from dataclasses import replace

    order = store.order(by=buyer)
    store.start(order, by=buyer)
    exchanges.start_payment(
        no=order.no, customer=replace(buyer.signed_in, openid="oTEST_other"), now=clock.now()
    )
    assert [payment.openid for payment in store.attempts(order)] == [buyer.signed_in.openid, "oTEST_other"]


@pytest.mark.parametrize("after_effect", [False, True])
def test_after_no_answer_the_same_number_is_asked_for_again(
    store: Store, buyer: Person, after_effect: bool
) -> None:
    order = store.order(by=buyer)
    store.pay.fail("prepay", Unknown("NO_ANSWER"), after_effect=after_effect)
    answer = store.client.post(f"/api/v1/orders/{order.no}/payment", headers=buyer.headers)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "pay_unavailable")
    store.start(order, by=buyer)
    assert len({number for _, number in store.pay.calls}) == 1
    assert [payment.status for payment in store.attempts(order)] == [PaymentStatus.OPEN]


def test_a_number_that_the_platform_closed_gives_way_to_a_new_one(store: Store, buyer: Person) -> None:
    order = store.order(by=buyer)
    store.pay.fail("prepay", Unknown("NO_ANSWER"), after_effect=True)
    with pytest.raises(PayUnavailable):
        store.start(order, by=buyer)
    (first,) = store.pay.orders
    store.pay.orders[first].state = TradeState.CLOSED
    second = store.start(order, by=buyer)
    assert second != first
    assert [payment.status for payment in store.attempts(order)] == [PaymentStatus.CLOSED, PaymentStatus.OPEN]


def test_the_cashier_names_what_is_bought(store: Store, buyer: Person) -> None:
    one, other = make_sku(title="洗衣液"), make_sku(title="奶瓶")
    for wanted, words in (
        ({one.public_id: 1}, "回头小店-洗衣液"),
        ({one.public_id: 2}, "回头小店-洗衣液 ×2"),
        ({one.public_id: 1, other.public_id: 1}, "回头小店-洗衣液 等 2 种"),
    ):
        store.start(store.order(by=buyer, of=wanted), by=buyer)
        assert list(store.pay.orders.values())[-1].description == words


def test_a_number_that_turns_out_paid_needs_no_cashier(store: Store, buyer: Person) -> None:
    order = store.order(by=buyer)
    store.pay.fail("prepay", Unknown("NO_ANSWER"), after_effect=True)
    with pytest.raises(PayUnavailable):
        store.start(order, by=buyer)
    (number,) = store.pay.orders
    store.pay.pay(number, at=clock.now())
    answer = store.client.post(f"/api/v1/orders/{order.no}/payment", headers=buyer.headers)
    assert answer.get_json() == {"paid": True}
    assert store.again(order).status is OrderStatus.PAID


def test_a_refusal_for_good_closes_the_attempt_and_says_so(store: Store, buyer: Person) -> None:
    order = store.order(by=buyer)
    store.pay.fail("prepay", Refused("PARAM_ERROR", status=400))
    with pytest.raises(PayRefused):
        store.start(order, by=buyer)
    assert [payment.status for payment in store.attempts(order)] == [PaymentStatus.CLOSED]
    assert store.again(order).status is OrderStatus.UNPAID
    store.start(order, by=buyer)


@pytest.mark.parametrize("problem", [RateLimited("FREQUENCY_LIMITED"), SettingsRefused("SIGN_ERROR")])
def test_what_passes_or_is_ours_to_mend_leaves_the_attempt_open(
    store: Store, buyer: Person, problem: Exception
) -> None:
    order = store.order(by=buyer)
    store.pay.fail("prepay", problem)  # type: ignore[arg-type]
    with pytest.raises(PayUnavailable):
        store.start(order, by=buyer)
    assert [payment.status for payment in store.attempts(order)] == [PaymentStatus.CREATED]


def test_repeats_in_any_order_make_one_payment(store: Store, buyer: Person) -> None:
    order = store.order(by=buyer)
    number = store.start(order, by=buyer)
    trade = store.pay.pay(number, at=clock.now())
    assert exchanges.follow(trade, now=clock.now()) is Fate.PAID
    body = payment_notice(trade, notice_id="EV-1")
    for _ in range(3):
        assert store.tell(body).status_code == 204
    assert store.tell_paid(trade, notice_id="EV-2").status_code == 204
    assert exchanges.follow(trade, now=clock.now()) is Fate.PAID
    assert len(events("OrderPaid")) == 1
    assert count(PayNotice) == 2
    assert worklist() == []
    assert store.refunds(order) == []


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {"total": 1, "currency": "CNY"}},
        {"amount": {"total": 5901, "currency": "CNY"}},
        {"amount": {"total": 5900, "currency": "USD"}},
        {"appid": "wx9999999999999999"},
        {"mchid": "1900000002"},
        {"transaction_id": ""},
        {"trade_state": "WON"},
    ],
    ids=str,
)
def test_a_notice_that_does_not_fit_moves_nothing_and_stays_on_the_worklist(
    store: Store, buyer: Person, change: dict[str, Any]
) -> None:
    goods = make_sku(price_fen=5100)
    order = store.order(by=buyer, of={goods.public_id: 1})
    assert order.total == Money(5900)
    number = store.start(order, by=buyer)
    answer = store.tell_paid(store.pay.pay(number, at=clock.now()), **change)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "FAIL"
    assert store.again(order).status is OrderStatus.UNPAID
    assert stock_of(goods) == (9, 1)
    assert events("OrderPaid") == []
    (entry,) = worklist()
    assert (entry.number, entry.state.value) == (number, "wrong")


def test_a_notice_about_an_unknown_order_is_kept_and_asked_for_again(store: Store) -> None:
    trade = Trade(
        appid="wx0123456789abcdef",
        mchid=KEYS["merchant_mchid"],
        out_trade_no="202601010000000009",
        state=TradeState.SUCCESS,
        transaction_id="42",
        total=Money(1),
        paid_at=clock.now(),
        openid="o1",
    )
    for _ in range(2):
        assert store.tell_paid(trade, notice_id="EV-9").status_code == 404
    (entry,) = worklist()
    assert (entry.number, entry.state.value) == ("202601010000000009", "unknown_order")


@pytest.mark.parametrize(
    "headers",
    [
        {"Wechatpay_Signature": "WECHATPAY/SIGNTEST/abc"},
        {"Wechatpay_Signature": "AAAA"},
        {"Wechatpay_Serial": "PUB_KEY_ID_1"},
        {"Wechatpay_Timestamp": "1767225600"},
    ],
    ids=str,
)
def test_a_forged_notice_is_refused_and_leaves_nothing(
    store: Store, buyer: Person, headers: dict[str, str]
) -> None:
    order = store.order(by=buyer)
    trade = store.pay.pay(store.start(order, by=buyer), at=clock.now())
    answer = store.tell(payment_notice(trade), **headers)
    assert answer.status_code == 401
    assert answer.headers.get("Set-Cookie") is None
    assert store.again(order).status is OrderStatus.UNPAID
    assert count(PayNotice) == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"resource": 1}'])
@pytest.mark.parametrize("kind", ["payment", "refund", "transfer"])
def test_signed_junk_is_no_error_of_ours(store: Store, kind: str, body: bytes) -> None:
    assert store.tell(body, kind=kind).status_code == 400
    assert count(PayNotice) == 0


def test_junk_addresses_and_methods_of_notices_are_refused(store: Store) -> None:
    assert store.tell(b"{}", kind="gift").status_code == 404
    assert store.client.get("/wechat/pay/notice/payment").status_code == 405


def test_a_free_order_is_paid_without_the_platform(store: Store, buyer: Person) -> None:
    from shopapp.kernel import preferences
    from shopapp.kernel.db import transaction

    with transaction():
        preferences.write("freight.fen", 0)
    order = store.order(by=buyer, price_fen=0)
    assert store.again(order).status is OrderStatus.PAID
    answer = store.client.post(f"/api/v1/orders/{order.no}/payment", headers=buyer.headers)
    assert answer.get_json() == {"paid": True}
    assert events("OrderPaid") == [{"order_id": order.id, "customer_id": buyer.id, "paid_fen": 0}]
    assert store.pay.calls == []
    assert store.attempts(order) == []


def test_the_same_key_gives_the_same_request_again(store: Store, buyer: Person) -> None:
    order = store.order(by=buyer)
    headers = {**buyer.headers, "Idempotency-Key": "pay-1"}
    first = store.client.post(f"/api/v1/orders/{order.no}/payment", headers=headers)
    second = store.client.post(f"/api/v1/orders/{order.no}/payment", headers=headers)
    assert first.get_json() == second.get_json()
    assert [call for call, _ in store.pay.calls] == ["prepay"]
    other = store.order(by=buyer)
    conflict = store.client.post(f"/api/v1/orders/{other.no}/payment", headers=headers)
    assert (conflict.status_code, conflict.get_json()["code"]) == (409, "idempotency_conflict")


def test_orders_that_follow_the_platform_are_told_by_query(store: Store, buyer: Person) -> None:
    order = store.order(by=buyer)
    store.pay.fail("prepay", FollowOrder("OUT_TRADE_NO_USED", status=403))
    store.start(order, by=buyer)
    assert [payment.status.value for payment in store.attempts(order)] == ["closed", "open"]
