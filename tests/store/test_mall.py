"""The points mall: goods and coupons for points, who may take them, and what comes back."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from shopapp.kernel import clock, outbox, preferences
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Conflict, Invalid
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons.content import CouponStatus, Giving
from shopapp.loyalty.tiers.terms import Benefits, Level
from shopapp.members.rights import services as rights
from shopapp.store.aftersales import services as aftersales
from shopapp.store.carts import queries as cart_queries
from shopapp.store.carts import services as carts
from shopapp.store.carts.queries import CartOwner
from shopapp.store.mall import personal, services
from shopapp.store.mall.models import MallRedemption
from shopapp.store.orders import services as orders
from shopapp.store.orders.jobs import close_returns
from shopapp.store.orders.models import Order, OrderStatus, RefundStatus
from shopapp.store.payments import exchanges
from tests.support.catalogue import make_sku, stock_of
from tests.support.clocks import ShopClock
from tests.support.coupons import make_coupon
from tests.support.ledger import assert_books_hold
from tests.support.mall import (
    JOINED,
    given,
    offer_coupon,
    offer_goods,
    points_of,
    redeem,
    refused,
    rich,
    taken,
)
from tests.support.members import make_member
from tests.support.orders import Store, count, ship
from tests.support.people import make_person
from tests.support.tiers import LEVELS, save_terms, terms


def order_of(order_id: int | None) -> Order:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Order, order_id)


def deliver() -> None:
    outbox.deliver_due(now=clock.now())


def refund(order: Order, pieces: int) -> None:
    with transaction():
        aftersales.refund_lines(
            no=order.no,
            lines={order.lines[0].public_id: pieces},
            amount=None,
            reason="七天无理由",
            now=clock.now(),
        )


def to_the_last_hour_of_a_long_month(clock: ShopClock) -> None:
    """Eleven in the evening of the 31 January to come, in the shop."""
    now = clock.now().astimezone(SHOP_ZONE)
    clock.forward(seconds=(datetime(now.year + 1, 1, 31, 23, tzinfo=SHOP_ZONE) - now).total_seconds())


def test_goods_for_points_alone_are_an_order_that_is_paid_at_once(app: Flask) -> None:
    anna, sku = rich(2000), make_sku(price_fen=5900, stock=5)
    with transaction():
        preferences.write("mall.free_freight", True)
    mug = offer_goods(sku, points=600, stock=10, per_person=3)
    order = order_of(redeem(anna, mug, quantity=2).order_id)
    line = order.lines[0]
    assert (order.status, order.total, order.points, order.freight_saved.fen) == (
        OrderStatus.PAID,
        Money(0),
        1200,
        800,
    )
    assert (line.list.fen, line.pay.fen, line.points_used, line.in_mall) == (11_800, 0, 1200, True)
    assert line.reductions == [{"kind": "points", "fen": 11_800, "note": "1200"}]
    assert (line.award, line.growth, order.coupon_ids) == (0, 0, [])
    deliver()
    assert (points_of(anna).available, points_of(anna).held, points_of(anna).pending) == (800, 0, 0)
    assert stock_of(sku) == (3, 0)
    assert (given(mug), taken(anna, mug)) == (2, (2, 2))
    assert_books_hold()


def test_points_and_cash_are_held_until_the_cash_is_paid(app: Flask) -> None:
    store, anna = Store.open(app), rich(1000)
    mug = offer_goods(make_sku(price_fen=5900), points=400, cash=Money(990))
    order = order_of(redeem(anna, mug).order_id)
    assert (order.status, order.goods.fen, order.freight.fen, order.total.fen) == (
        OrderStatus.UNPAID,
        990,
        800,
        1790,
    )
    assert (points_of(anna).available, points_of(anna).held) == (600, 400)
    number = store.start(order, by=anna)
    assert store.tell_paid(store.pay.pay(number, at=clock.now())).status_code == 204
    deliver()
    assert (points_of(anna).active, points_of(anna).held, points_of(anna).pending) == (600, 0, 0)
    assert store.again(order).status is OrderStatus.PAID
    assert_books_hold()


def test_a_tiers_price_and_factor_do_not_touch_what_is_bought_with_points(app: Flask) -> None:
    with transaction():
        preferences.write("freight.fen", 0)
    cheap = Level(code="member", name="普通会员", entry=0, keep=0, benefits=Benefits(discount_bp=5000))
    anna = rich(1000)
    save_terms(terms(levels=(cheap, *LEVELS[1:])), now=clock.now())
    mug = offer_goods(make_sku(price_fen=6000), points=400, cash=Money(4000))
    line = order_of(redeem(anna, mug).order_id).lines[0]
    assert [taken["kind"] for taken in line.reductions] == ["points"]
    assert (line.pay.fen, line.award, line.growth) == (4000, 0, 0)


def test_an_unpaid_order_that_is_cancelled_gives_everything_back(app: Flask) -> None:
    store, anna, sku = Store.open(app), rich(1000), make_sku(price_fen=5900, stock=3)
    mug = offer_goods(sku, points=400, cash=Money(990), stock=2, per_person=2, per_month=2)
    order = order_of(redeem(anna, mug, quantity=2).order_id)
    assert refused(anna, mug).code == "mall_gone"
    exchanges.cancel_order(order_id=order.id, reason="customer", now=clock.now())
    deliver()
    deliver()
    assert store.again(order).status is OrderStatus.CANCELLED
    assert (points_of(anna).available, points_of(anna).held) == (1000, 0)
    assert (stock_of(sku), given(mug), taken(anna, mug)) == ((3, 0), 0, (0, 0))
    redeem(anna, mug, quantity=2)
    assert_books_hold()


def test_a_refund_of_some_pieces_gives_back_their_points_exactly_and_keeps_the_count(app: Flask) -> None:
    store, anna, sku = Store.open(app), rich(2000), make_sku(price_fen=5900, stock=5)
    mug = offer_goods(sku, points=333, cash=Money(333), stock=5)
    order = order_of(redeem(anna, mug, quantity=3).order_id)
    number = store.start(order, by=anna)
    assert store.tell_paid(store.pay.pay(number, at=clock.now())).status_code == 204
    deliver()
    left = []
    for _piece in range(2):
        refund(store.again(order), 1)
        deliver()
        left.append((points_of(anna).available, store.again(order).refunded.fen, given(mug)))
    assert left == [(2000 - 666, 333, 3), (2000 - 333, 666, 3)]
    refund(store.again(order), 1)
    deliver()
    order = store.again(order)
    assert (points_of(anna).available, order.refunded.fen) == (2000, 999 + 800)
    assert (order.status, order.refund_status) == (OrderStatus.CANCELLED, RefundStatus.ALL)
    assert (given(mug), taken(anna, mug), stock_of(sku)) == (0, (0, 0), (5, 0))
    assert_books_hold()


def test_goods_that_left_the_house_stay_counted_when_they_come_back(app: Flask) -> None:
    with transaction():
        preferences.write("freight.fen", 0)
    anna = rich(1000)
    mug = offer_goods(make_sku(), points=400, per_person=1)
    order = order_of(redeem(anna, mug).order_id)
    deliver()
    ship(order, waybill="SF123456")
    refund(order_of(order.id), 1)
    deliver()
    assert points_of(anna).available == 1000
    assert given(mug) == 1
    assert refused(anna, mug).code == "mall_limit"
    assert_books_hold()


def test_an_order_of_the_mall_is_no_first_order(app: Flask, clock: ShopClock) -> None:
    with transaction():
        preferences.write("freight.fen", 0)
    anna = rich(1000)
    first = make_coupon(giving=Giving.PUSH, moment="first_order")
    order = order_of(redeem(anna, offer_goods(make_sku(), points=400)).order_id)
    deliver()
    ship(order, waybill="SF123456")
    with transaction():
        orders.confirm_receipt(no=order.no, customer_id=anna.id, now=clock.now())
    deliver()
    clock.forward(days=8)
    close_returns(clock.now())
    deliver()
    held, _more = coupons.coupons_of(customer_id=anna.id, now=clock.now())
    assert (points_of(anna).available, held) == (600, [])
    bought = Store.open(app).paid_order(by=anna, price_fen=1000)
    deliver()
    ship(bought, waybill="SF123457")
    with transaction():
        orders.confirm_receipt(no=bought.no, customer_id=anna.id, now=clock.now())
    deliver()
    clock.forward(days=8)
    close_returns(clock.now())
    deliver()
    held, _more = coupons.coupons_of(customer_id=anna.id, now=clock.now())
    assert [one.coupon_id for one in held] == [first]


def test_a_coupon_is_there_at_once_and_its_points_are_gone(app: Flask) -> None:
    anna = rich(500)
    ticket = offer_coupon(points=200, stock=3)
    done = redeem(anna, ticket, key="same")
    held = coupons.holding(public_id=done.coupon_id or "", now=clock.now())
    assert held is not None
    assert (held.customer_id, held.source, held.status) == (anna.id, Giving.POINTS, CouponStatus.AVAILABLE)
    assert (points_of(anna).available, given(ticket), done.order_id) == (300, 1, None)
    assert redeem(anna, ticket, key="same") == done
    assert (points_of(anna).available, given(ticket), count(MallRedemption)) == (300, 1, 1)
    with pytest.raises(Invalid):
        redeem(anna, ticket, quantity=2)
    assert_books_hold()


def test_a_key_counts_once_and_only_for_what_it_was_used_for(app: Flask) -> None:
    anna, bert = rich(3000), rich(3000)
    mug = offer_goods(make_sku(stock=9), points=400)
    first = redeem(anna, mug, key="k")
    assert redeem(anna, mug, key="k") == first
    with pytest.raises(Conflict):
        redeem(anna, mug, key="k", quantity=2)
    assert redeem(bert, mug, key="k") != first
    assert (count(Order), given(mug)) == (2, 2)
    assert (points_of(anna).held, points_of(bert).held) == (400, 400)


def test_too_few_points_are_told_with_how_many_are_missing(app: Flask) -> None:
    anna = rich(JOINED)
    mug, ticket = offer_goods(make_sku(), points=220), offer_coupon(points=101)
    problem = refused(anna, mug)
    assert (problem.code, problem.details["missing"]) == ("points_short", 120)
    assert "还差 120 积分" in problem.message
    assert "没有任何改动" in problem.message
    assert refused(anna, ticket).details["missing"] == 1
    held, _more = coupons.coupons_of(customer_id=anna.id, now=clock.now())
    assert held == []


def test_limits_count_by_person_and_by_month_of_shop_time(app: Flask, clock: ShopClock) -> None:
    to_the_last_hour_of_a_long_month(clock)
    with transaction():
        preferences.write("freight.fen", 0)
    anna, bert = rich(90_000), rich(90_000)
    mug = offer_goods(make_sku(stock=50), points=10, per_person=5, per_month=2)
    redeem(anna, mug, quantity=2)
    assert refused(anna, mug).code == "mall_limit"
    redeem(bert, mug)
    clock.forward(hours=1)
    assert refused(anna, mug, quantity=3).details["left"] == 2
    redeem(anna, mug, quantity=2)
    assert taken(anna, mug) == (4, 2)
    clock.forward(days=30)
    assert refused(anna, mug, quantity=2).details["left"] == 1
    redeem(anna, mug)
    clock.forward(days=31)
    assert refused(anna, mug).code == "mall_limit"


def test_who_took_all_that_one_person_may_gets_no_more_after_an_erasure(app: Flask) -> None:
    first = rich(openid="oTEST_comes_back")
    full, more = (offer_coupon(points=10, per_person=per_person) for per_person in (1, 2))
    for item in (full, more):
        redeem(first, item)
    assert [one["points"] for one in personal.export(first.id)] == [10, 10]
    with transaction():
        rights.erase(customer_id=first.id, public_id=first.signed_in.public_id, now=clock.now())
    again = rich(openid="oTEST_comes_back")
    assert refused(again, full).code == "mall_limit"
    redeem(again, more)
    redeem(rich(), full)


def test_what_comes_back_next_month_frees_nothing_of_that_month(app: Flask, clock: ShopClock) -> None:
    to_the_last_hour_of_a_long_month(clock)
    with transaction():
        preferences.write("freight.fen", 0)
    anna = rich(9000)
    mug = offer_goods(make_sku(stock=50), points=10, per_month=2)
    old = order_of(redeem(anna, mug, quantity=2).order_id)
    clock.forward(hours=1)
    redeem(anna, mug)
    refund(old, 2)
    deliver()
    assert (taken(anna, mug), given(mug)) == ((1, 1), 1)


def test_who_is_no_member_has_no_points_to_take_anything_with(app: Flask) -> None:
    stranger, mug = make_person(), offer_goods(make_sku())
    assert refused(stranger, mug).code == "points_short"


def test_what_lies_in_the_cart_stays_there(app: Flask) -> None:
    anna, sku = rich(1000), make_sku()
    with transaction():
        carts.put_item(
            of=CartOwner(customer_id=anna.id), sku_public_id=sku.public_id, quantity=1, now=clock.now()
        )
    redeem(anna, offer_goods(sku))
    assert cart_queries.selected_items(customer_id=anna.id) == [(sku.public_id, 1)]


def test_an_order_of_another_kind_gives_nothing_back_to_the_mall(app: Flask) -> None:
    order = Store.open(app).order(by=make_member())
    with transaction():
        assert services.give_back(order_id=order.id, now=clock.now()) is False
