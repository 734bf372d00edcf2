"""Many hands at one coupon: no piece too many, and each order takes a coupon to one end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.loyalty.coupons import offering, services
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.coupons.models import Coupon, CouponStatus, CouponTally, CustomerCoupon
from tests.store.test_orders_race import at_once
from tests.support.coupons import give, hold, make_coupon, row_of
from tests.support.orders import count
from tests.support.people import make_person

HANDS = 50


def outcomes(app: Flask, acts: list[Callable[[], object]]) -> Counter[str]:
    """How many of the acts went through (`ok`) and with which codes the others were refused."""
    ends: list[str] = []

    def run(act: Callable[[], object]) -> None:
        try:
            with transaction():
                act()
            ends.append("ok")
        except ShopError as problem:
            ends.append(problem.code)

    at_once(app, [partial(run, act) for act in acts], threads=min(HANDS, len(acts)))
    db.session.rollback()
    db.session.expire_all()
    return Counter(ends)


def claim_of(coupon: str, customer_id: int) -> Callable[[], object]:
    return lambda: services.claim(coupon_id=coupon, customer_id=customer_id, now=clock.now())


def test_50_people_and_5_pieces_left(app: Flask) -> None:
    coupon = make_coupon(stock=5)
    people = [make_person().id for _ in range(HANDS)]
    ends = outcomes(app, [claim_of(coupon, person) for person in people])
    assert ends == {"ok": 5, "coupons_gone": 45}
    assert count(CustomerCoupon) == 5
    assert db.session.query(Coupon.given).scalar() == 5


def test_50_taps_of_one_person_stay_within_the_limit(app: Flask) -> None:
    coupon, person = make_coupon(per_person=2, stock=40), make_person()
    ends = outcomes(app, [claim_of(coupon, person.id)] * HANDS)
    assert ends == {"ok": 2, "coupon_taken": 48}
    assert count(CustomerCoupon) == 2
    assert db.session.query(CouponTally.given).scalar() == 2
    assert db.session.query(Coupon.given).scalar() == 2


def test_50_deliveries_of_one_reason_give_one_piece(app: Flask) -> None:
    coupon, person = make_coupon(per_person=None), make_person()

    def grant() -> object:
        return services.grant(
            coupon_id=coupon, customer_id=person.id, key="perk:once", source=Giving.PERK, now=clock.now()
        )

    assert outcomes(app, [grant] * HANDS) == {"ok": HANDS}
    assert count(CustomerCoupon) == 1
    assert db.session.query(Coupon.given).scalar() == 1


def test_one_code_typed_by_many_serves_one_of_them(app: Flask) -> None:
    coupon = make_coupon(giving=Giving.CODE)
    with transaction():
        (code,) = offering.make_codes(public_id=coupon, count=1, now=clock.now())
    people = [make_person().id for _ in range(20)]

    def type_in(customer_id: int) -> object:
        return services.claim_by_code(code=code, customer_id=customer_id, now=clock.now())

    ends = outcomes(app, [partial(type_in, person) for person in people])
    assert ends == {"ok": 1, "code_wrong": 19}
    assert count(CustomerCoupon) == 1


def test_many_orders_at_once_and_one_of_them_gets_the_coupon(app: Flask) -> None:
    held = give(make_person().id)

    def bind(number: int) -> object:
        return services.hold(
            coupon_ids=[held.id], customer_id=held.customer_id, order_no=f"O{number}", now=clock.now()
        )

    ends = outcomes(app, [partial(bind, number) for number in range(20)])
    assert ends == {"ok": 1, "coupon_unusable": 19}
    assert row_of(held.id).status is CouponStatus.HELD


def test_payment_and_cancel_at_once_bring_a_coupon_to_one_end(app: Flask) -> None:
    person = make_person()
    for number in range(6):
        held = give(person.id, key=f"try {number}")
        order = f"P{number}"
        hold(held, order_no=order)
        counts: list[tuple[str, int]] = []

        def pay(order: str = order, counts: list[tuple[str, int]] = counts) -> None:
            counts.append(("use", services.use(order_no=order, now=clock.now())))

        def cancel(order: str = order, counts: list[tuple[str, int]] = counts) -> None:
            counts.append(("release", services.release(order_no=order)))

        assert outcomes(app, [pay, cancel] * 3)["ok"] == 6
        assert sum(number for _act, number in counts) == 1
        done = next(act for act, number in counts if number)
        status = CouponStatus.USED if done == "use" else CouponStatus.AVAILABLE
        assert row_of(held.id).status is status


def test_a_coupon_comes_back_once_however_often_the_refund_says_so(app: Flask) -> None:
    held = give(make_person().id)
    hold(held, order_no="A")
    with transaction():
        services.use(order_no="A", now=clock.now())
    counts: list[int] = []
    back: Callable[[], object] = lambda: counts.append(  # noqa: E731
        services.give_back(order_no="A", now=clock.now())
    )
    assert outcomes(app, [back] * 10) == {"ok": 10}
    assert sorted(counts) == [0] * 9 + [1]
    assert row_of(held.id).status is CouponStatus.AVAILABLE
