"""Many redeem at once: stock, limits and points hold, and one key counts once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from shopapp.kernel import preferences
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.loyalty.coupons.models import CustomerCoupon
from shopapp.store.mall.models import MallRedemption
from shopapp.store.orders.models import Order
from tests.support.catalogue import make_sku, stock_of
from tests.support.ledger import assert_books_hold
from tests.support.mall import given, offer_coupon, offer_goods, points_of, redeem, rich, taken
from tests.support.orders import count
from tests.support.people import Person

from .test_mall import order_of, refund
from .test_orders_race import at_once


def at_the_same_time(
    app: Flask, wanted: list[tuple[Person, str, str | None]], *, threads: int = 8
) -> list[str]:
    """(who, item, key) each in turn on many threads; the codes of the refusals."""
    codes: list[str] = []

    def act(person: Person, item: str, key: str | None) -> Callable[[], None]:
        def run() -> None:
            try:
                redeem(person, item, key=key)
            except ShopError as problem:
                codes.append(problem.code)

        return run

    at_once(app, [act(*one) for one in wanted], threads=threads)
    db.session.rollback()
    return codes


@pytest.mark.parametrize("kind", ["goods", "coupon"])
def test_of_many_who_want_the_last_pieces_exactly_so_many_get_one(app: Flask, kind: str) -> None:
    sku = make_sku(stock=50)
    item = offer_goods(sku, points=400, stock=5) if kind == "goods" else offer_coupon(points=400, stock=5)
    people = [rich(1000) for _ in range(24)]
    codes = at_the_same_time(app, [(person, item, None) for person in people])
    assert codes == ["mall_gone"] * 19
    assert given(item) == count(MallRedemption) == 5
    assert count(Order if kind == "goods" else CustomerCoupon) == 5
    assert sorted(points_of(person).available for person in people) == [600] * 5 + [1000] * 19
    assert stock_of(sku) == ((45, 5) if kind == "goods" else (50, 0))
    assert_books_hold()


def test_one_person_at_many_counters_stays_within_the_limit(app: Flask) -> None:
    anna = rich(9000)
    item = offer_coupon(points=100, per_person=3, per_month=2)
    codes = at_the_same_time(app, [(anna, item, None)] * 8)
    assert codes == ["mall_limit"] * 6
    assert (given(item), taken(anna, item), points_of(anna).available) == (2, (2, 2), 8800)
    assert_books_hold()


def test_the_same_points_are_not_spent_on_several_items(app: Flask) -> None:
    anna = rich(1000)
    items = [
        item
        for _ in range(4)
        for item in (offer_goods(make_sku(stock=9), points=400), offer_coupon(points=400))
    ]
    codes = at_the_same_time(app, [(anna, item, None) for item in items])
    assert codes == ["points_short"] * 6
    assert points_of(anna).available == 200
    assert sum(given(item) for item in items) == count(MallRedemption) == 2
    assert_books_hold()


def test_one_key_sent_many_times_is_one_redemption(app: Flask) -> None:
    anna = rich(9000)
    goods, ticket = offer_goods(make_sku(stock=9), points=400), offer_coupon(points=100)
    assert at_the_same_time(app, [(anna, goods, "g")] * 8 + [(anna, ticket, "t")] * 8) == []
    assert (given(goods), given(ticket), count(Order), count(CustomerCoupon)) == (1, 1, 1, 1)
    assert points_of(anna).available == 9000 - 500
    assert_books_hold()


def test_going_back_and_ordering_take_stock_and_books_in_one_order(app: Flask) -> None:
    with transaction():
        preferences.write("freight.fen", 0)
    anna = rich(9000)
    mug = offer_goods(make_sku(stock=50), points=100)
    numbers = [order_of(redeem(anna, mug).order_id).id for _ in range(12)]
    back = [lambda number=number: refund(order_of(number), 1) for number in numbers]
    again = [lambda: redeem(anna, mug) for _ in numbers]
    at_once(app, [act for pair in zip(back, again, strict=True) for act in pair], threads=2)  # type: ignore[misc]
    db.session.rollback()
    assert (points_of(anna).available, given(mug), count(Order)) == (9000 - 1200, 12, 24)
    assert_books_hold()
