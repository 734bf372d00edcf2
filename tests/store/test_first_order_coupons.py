"""A customer's first order that was kept brings the coupons that wait for it, once."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock as shop_clock
from shopapp.kernel import outbox
from shopapp.kernel.db import db, transaction
from shopapp.kernel.http import found
from shopapp.loyalty.coupons.content import CouponStatus, Giving, Moment
from shopapp.loyalty.coupons.models import CustomerCoupon
from shopapp.store.aftersales import services as aftersales
from shopapp.store.orders import queries as orders
from shopapp.store.orders.jobs import close_returns
from tests.support.clocks import ShopClock
from tests.support.coupons import make_coupon
from tests.support.orders import Store, ship
from tests.support.people import Person, make_person


def complete(store: Store, buyer: Person) -> str:
    order = store.paid_order(by=buyer)
    ship(order, waybill=f"SF{order.no[-10:]}")
    answer = store.client.post(f"/api/v1/orders/{order.no}/receipt", headers=buyer.headers)
    assert answer.get_json()["status"] == "completed"
    outbox.deliver_due(now=shop_clock.now())
    return order.no


def close(clock: ShopClock) -> None:
    """The time for returns of all that was received so far is over."""
    clock.forward(days=8)
    close_returns(shop_clock.now())
    outbox.deliver_due(now=shop_clock.now())


def take_back(no: str) -> None:
    order = found(orders.order_by_no(no=no))
    with transaction():
        aftersales.refund_lines(
            no=no,
            lines={line.public_id: line.quantity for line in order.lines},
            amount=None,
            reason="七天无理由",
            returned=True,
            now=shop_clock.now(),
        )


def coupons_of(buyer: Person) -> list[CustomerCoupon]:
    db.session.rollback()
    db.session.expire_all()
    mine = select(CustomerCoupon).filter_by(customer_id=buyer.id).order_by(CustomerCoupon.id)
    return list(db.session.scalars(mine))


def test_the_first_order_that_is_kept_brings_them_and_the_second_does_not(
    app: Flask, clock: ShopClock
) -> None:
    store, buyer = Store.open(app), make_person()
    waiting = [make_coupon(giving=Giving.PUSH, moment=Moment.FIRST_ORDER) for _ in range(2)]
    make_coupon(giving=Giving.PUSH, moment=Moment.JOINED)
    unfinished = store.paid_order(by=buyer)
    first = complete(store, buyer)
    assert coupons_of(buyer) == []
    close(clock)
    held = coupons_of(buyer)
    assert [(one.source, one.earned_by) for one in held] == [(Giving.PUSH, first)] * len(waiting)
    later = make_coupon(giving=Giving.PUSH, moment=Moment.FIRST_ORDER)
    complete(store, buyer)
    close(clock)
    assert [one.id for one in coupons_of(buyer)] == [one.id for one in held]
    assert (unfinished.no != first, later in waiting) == (True, False)


def test_an_order_that_went_back_brings_nothing_and_the_next_one_does(app: Flask, clock: ShopClock) -> None:
    store, buyer = Store.open(app), make_person()
    make_coupon(giving=Giving.PUSH, moment=Moment.FIRST_ORDER)
    take_back(complete(store, buyer))
    close(clock)
    assert coupons_of(buyer) == []
    second = complete(store, buyer)
    close(clock)
    assert [one.earned_by for one in coupons_of(buyer)] == [second]


def test_of_two_orders_that_close_at_once_one_is_the_first(app: Flask, clock: ShopClock) -> None:
    store, buyer = Store.open(app), make_person()
    make_coupon(giving=Giving.PUSH, moment=Moment.FIRST_ORDER)
    first = complete(store, buyer)
    complete(store, buyer)
    close(clock)
    assert [one.earned_by for one in coupons_of(buyer)] == [first]


def test_they_go_with_the_order_if_it_is_taken_back_later_all_the_same(app: Flask, clock: ShopClock) -> None:
    store, buyer = Store.open(app), make_person()
    make_coupon(giving=Giving.PUSH, moment=Moment.FIRST_ORDER)
    first = complete(store, buyer)
    close(clock)
    take_back(first)
    assert [one.status for one in coupons_of(buyer)] == [CouponStatus.REVOKED]
