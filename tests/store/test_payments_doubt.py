"""Late, lost and doubled payments; orders that are cancelled while somebody may be paying."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.jobs import registry
from shopapp.kernel.money import Money
from shopapp.store.orders.models import OrderStatus
from shopapp.store.payments import exchanges
from shopapp.store.payments.exchanges import Fate
from shopapp.store.payments.models import PaymentStatus, RefundState
from shopapp.store.payments.services import OrderClosed, PayTimeOver
from shopapp.wechat.pay import TradeState, Unknown
from tests.support.catalogue import make_sku, stock_of
from tests.support.clocks import ShopClock
from tests.support.orders import Store, events
from tests.support.people import Person, make_person


@pytest.fixture
def store(app: Flask) -> Store:
    return Store.open(app)


@pytest.fixture
def buyer(app: Flask) -> Person:
    return make_person()


def run(job: str) -> int:
    return registry()[job].run(clock.now())


def test_a_cancelled_or_overdue_order_cannot_be_paid(store: Store, buyer: Person, clock: ShopClock) -> None:
    cancelled, overdue = store.order(by=buyer), store.order(by=buyer)
    exchanges.cancel_order(order_id=cancelled.id, reason="customer", now=clock.now())
    with pytest.raises(OrderClosed):
        store.start(cancelled, by=buyer)
    clock.forward(minutes=31)
    with pytest.raises(PayTimeOver):
        store.start(overdue, by=buyer)
    assert store.pay.calls == []


def test_a_cancel_during_the_prepay_wins_and_gives_no_cashier(store: Store, buyer: Person) -> None:
    order = store.order(by=buyer)
    prepay = store.pay.prepay

    def slow(**asked: Any) -> str:
        exchanges.cancel_order(order_id=order.id, reason="customer", now=clock.now())
        return prepay(**asked)

    store.pay.prepay = slow  # type: ignore[method-assign]
    with pytest.raises(OrderClosed):
        store.start(order, by=buyer)
    assert [payment.status for payment in store.attempts(order)] == [PaymentStatus.CLOSED]


def test_a_late_payment_of_a_cancelled_order_goes_back_by_itself_once(store: Store, buyer: Person) -> None:
    goods = make_sku(price_fen=5900, stock=5)
    order = store.order(by=buyer, of={goods.public_id: 1})
    number = store.start(order, by=buyer)
    # The platform says closed, but the customer's bank was faster.
    assert exchanges.cancel_order(order_id=order.id, reason="timeout", now=clock.now()) is Fate.CLOSED
    store.pay.orders[number].state = TradeState.NOTPAY
    trade = store.pay.pay(number, at=clock.now())
    for notice_id in ("EV-1", "EV-2"):
        assert store.tell_paid(trade, notice_id=notice_id).status_code == 204
    order = store.again(order)
    assert (order.status, order.paid) == (OrderStatus.CANCELLED, Money(0))
    assert stock_of(goods) == (5, 0)
    assert run("send-refunds") == 1
    (refund,) = store.refunds(order)
    assert (refund.state, refund.cause.value, refund.amount) == (RefundState.DONE, "late", order.total)
    assert [call for call, _ in store.pay.calls].count("refund") == 1
    assert events("OrderPaid") == []
    assert events("OrderRefunded") == []


def test_of_two_paid_attempts_one_pays_and_the_other_goes_back(store: Store, buyer: Person) -> None:
    from dataclasses import replace

    order = store.order(by=buyer)
    first = store.start(order, by=buyer)
    exchanges.start_payment(no=order.no, customer=replace(buyer.signed_in, openid="oTEST_2"), now=clock.now())
    second = store.attempts(order)[-1].out_trade_no
    for number in (second, first):
        assert store.tell_paid(store.pay.pay(number, at=clock.now())).status_code == 204
    assert [payment.settles for payment in store.attempts(order)] == [False, True]
    (refund,) = store.refunds(order)
    assert (refund.cause.value, refund.automatic_key) == ("surplus", f"surplus:{store.attempts(order)[0].id}")
    assert store.again(order).refunded == Money(0)
    assert len(events("OrderPaid")) == 1


def test_a_lost_notice_is_made_good_by_asking(store: Store, buyer: Person, clock: ShopClock) -> None:
    order = store.order(by=buyer)
    store.pay.pay(store.start(order, by=buyer), at=clock.now())
    assert run("query-payments") == 0
    clock.forward(seconds=20)
    assert run("query-payments") == 1
    assert store.again(order).status is OrderStatus.PAID
    assert len(events("OrderPaid")) == 1


def test_questions_about_an_open_attempt_grow_rare(store: Store, buyer: Person, clock: ShopClock) -> None:
    order = store.order(by=buyer)
    store.start(order, by=buyer)
    for _ in range(60):
        clock.forward(seconds=10)
        run("query-payments")
    asked = [call for call, _ in store.pay.calls].count("query")
    assert 5 <= asked <= 8


def test_once_an_order_is_paid_its_other_attempts_are_closed(
    store: Store, buyer: Person, clock: ShopClock
) -> None:
    from dataclasses import replace

    order = store.order(by=buyer)
    first = store.start(order, by=buyer)
    exchanges.start_payment(no=order.no, customer=replace(buyer.signed_in, openid="oTEST_2"), now=clock.now())
    second = store.attempts(order)[-1].out_trade_no
    store.tell_paid(store.pay.pay(first, at=clock.now()))
    clock.forward(minutes=1)
    run("query-payments")
    assert store.pay.orders[second].state is TradeState.CLOSED
    assert [payment.status.value for payment in store.attempts(order)] == ["paid", "closed"]


def test_an_unpaid_order_is_closed_at_the_platform_and_then_here(
    store: Store, buyer: Person, clock: ShopClock
) -> None:
    goods = make_sku(stock=3)
    order = store.order(by=buyer, of={goods.public_id: 2})
    number = store.start(order, by=buyer)
    clock.forward(minutes=29)
    assert run("close-unpaid-orders") == 0
    clock.forward(minutes=2)
    assert run("close-unpaid-orders") == 1
    assert run("close-unpaid-orders") == 0
    order = store.again(order)
    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "timeout")
    assert store.pay.orders[number].state is TradeState.CLOSED
    assert stock_of(goods) == (3, 0)
    assert [event["reason"] for event in events("OrderCancelled")] == ["timeout"]


def test_an_overdue_order_that_turns_out_paid_is_paid(store: Store, buyer: Person, clock: ShopClock) -> None:
    order = store.order(by=buyer)
    store.pay.pay(store.start(order, by=buyer), at=clock.now())
    clock.forward(minutes=31)
    assert run("close-unpaid-orders") == 0
    assert store.again(order).status is OrderStatus.PAID
    assert events("OrderCancelled") == []


@pytest.mark.parametrize(("call", "after_effect"), [("close", False), ("close", True), ("query", False)])
def test_without_an_answer_nothing_is_cancelled_yet(
    store: Store, buyer: Person, clock: ShopClock, call: str, after_effect: bool
) -> None:
    order = store.order(by=buyer)
    store.start(order, by=buyer)
    store.pay.fail(call, Unknown("NO_ANSWER"), after_effect=after_effect)
    answer = store.client.post(f"/api/v1/orders/{order.no}/cancel", headers=buyer.headers)
    assert answer.status_code == 503
    assert store.again(order).status is OrderStatus.UNPAID
    answer = store.client.post(f"/api/v1/orders/{order.no}/cancel", headers=buyer.headers)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "cancelled")
    again = store.client.post(f"/api/v1/orders/{order.no}/cancel", headers=buyer.headers)
    assert again.status_code == 200
    assert len(events("OrderCancelled")) == 1


def test_a_customer_cannot_cancel_what_turns_out_paid(store: Store, buyer: Person) -> None:
    order = store.order(by=buyer)
    store.pay.pay(store.start(order, by=buyer), at=clock.now())
    answer = store.client.post(f"/api/v1/orders/{order.no}/cancel", headers=buyer.headers)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "order_paid")
    assert store.again(order).status is OrderStatus.PAID


def test_when_the_platform_is_silent_a_job_does_not_wait_for_all(store: Store, clock: ShopClock) -> None:
    for _ in range(6):
        buyer = make_person()
        store.start(store.order(by=buyer), by=buyer)
    store.pay.fail("close", Unknown("NO_ANSWER"), times=6)
    clock.forward(minutes=31)
    assert run("close-unpaid-orders") == 0
    assert [call for call, _ in store.pay.calls].count("close") == 3
