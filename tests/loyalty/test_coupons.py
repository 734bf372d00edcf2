"""Coupons from the hand that gives to the order that uses them, and back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.money import Money
from shopapp.kernel.states import IllegalMove
from shopapp.loyalty.coupons import offering, queries, services
from shopapp.loyalty.coupons.content import Giving, Moment, Period
from shopapp.loyalty.coupons.models import (
    COUPON_MOVES,
    Coupon,
    CouponCode,
    CouponStatus,
    CouponTally,
    CustomerCoupon,
)
from shopapp.loyalty.coupons.rules import CouponKind
from tests.support.clocks import ShopClock
from tests.support.coupons import coupon_content, give, hold, make_coupon, row_of
from tests.support.orders import count
from tests.support.people import make_person

S = CouponStatus


def refused(act: Callable[[], Any]) -> str:
    """The code with which an act is refused; nothing of it stays."""
    with pytest.raises(ShopError) as problem, transaction():
        act()
    return problem.value.code


def claim(coupon_id: str, customer_id: int) -> queries.Holding:
    with transaction():
        return services.claim(coupon_id=coupon_id, customer_id=customer_id, now=clock.now())


def given_of(coupon_id: str) -> int:
    db.session.rollback()
    return db.session.scalars(select(Coupon.given).filter_by(public_id=coupon_id)).one()


ACTS: dict[str, Callable[[queries.Holding, datetime], Any]] = {
    "hold": lambda one, now: services.hold(
        coupon_ids=[one.id], customer_id=one.customer_id, order_no="A", now=now
    ),
    "use": lambda one, now: services.use(order_no="A", now=now),
    "release": lambda one, now: services.release(order_no="A"),
    "give_back": lambda one, now: services.give_back(order_no="A", now=now),
    "revoke": lambda one, now: services.revoke(public_id=one.id, now=now),
    "expire": lambda one, now: services.expire(
        ids=list(db.session.scalars(select(CustomerCoupon.id))), now=now + timedelta(days=40)
    ),
}
TABLE = {
    S.AVAILABLE: {"hold": S.HELD, "revoke": S.REVOKED, "expire": S.EXPIRED},
    S.HELD: {"hold": S.HELD, "use": S.USED, "release": S.AVAILABLE, "revoke": S.REVOKED},
    S.USED: {"give_back": S.AVAILABLE},
    S.EXPIRED: {},
    S.REVOKED: {},
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("status", S)
def test_every_act_in_every_status_does_what_the_table_says(app: Flask, status: S, act: str) -> None:
    person = make_person()
    held = give(person.id)
    order = None if status is S.AVAILABLE else "A"
    with transaction():
        db.session.execute(update(CustomerCoupon).values(status=status, order_no=order))
    with suppress(services.CouponUnusable, IllegalMove), transaction():
        ACTS[act](held, clock.now())
    assert row_of(held.id).status is TABLE[status].get(act, status)


def test_the_moves_are_those_of_the_acts_and_no_others() -> None:
    moves = {
        was: {wanted for wanted in set(TABLE[was].values()) if wanted is not was} for was in CouponStatus
    }
    assert {was: set(COUPON_MOVES.moves[was]) for was in CouponStatus} == moves


def test_a_coupon_is_taken_held_used_and_comes_back_with_its_dates(app: Flask, clock: ShopClock) -> None:
    person, coupon = make_person(), make_coupon(value=Money(3000), minimum=Money(20000))
    held = claim(coupon, person.id)
    assert (held.status, held.source, held.terms.value) == (S.AVAILABLE, Giving.CLAIM, Money(3000))
    assert [one.id for one in queries.usable(customer_id=person.id, now=clock.now())] == [held.id]

    hold(held, order_no="20261122")
    assert queries.usable(customer_id=person.id, now=clock.now()) == []
    (bound,) = queries.of_order(order_no="20261122", now=clock.now())
    assert (bound.id, bound.status, bound.order_no) == (held.id, S.HELD, "20261122")
    with transaction():
        assert services.use(order_no="20261122", now=clock.now()) == 1
        assert services.use(order_no="20261122", now=clock.now()) == 0
        assert services.release(order_no="20261122") == 0
    assert row_of(held.id).used_at is not None
    with transaction():
        assert services.give_back(order_no="20261122", now=clock.now()) == 1
        assert services.give_back(order_no="20261122", now=clock.now()) == 0
    row = row_of(held.id)
    assert (row.status, row.order_no, row.used_at, row.valid_until) == (
        S.AVAILABLE,
        None,
        None,
        held.valid_until,
    )
    assert given_of(coupon) == 1


def test_a_released_coupon_is_free_for_the_next_order_and_the_old_order_cannot_use_it(app: Flask) -> None:
    held = give(make_person().id)
    hold(held, order_no="A")
    with transaction():
        assert services.release(order_no="A") == 1
    hold(held, order_no="B")
    with transaction():
        assert services.use(order_no="A", now=clock.now()) == 0
        assert services.give_back(order_no="A", now=clock.now()) == 0
    assert (row_of(held.id).status, row_of(held.id).order_no) == (S.HELD, "B")


def test_one_that_ended_meanwhile_comes_back_for_seven_days(app: Flask, clock: ShopClock) -> None:
    held = give(make_person().id, valid_days=1)
    hold(held, order_no="A")
    with transaction():
        services.use(order_no="A", now=clock.now())
    now = clock.forward(days=20)
    with transaction():
        services.give_back(order_no="A", now=now)
    (again,) = queries.usable(customer_id=held.customer_id, now=now)
    assert again.valid_until == now + timedelta(days=7)
    later = clock.forward(days=8)
    assert queries.usable(customer_id=held.customer_id, now=later) == []


def test_only_ones_own_valid_coupons_can_be_held_and_a_refusal_holds_none(
    app: Flask, clock: ShopClock
) -> None:
    person, other = make_person(), make_person()
    mine, foreign = give(person.id, valid_days=1), give(other.id)
    free = give(person.id, kind=CouponKind.FREE_FREIGHT)
    second = give(person.id)

    def hold_of(*ids: str) -> Callable[[], Any]:
        return lambda: services.hold(coupon_ids=ids, customer_id=person.id, order_no="A", now=clock.now())

    assert refused(hold_of(mine.id, foreign.id)) == "coupon_unusable"
    assert refused(hold_of(mine.id, "nobody")) == "coupon_unusable"
    assert refused(hold_of(mine.id, second.id)) == "coupons_dont_stack"
    assert {row_of(one.id).status for one in (mine, foreign, free, second)} == {S.AVAILABLE}
    with transaction():
        both = hold_of(free.id, mine.id)()
        assert [one.id for one in both] == [free.id, mine.id]
        assert [one.id for one in hold_of(free.id, mine.id)()] == [free.id, mine.id]
    assert refused(hold_of(second.id)) == "coupons_dont_stack"
    with transaction():
        services.release(order_no="A")
    clock.forward(days=3)
    assert refused(hold_of(mine.id)) == "coupon_unusable"


def test_a_coupon_not_yet_valid_waits(app: Flask, clock: ShopClock) -> None:
    start = clock.now() + timedelta(days=2)
    held = give(make_person().id, valid_from=start, valid_until=start + timedelta(days=5))
    assert queries.usable(customer_id=held.customer_id, now=clock.now()) == []
    assert refused(lambda: hold_now(held)) == "coupon_unusable"
    clock.forward(days=3)
    hold(held, order_no="A")


def hold_now(held: queries.Holding) -> None:
    services.hold(coupon_ids=[held.id], customer_id=held.customer_id, order_no="A", now=clock.now())


def test_an_edit_changes_nothing_that_somebody_holds(app: Flask) -> None:
    person, coupon = make_person(), make_coupon(value=Money(3000), minimum=Money(20000))
    held = claim(coupon, person.id)
    with transaction():
        offering.change_coupon(
            public_id=coupon, content=coupon_content(name="变小了", value=Money(100), valid_days=1)
        )
        offering.set_active(public_id=coupon, active=False)
    again = queries.holding(public_id=held.id, now=clock.now())
    assert again is not None
    assert (again.terms, again.valid_until) == (held.terms, held.valid_until)
    assert again.terms.value == Money(3000)
    late = make_person()
    assert refused(lambda: services.claim(coupon_id=coupon, customer_id=late.id, now=clock.now())) == (
        "coupon_closed"
    )


def test_the_same_reason_gives_once_and_another_persons_key_is_an_error(app: Flask) -> None:
    coupon, person, other = make_coupon(per_person=None), make_person(), make_person()
    first = give(person.id, coupon, key="perk:1")
    with transaction():
        offering.set_active(public_id=coupon, active=False)
    assert give(person.id, coupon, key="perk:1").id == first.id
    with pytest.raises(ValueError):
        give(other.id, coupon, key="perk:1")
    assert (given_of(coupon), count(CustomerCoupon)) == (1, 1)


def test_a_person_takes_no_more_than_the_limits(app: Flask, clock: ShopClock) -> None:
    person, other, third = make_person(), make_person(), make_person()
    coupon = make_coupon(per_person=3, per_period=1, period=Period.DAY, stock=5)
    claim(coupon, person.id)
    take = lambda who: services.claim(coupon_id=coupon, customer_id=who, now=clock.now())  # noqa: E731
    assert refused(lambda: take(person.id)) == "coupon_taken"
    claim(coupon, other.id)
    for _day in range(2):
        clock.forward(days=1)
        claim(coupon, person.id)
    clock.forward(days=1)
    assert refused(lambda: take(person.id)) == "coupon_taken"
    claim(coupon, other.id)
    assert refused(lambda: take(third.id)) == "coupons_gone"
    assert (given_of(coupon), count(CustomerCoupon)) == (5, 5)


@pytest.mark.parametrize(
    "wanted",
    [
        {"giving": Giving.STAFF},
        {"claim_from": timedelta(days=1)},
        {"claim_until": timedelta(days=-1)},
        {"valid_until": timedelta(days=-1)},
    ],
)
def test_what_is_not_on_offer_cannot_be_taken(app: Flask, wanted: dict[str, Any]) -> None:
    now = clock.now()
    times = {name: now + value if isinstance(value, timedelta) else value for name, value in wanted.items()}
    coupon, person = make_coupon(**times), make_person()
    assert refused(lambda: services.claim(coupon_id=coupon, customer_id=person.id, now=now)) == (
        "coupon_closed"
    )
    assert refused(lambda: services.claim(coupon_id="nothing", customer_id=person.id, now=now)) == "not_found"
    assert (given_of(coupon), count(CustomerCoupon), count(CouponTally)) == (0, 0, 0)


def test_a_code_serves_once_a_shared_one_each_person_once(app: Flask) -> None:
    person, other = make_person(), make_person()
    coupon = make_coupon(giving=Giving.CODE)
    with transaction():
        (code, spare) = offering.make_codes(public_id=coupon, count=2, now=clock.now())
        offering.add_shared_code(public_id=coupon, code="春天-2026", now=clock.now())

    def type_in(words: str, who: int) -> queries.Holding:
        return services.claim_by_code(code=words, customer_id=who, now=clock.now())

    with transaction():
        held = type_in(f" {code[:4].lower()}-{code[4:8]} {code[8:]}", person.id)
    assert (held.source, held.customer_id) == (Giving.CODE, person.id)
    assert refused(lambda: type_in(code, other.id)) == refused(lambda: type_in("NOSUCHCODE", other.id))
    assert refused(lambda: type_in(spare, person.id)) == "coupon_taken"
    with transaction():
        type_in("春天2026", other.id)
    with transaction():
        offering.set_active(public_id=coupon, active=False)
    assert refused(lambda: type_in(spare, other.id)) == "code_wrong"
    used = {row.code: row.used_at for row in db.session.scalars(select(CouponCode))}
    assert (used[code] is None, used[spare], used["春天2026"]) == (False, None, None)
    assert given_of(coupon) == 2


def test_codes_belong_to_coupons_with_codes_and_are_never_taken_twice(app: Flask) -> None:
    plain, coded = make_coupon(), make_coupon(giving=Giving.CODE)
    now = clock.now()
    assert refused(lambda: offering.make_codes(public_id=plain, count=1, now=now)) == "invalid"
    assert refused(lambda: offering.make_codes(public_id=coded, count=0, now=now)) == "invalid"
    with transaction():
        assert offering.add_shared_code(public_id=coded, code="ｓpring 26", now=now) == "SPRING26"
    assert refused(lambda: offering.add_shared_code(public_id=coded, code="spring-26", now=now)) == "invalid"
    assert refused(lambda: offering.add_shared_code(public_id=coded, code="a!b@", now=now)) == "invalid"
    with transaction():
        made = offering.make_codes(public_id=coded, count=1000, now=now)
    assert len(set(made)) == 1000


def test_pushed_coupons_come_once_and_those_of_an_order_go_back_with_it(app: Flask) -> None:
    person = make_person()
    first = make_coupon(giving=Giving.PUSH, moment=Moment.FIRST_ORDER, per_person=None)
    make_coupon(giving=Giving.PUSH, moment=Moment.JOINED, per_person=None)
    gone = make_coupon(giving=Giving.PUSH, moment=Moment.FIRST_ORDER, stock=1)
    give(make_person().id, gone)

    def push() -> list[queries.Holding]:
        with transaction():
            return services.push(
                moment=Moment.FIRST_ORDER, customer_id=person.id, now=clock.now(), earned_by="A"
            )

    (one,) = push()
    assert one.coupon_id == first
    assert [again.id for again in push()] == [one.id]
    with transaction():
        assert services.reclaim_gift(order_no="B", now=clock.now()) == 0
        assert services.reclaim_gift(order_no="A", now=clock.now()) == 1
        assert services.reclaim_gift(order_no="A", now=clock.now()) == 0
    assert row_of(one.id).status is S.REVOKED


def test_a_gift_that_was_already_spent_stays_spent(app: Flask) -> None:
    person = make_person()
    make_coupon(giving=Giving.PUSH, moment=Moment.FIRST_ORDER)
    with transaction():
        (one,) = services.push(
            moment=Moment.FIRST_ORDER, customer_id=person.id, now=clock.now(), earned_by="A"
        )
    hold(one, order_no="B")
    with transaction():
        assert services.reclaim_gift(order_no="A", now=clock.now()) == 0
    assert row_of(one.id).status is S.HELD


def test_staff_hand_out_by_name_and_are_told_who_got_none(app: Flask) -> None:
    person, other = make_person(), make_person()
    coupon = make_coupon(giving=Giving.STAFF)
    with transaction():
        handed = offering.hand_out(
            public_id=coupon,
            customer_ids=[person.signed_in.public_id, "nobody00000a", person.signed_in.public_id],
            now=clock.now(),
        )
    assert (handed.given, handed.refused) == ([person.signed_in.public_id], {"nobody00000a": "not_found"})
    with transaction():
        again = offering.hand_out(
            public_id=coupon,
            customer_ids=[person.signed_in.public_id, other.signed_in.public_id],
            now=clock.now(),
        )
    assert again.refused == {person.signed_in.public_id: "coupon_taken"}
    assert again.given == [other.signed_in.public_id]
    assert given_of(coupon) == 2


def test_a_revoked_coupon_is_gone_for_the_order_that_held_it(app: Flask) -> None:
    held = give(make_person().id)
    hold(held, order_no="A")
    with transaction():
        assert services.revoke(public_id=held.id, now=clock.now()).status is S.REVOKED
        assert services.use(order_no="A", now=clock.now()) == 0
        assert services.release(order_no="A") == 0
    with pytest.raises(IllegalMove), transaction():
        services.revoke(public_id=held.id, now=clock.now())
    with pytest.raises(NotFound), transaction():
        services.revoke(public_id="nothing", now=clock.now())


def test_stock_cannot_fall_below_what_was_given(app: Flask) -> None:
    coupon = make_coupon(stock=5, per_person=None)
    for _ in range(3):
        claim(coupon, make_person().id)
    with pytest.raises(Invalid), transaction():
        offering.change_coupon(public_id=coupon, content=coupon_content(stock=2))
    with transaction():
        offering.change_coupon(public_id=coupon, content=coupon_content(stock=3))
    late = make_person()
    assert refused(lambda: services.claim(coupon_id=coupon, customer_id=late.id, now=clock.now())) == (
        "coupons_gone"
    )
