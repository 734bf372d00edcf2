"""Many at once: nothing is sold twice, nothing is paid twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.store.orders import services
from shopapp.store.orders.models import Order, OrderQuota, OrderStatus
from shopapp.store.payments import exchanges
from shopapp.store.payments.models import Refund
from shopapp.store.stock.services import SoldOut
from shopapp.wechat.pay import PayProblem
from shopapp.wechat.worklist.models import PayNotice
from tests.support.catalogue import make_sku, stock_of
from tests.support.orders import Store, count, events
from tests.support.pay import payment_notice
from tests.support.people import make_person

BUYERS, PIECES = 200, 50


def at_once(app: Flask, acts: list[Callable[[], None]], *, threads: int) -> None:
    """Run all acts, spread over threads that start together; an error nobody expected fails the test."""
    problems: list[BaseException] = []
    start = threading.Barrier(threads)

    def run(mine: list[Callable[[], None]]) -> None:
        start.wait()
        for act in mine:
            try:
                with app.app_context():
                    act()
                    db.session.remove()
            except BaseException as problem:
                problems.append(problem)

    workers = [threading.Thread(target=run, args=(acts[number::threads],)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []


def test_200_buyers_of_50_pieces_place_exactly_50_orders(app: Flask) -> None:
    goods = make_sku(stock=PIECES)
    goods_id = goods.public_id
    buyers = [make_person() for _ in range(BUYERS)]
    refused: list[str] = []

    def buy(number: int) -> None:
        buyer = buyers[number]
        try:
            with transaction():
                services.place_order(
                    customer=buyer.signed_in,
                    items=[(goods_id, 1)],
                    address_id=buyer.address_id,
                    remark="",
                    now=clock.now(),
                )
        except SoldOut as problem:
            refused.append(problem.code)

    at_once(app, [lambda number=number: buy(number) for number in range(BUYERS)], threads=8)  # type: ignore[misc]
    db.session.rollback()
    assert count(Order) == PIECES
    assert len(refused) == BUYERS - PIECES
    assert stock_of(goods) == (0, PIECES)
    assert len(events("OrderPlaced")) == PIECES


def test_one_buyer_at_many_tills_stays_within_limit_and_quota(app: Flask) -> None:
    limited, plenty = make_sku(stock=50, limit_per_customer=3), make_sku(stock=50)
    limited_id, plenty_id = limited.public_id, plenty.public_id
    buyer = make_person()
    codes: list[str] = []

    def buy(sku_id: str) -> None:
        try:
            with transaction():
                services.place_order(
                    customer=buyer.signed_in,
                    items=[(sku_id, 1)],
                    address_id=buyer.address_id,
                    remark="",
                    now=clock.now(),
                )
        except ShopError as problem:
            codes.append(problem.code)

    at_once(app, [lambda: buy(limited_id)] * 8, threads=8)
    assert (stock_of(limited), codes) == ((47, 3), ["purchase_limit"] * 5)
    codes.clear()
    at_once(app, [lambda: buy(plenty_id)] * 8, threads=8)
    assert (stock_of(plenty), codes) == ((48, 2), ["too_many_unpaid"] * 6)
    db.session.rollback()
    assert db.session.query(OrderQuota.unpaid).scalar() == 5


def test_100_copies_of_a_notice_with_queries_and_a_cancel_make_one_payment(app: Flask) -> None:
    store, buyer, goods = Store.open(app), make_person(), make_sku(stock=9)
    order = store.order(by=buyer, of={goods.public_id: 2})
    trade = store.pay.pay(store.start(order, by=buyer), at=clock.now())
    same, other = payment_notice(trade, notice_id="EV-1"), payment_notice(trade, notice_id="EV-2")
    statuses: list[int] = []

    def cancel() -> None:
        try:
            exchanges.cancel_order(order_id=order.id, reason="customer", now=clock.now())
        except (ShopError, PayProblem):
            statuses.append(500)

    acts: list[Callable[[], None]] = [
        *[lambda: statuses.append(store.tell(same).status_code)] * 50,
        *[lambda: statuses.append(store.tell(other).status_code)] * 50,
        *[lambda: exchanges.follow(trade, now=clock.now()) and None] * 10,  # type: ignore[list-item]
        *[cancel] * 3,
    ]
    random.Random(7).shuffle(acts)
    at_once(app, acts, threads=8)
    assert set(statuses) == {204}
    assert store.again(order).status is OrderStatus.PAID
    assert len(events("OrderPaid")) == 1
    assert events("OrderCancelled") == []
    assert stock_of(goods) == (7, 0)
    assert (count(PayNotice), count(Refund)) == (2, 0)


def test_cancel_and_payment_at_the_same_moment_leave_one_of_the_two(app: Flask) -> None:
    store, goods = Store.open(app), make_sku(stock=20)
    for _ in range(8):
        buyer = make_person()
        order = store.order(by=buyer, of={goods.public_id: 1})
        number = store.start(order, by=buyer)

        def pay(number: str = number) -> None:
            try:
                trade = store.pay.pay(number, at=clock.now())
            except PayProblem:
                return
            assert store.tell_paid(trade).status_code == 204

        def cancel(order_id: int = order.id) -> None:
            exchanges.cancel_order(order_id=order_id, reason="customer", now=clock.now())

        at_once(app, [pay, cancel], threads=2)
        order = store.again(order)
        assert order.status in (OrderStatus.PAID, OrderStatus.CANCELLED)
        paid = store.pay.orders[number].state.paid
        assert (order.status is OrderStatus.PAID) is paid
        assert store.refunds(order) == []
    free, held = stock_of(goods)
    assert held == 0
    assert free == 20 - len(events("OrderPaid"))
