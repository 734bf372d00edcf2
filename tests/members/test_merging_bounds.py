"""Who can be merged and who not, how often, at once, in which order, and what becomes of it afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shopapp.events import GrowthChanged, OrderCancelled
from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.ids import new_id
from shopapp.kernel.merging import MergePart
from shopapp.kernel.outbox import Delivery, publish
from shopapp.loyalty.coupons import services as coupons
from shopapp.loyalty.coupons.models import Coupon, CouponTally, CustomerCoupon
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.merging import HoldsMixed
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.writing import purse
from shopapp.members.addresses import queries as addresses
from shopapp.members.addresses.models import Address
from shopapp.members.identity import console, queries
from shopapp.members.identity import services as identity
from shopapp.members.identity.models import Customer, SessionKind
from shopapp.members.merging import jobs, services
from shopapp.members.merging.models import PAIR_MOVES, CustomerMerge, PairStatus
from shopapp.members.merging.rules import Evidence
from shopapp.members.rights import services as rights
from shopapp.store.orders.models import Order, OrderQuota
from tests.store.test_orders_race import at_once
from tests.support.catalogue import make_sku
from tests.support.clocks import ShopClock
from tests.support.coupons import make_coupon
from tests.support.ledger import assert_books_hold, balance, earn, hold, release
from tests.support.merging import everything, join, last_merge, part, points
from tests.support.orders import Store, count
from tests.support.people import Person, make_person
from tests.support.perks import joined


def test_a_hold_made_since_keeps_a_merge_from_being_undone_half(app: Flask) -> None:
    one, other = joined(), make_person()
    earn(purse(customer_id=other.id, unit=Unit.POINTS), 500, key="a", life=Life(days=1))
    hold(purse(customer_id=other.id, unit=Unit.POINTS), 100, key="before")
    before = everything()
    join(one, other)
    assert balance(purse(customer_id=one.id, unit=Unit.POINTS)).held == 100
    hold(purse(customer_id=one.id, unit=Unit.POINTS), 50, key="since")
    merged = everything()
    with pytest.raises(HoldsMixed):
        part()
    assert everything() == merged
    assert last_merge().undone_at is None
    release("since")
    part()
    after = everything()
    for name in ("ledger_holds", "ledger_hold_parts"):
        assert set(before.pop(name)) <= set(after.pop(name))
    assert after == before


def test_merges_of_one_person_are_undone_in_the_reverse_of_their_order(app: Flask, clock: ShopClock) -> None:
    first, second, third = (_later_member(clock) for _one in range(3))
    for number, one in enumerate((first, second, third)):
        earn(purse(customer_id=one.id, unit=Unit.POINTS), 100, key=f"k{number}")
    before, had = everything(), [points(one) for one in (first, second, third)]
    join(third, second)
    inner = last_merge().public_id
    join(third, first)  # by whom the third turned out to be
    assert {row.source_id for row in db.session.scalars(select(CustomerMerge))} == {third.id, second.id}
    assert points(first) == sum(had)
    assert queries.survivor(third.id) == first.id
    assert console.find_ids(words=third.signed_in.public_id) == [first.id]
    with pytest.raises(services.MergedSince):
        part(inner)
    part()
    part(inner)
    assert everything() == before
    assert [points(one) for one in (first, second, third)] == had
    assert_books_hold()


def _later_member(clock: ShopClock) -> Person:
    clock.forward(minutes=1)
    return joined()


def test_two_who_merge_the_same_people_at_once_merge_them_once(app: Flask) -> None:
    one, other, third = joined(), make_person(), make_person()
    earn(purse(customer_id=other.id, unit=Unit.POINTS), 100, key="a")
    had, ends = points(one), []

    def act(pair: tuple[Person, Person]) -> None:
        ends.append(join(*pair))

    pairs_of = [(one, other), (other, one), (other, third), (third, one)] * 2
    at_once(app, [partial(act, pair) for pair in pairs_of], threads=8)
    db.session.rollback()
    assert set(ends) - {other.id, third.id} == {one.id}
    assert db.session.scalar(select(func.count()).select_from(CustomerMerge)) == 2
    assert {queries.survivor(each.id) for each in (one, other, third)} == {one.id}
    assert points(one) == had + 100
    assert_books_hold()


def test_somebody_who_is_busy_in_the_shop_is_merged_meanwhile_and_nothing_is_lost(
    app: Flask, clock: ShopClock
) -> None:
    store, sku, coupon = Store.open(app), make_sku(stock=99).public_id, make_coupon(per_person=None)
    one, other = joined(), make_person()
    mine = purse(customer_id=other.id, unit=Unit.POINTS)
    earn(mine, 1, key="first")
    had, given = points(one) + points(other), []

    def act(work: Callable[[], object]) -> None:
        with suppress(ShopError):
            work()
            given.append(work)

    busy: list[Callable[[], object]] = [
        lambda: store.order(by=other, of={sku: 1}),
        lambda: _in_turn(lambda: coupons.claim(coupon_id=coupon, customer_id=other.id, now=clock.now())),
        lambda: earn(mine, 10, key=new_id()),
    ]
    acts = [partial(act, work) for work in busy * 4]
    at_once(app, [*acts[:6], lambda: _ignored(join(one, other)), *acts[6:]], threads=7)
    clock.forward(minutes=3)
    db.session.rollback()
    assert jobs.gather_late(clock.now()) == 1
    db.session.rollback()
    done = Counter(busy.index(work) for work in given)
    assert {row.customer_id for row in db.session.scalars(select(Order))} <= {one.id}
    assert count(Order) == done[0]
    held = select(func.count()).where(CustomerCoupon.customer_id == one.id)
    assert (db.session.scalar(held), count(CustomerCoupon)) == (done[1], done[1])
    assert points(one) == had + 10 * done[2]
    assert_books_hold()


def _in_turn(work: Callable[[], object]) -> None:
    with transaction():
        work()


def _ignored(_answer: object) -> None:
    return


def test_a_merge_is_undone_once_and_a_feature_that_fails_leaves_everything_as_it_was(app: Flask) -> None:
    one, other = joined(), make_person()
    earn(purse(customer_id=other.id, unit=Unit.POINTS), 100, key="a")
    before, whole = everything(), app.extensions["merging"]

    def falls(_of: object, *_kept: object) -> Any:
        raise ShopError

    def does_nothing(_of: object) -> Any:
        return {}

    last = MergePart(name="last", tables=frozenset(), merge=falls, undo=falls)
    try:
        app.extensions["merging"] = [*whole, last]
        with pytest.raises(ShopError):
            join(one, other)
        assert (everything(), count(CustomerMerge)) == (before, 0)
        app.extensions["merging"] = [*whole, replace(last, merge=does_nothing)]
        join(one, other)
        merged = everything()
        with pytest.raises(ShopError):
            part()
        assert everything() == merged
    finally:
        app.extensions["merging"] = whole
    ends: list[str] = []

    def undo(merge_id: str) -> None:
        try:
            part(merge_id)
            ends.append("undone")
        except services.AlreadyUndone as problem:
            ends.append(problem.code)

    at_once(app, [partial(undo, last_merge().public_id)] * 4, threads=4)
    assert sorted(ends) == ["already_undone"] * 3 + ["undone"]
    assert everything() == before


@pytest.mark.parametrize(
    ("theirs", "ours", "together", "left"),
    [
        # (all, within, since month) of who stays and of who goes; then both; then what stays after one more
        ((2, 1, 1), (3, 2, 1), (5, 3, 1), (3, 2, 1)),
        ((2, 1, 1), (3, 2, 2), (5, 2, 2), (3, 1, 2)),
        ((2, 1, 3), (3, 2, 2), (5, 1, 3), (3, 2, 3)),
        (None, (3, 2, 2), (3, 2, 2), (1, 1, 2)),
    ],
)
def test_counters_add_up_within_the_later_period_and_part_again(
    app: Flask,
    theirs: tuple[int, int, int] | None,
    ours: tuple[int, int, int],
    together: tuple[int, int, int],
    left: tuple[int, int, int],
) -> None:
    one, other, coupon = joined(), make_person(), make_coupon()
    coupon_id = db.session.scalars(select(Coupon.id).filter_by(public_id=coupon)).one()
    for person, counted in ((one, theirs), (other, ours)):
        if counted is not None:
            given, within, month = counted
            with transaction():
                row = CouponTally(coupon_id=coupon_id, customer_id=person.id, given=given, in_period=within)
                row.period_start = MONTHS[month]
                db.session.add(row)
    before = everything()
    join(one, other)
    assert tally(one) == together
    part()
    assert everything() == before
    join(one, other)
    with transaction():
        mine = update(CouponTally).where(CouponTally.customer_id == one.id)
        db.session.execute(mine.values(given=CouponTally.given + 1, in_period=CouponTally.in_period + 1))
    part()
    assert (tally(one), tally(other)) == (left, ours)


MONTHS = {month: datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3)}


def tally(person: Person) -> tuple[int, int, int]:
    db.session.rollback()
    db.session.expire_all()
    row = db.session.scalars(select(CouponTally).filter_by(customer_id=person.id)).one()
    return row.given, row.in_period, row.period_start.month


def test_nobody_is_merged_with_themselves_with_nobody_or_with_who_is_gone(app: Flask) -> None:
    one, other, gone = joined(), make_person(), make_person()
    with transaction():
        rights.erase(customer_id=gone.id, public_id=gone.signed_in.public_id, now=clock.now())
    before = everything()
    with pytest.raises(services.SamePerson):
        join(one, one)
    with pytest.raises(services.PersonErased):
        join(one, gone)
    own = one.signed_in.public_id
    for wrong in ({"other": "zzzzzzzzzzzz"}, {"other": ""}, {"reason": " "}, {"reason": "长" * 201}):
        told = {"other": other.signed_in.public_id, "reason": "本人说的", **wrong}
        with pytest.raises(Invalid), transaction():
            services.join_by_hand(public_id=own, now=clock.now(), **told)
    with pytest.raises(NotFound), transaction():
        services.join_by_hand(public_id="nobody", other=own, reason="本人说的", now=clock.now())
    with pytest.raises(NotFound):
        part("nothing")
    assert everything() == before
    join(one, other)
    assert join(other, one) == one.id
    assert count(CustomerMerge) == 1
    with pytest.raises(Invalid):
        part(reason="")
    part()
    with pytest.raises(services.AlreadyUndone):
        part()


def test_who_is_erased_is_forgotten_whole_and_stays_one(app: Flask) -> None:
    one, other = joined(name="王小满"), joined(name="王满满", birthday=date(1990, 2, 3))
    with transaction():
        db.session.execute(update(Address).values(phone="15400000003"))
    join(one, other)
    assert len(addresses.addresses_of(customer_id=one.id)) == 1  # the same twice is once
    assert count(Address) == 2
    with transaction():
        exported = rights.export(customer_id=one.id, now=clock.now())
    assert [each["name"] for each in exported["person"]["merged"]] == ["王满满"]
    assert exported["person"]["birthday"] == "1990-02-03"
    with transaction():
        rights.erase(customer_id=one.id, public_id=one.signed_in.public_id, now=clock.now())
    db.session.expire_all()
    for row in db.session.scalars(select(Customer)):
        assert (row.name, row.birthday, row.member_no, row.erased_at is None) == (None, None, None, False)
    assert count(Address) == 0
    with pytest.raises(services.PersonErased):
        part()


def test_news_of_who_was_merged_meanwhile_is_about_who_they_are_now(app: Flask) -> None:
    one, other = joined(), make_person()
    store = Store.open(app)
    order = store.order(by=other, price_fen=10_000)
    with transaction():
        services.join(one_id=one.id, other_id=other.id, evidence=Evidence.STAFF, now=clock.now())
        publish(OrderCancelled(order_id=order.id, customer_id=other.id, reason="staff"))
        publish(GrowthChanged(customer_id=other.id))
    db.session.rollback()
    assert queries.of_survivor(GrowthChanged(customer_id=other.id)) == GrowthChanged(customer_id=one.id)
    assert db.session.scalar(select(func.count()).where(Delivery.done_at.is_(None))) == 0


def test_what_was_on_its_way_when_they_were_merged_follows_them(app: Flask, clock: ShopClock) -> None:
    """And goes back with the rest when that was a mistake."""
    one, other = joined(), make_person()
    store, sku = Store.open(app), make_sku(stock=9).public_id
    order = store.order(by=other, of={sku: 1})
    join(one, other)
    had = points(one)
    # written by requests that had read whom they serve before the merge, and by a handler that had begun
    with transaction():
        db.session.execute(update(Order).values(customer_id=other.id))
    earn(purse(customer_id=other.id, unit=Unit.POINTS), 40, key="late")
    with transaction():
        token, _ends = identity.open_session(
            customer_id=other.id, openid=other.signed_in.openid, kind=SessionKind.API, now=clock.now()
        )
    assert jobs.gather_late(clock.now()) == 0
    clock.forward(minutes=3)
    assert [jobs.gather_late(clock.now()) for _run in range(2)] == [1, 0]
    assert points(one) == had + 40
    assert store.again(order).customer_id == one.id
    late = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/me", headers=late).get_json()["is_member"] is True
    assert_books_hold()
    part()
    assert (points(one), points(other)) == (had, 40)
    assert store.again(order).customer_id == other.id
    assert {row.customer_id: row.unpaid for row in db.session.scalars(select(OrderQuota))} == {other.id: 1}
    assert app.test_client().get("/api/v1/me", headers=late).get_json()["is_member"] is False
    clock.forward(minutes=3)
    assert jobs.gather_late(clock.now()) == 0
    assert_books_hold()


@pytest.mark.parametrize("was", PairStatus)
@pytest.mark.parametrize("wanted", PairStatus)
def test_what_was_said_of_a_pair_moves_by_its_table(was: PairStatus, wanted: PairStatus) -> None:
    allowed = {
        (PairStatus.PROPOSED, PairStatus.MERGED),
        (PairStatus.PROPOSED, PairStatus.DISTINCT),
        (PairStatus.MERGED, PairStatus.DISTINCT),
        (PairStatus.DISTINCT, PairStatus.MERGED),
    }
    assert PAIR_MOVES.allows(was, wanted) is ((was, wanted) in allowed)
