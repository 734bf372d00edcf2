"""The process dies between any two steps: jobs and the next caller make it good, nothing is lost or done twice."""

from __future__ import annotations

import pytest
from flask import Flask

from shopapp.kernel import clock as kernel_clock
from shopapp.kernel import db as kernel_db
from shopapp.kernel.jobs import registry
from shopapp.store.aftersales import services as aftersales
from shopapp.store.orders.models import OrderStatus
from shopapp.store.payments import exchanges
from shopapp.store.payments.models import PaymentStatus, RefundState
from tests.support.catalogue import make_sku, stock_of
from tests.support.clocks import ShopClock
from tests.support.dying import die_at, killed_at
from tests.support.orders import Store, events, lines_of
from tests.support.people import make_person

STEPS_MAX = 16


def run_all(clock: ShopClock) -> None:
    for name in ("query-payments", "close-unpaid-orders", "send-refunds"):
        registry()[name].run(clock.now())


@pytest.mark.parametrize("step", range(1, STEPS_MAX))
def test_dying_while_getting_ready_to_pay(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    store, buyer = Store.open(app), make_person()
    order = store.order(by=buyer)
    die_at(
        store.pay,
        step,
        monkeypatch,
        lambda: exchanges.start_payment(no=order.no, customer=buyer.signed_in, now=clock.now()),
    )
    number = store.start(order, by=buyer)
    store.pay.pay(number, at=clock.now())
    clock.forward(minutes=1)
    run_all(clock)
    assert store.again(order).status is OrderStatus.PAID
    assert len(store.pay.orders) == 1
    assert len(events("OrderPaid")) == 1
    assert store.refunds(order) == []


@pytest.mark.parametrize("step", range(1, STEPS_MAX))
def test_dying_while_the_platform_tells_of_a_payment(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    store, buyer, goods = Store.open(app), make_person(), make_sku(stock=5)
    order = store.order(by=buyer, of={goods.public_id: 1})
    trade = store.pay.pay(store.start(order, by=buyer), at=clock.now())
    die_at(store.pay, step, monkeypatch, lambda: exchanges.follow(trade, now=clock.now()))
    clock.forward(minutes=1)
    run_all(clock)
    assert store.tell_paid(trade).status_code == 204
    assert store.again(order).status is OrderStatus.PAID
    assert stock_of(goods) == (4, 0)
    assert len(events("OrderPaid")) == 1


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("step", range(1, STEPS_MAX))
def test_dying_while_cancelling(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch, step: int, paid: bool
) -> None:
    store, buyer, goods = Store.open(app), make_person(), make_sku(stock=5)
    order = store.order(by=buyer, of={goods.public_id: 1})
    number = store.start(order, by=buyer)
    if paid:
        store.pay.pay(number, at=clock.now())
    clock.forward(minutes=31)
    die_at(
        store.pay,
        step,
        monkeypatch,
        lambda: exchanges.cancel_order(order_id=order.id, reason="timeout", now=clock.now()),
    )
    run_all(clock)
    order = store.again(order)
    assert order.status is (OrderStatus.PAID if paid else OrderStatus.CANCELLED)
    assert stock_of(goods) == ((4, 0) if paid else (5, 0))
    assert len(events("OrderPaid")) == paid
    assert len(events("OrderCancelled")) == (not paid)
    assert [payment.status for payment in store.attempts(order)] == [
        PaymentStatus.PAID if paid else PaymentStatus.CLOSED
    ]


@pytest.mark.parametrize("step", range(1, STEPS_MAX))
def test_dying_while_money_goes_back(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    store, buyer = Store.open(app), make_person()
    order = store.paid_order(by=buyer, pieces=2)
    (line,) = lines_of(order)

    def refund_and_send() -> None:
        with kernel_db.transaction():
            aftersales.refund_lines(
                no=order.no, lines={line.public_id: 1}, amount=None, reason="", now=clock.now()
            )
        registry()["send-refunds"].run(clock.now())

    die_at(store.pay, step, monkeypatch, refund_and_send)
    decided = bool(store.refunds(order))
    if not decided:
        refund_and_send()
    for _ in range(3):
        clock.forward(minutes=10)
        run_all(clock)
    (refund,) = store.refunds(order)
    assert refund.state is RefundState.DONE
    assert list(store.pay.refunds) == [refund.out_refund_no]
    assert [event["refund_id"] for event in events("OrderRefunded")] == [refund.id]
    assert store.again(order).refunded == refund.amount


def test_the_borders_are_where_this_file_thinks(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, buyer = Store.open(app), make_person()
    order = store.order(by=buyer)
    with killed_at(store.pay, 99, monkeypatch) as passed:
        exchanges.start_payment(no=order.no, customer=buyer.signed_in, now=kernel_clock.now())
    both = ["before commit", "after commit"]
    assert passed == [*both, "before prepay", "after prepay", *both]
    with killed_at(store.pay, 99, monkeypatch) as passed:
        exchanges.cancel_order(order_id=order.id, reason="customer", now=kernel_clock.now())
    calls = ["before close", "after close", "before query", "after query"]
    assert [step for step in passed if "commit" not in step] == calls
    assert len(passed) < STEPS_MAX
