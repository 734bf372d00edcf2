"""Two customers who are one person: everything goes along, nothing is lost, and a mistake can be undone to the letter."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shopapp.kernel import clock, merging
from shopapp.kernel.db import db, transaction
from shopapp.loyalty.adjustments.models import Adjustment
from shopapp.loyalty.cards import queries as cards
from shopapp.loyalty.cards import services as card_services
from shopapp.loyalty.coupons.content import Period as Month
from shopapp.loyalty.coupons.models import CouponTally, CustomerCoupon
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.perks.rules import Period, PerkKind
from shopapp.loyalty.points.models import CapKind, CheckIn, PointsCount
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.addresses import queries as addresses
from shopapp.members.identity import console, members, queries
from shopapp.members.notes import queries as notes
from shopapp.members.notes import services as note_services
from shopapp.members.notes import tags
from shopapp.store.carts import services as carts
from shopapp.store.carts.queries import CartOwner, cart_count
from shopapp.store.orders.models import Order, OrderQuota
from tests.support.catalogue import make_sku
from tests.support.clocks import ShopClock
from tests.support.coupons import give, make_coupon
from tests.support.ledger import assert_books_hold, balance, earn, spend
from tests.support.merging import everything, join, part, points, tier
from tests.support.orders import Store, events
from tests.support.people import Person, make_person
from tests.support.perks import grants, joined, make_perk, make_plan, put_in_tier, run
from tests.support.tiers import assert_replay_is_what_is_kept, earn_growth


def test_every_table_that_names_customers_has_a_part(app: Flask) -> None:
    naming = {
        table.name
        for table in db.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "customers"
    }
    named = [name for each in merging.parts() for name in each.tables]
    assert set(named) == naming
    assert len(named) == len(set(named))


def test_a_member_and_the_guest_that_they_were_become_one(app: Flask) -> None:
    """And come apart again, each with what was theirs; what came in between stays with the member."""
    store = Store.open(app)
    member, guest = joined(name="王小满"), make_person()
    ours, theirs = make_sku(stock=50), make_sku(stock=50)
    with transaction():
        tags.give(customer=member.signed_in.public_id, name="老客", now=clock.now())
        for one in (member, guest):
            tags.give(customer=one.signed_in.public_id, name="母婴", now=clock.now())
            note_services.add_note(customer=one.signed_in.public_id, text="喜欢蓝色", now=clock.now())
        for one, sku in ((member, ours), (guest, ours), (guest, theirs)):
            of = CartOwner(customer_id=one.id)
            carts.put_item(of=of, sku_public_id=sku.public_id, quantity=2, now=clock.now())
    paid = store.paid_order(by=guest, of={theirs.public_id: 1})
    waiting = store.order(by=guest, of={theirs.public_id: 1})
    coupon = make_coupon(per_person=2)
    give(guest.id, coupon)
    earn(purse(customer_id=guest.id, unit=Unit.POINTS), 300, key="a", life=Life(days=40))
    earn(purse(customer_id=member.id, unit=Unit.POINTS), 100, key="b", life=Life(days=20))
    earn(purse(customer_id=guest.id, unit=Unit.PRINCIPAL), 5_000, key="c")
    had = points(member)
    before = everything()

    assert join(guest, member) == member.id
    assert_books_hold()
    assert points(member) == had + 300
    assert balance(purse(customer_id=member.id, unit=Unit.PRINCIPAL)).active == 5_000
    assert {order.customer_id for order in db.session.scalars(select(Order))} == {member.id}
    assert cart_count(customer_id=member.id) == 2
    assert len(addresses.addresses_of(customer_id=member.id)) == 2
    assert sum(one.is_default for one in addresses.addresses_of(customer_id=member.id)) == 1
    assert [tag.name for tag in notes.tags_of(customer_id=member.id)] == ["母婴", "老客"]
    quotas = {row.customer_id: row.unpaid for row in db.session.scalars(select(OrderQuota))}
    assert quotas[member.id] == 1
    # the guest's own browser goes on as the member
    assert app.test_client().get("/api/v1/me", headers=guest.headers).get_json()["is_member"] is True
    answer = app.test_client().get(f"/api/v1/orders/{paid.no}", headers=member.headers)
    assert answer.status_code == 200

    spend(purse(customer_id=member.id, unit=Unit.POINTS), 150, key="used")
    bought = store.order(by=member, of={ours.public_id: 1})
    give(member.id, coupon)
    part()
    assert_books_hold()
    # lots were used in the order in which they end: 100 of the member's own, then 50 that the guest had brought
    assert (points(member), points(guest)) == (had - 100, 250)
    kept = {order.id: order.customer_id for order in db.session.scalars(select(Order))}
    assert kept == {paid.id: guest.id, waiting.id: guest.id, bought.id: member.id}
    tallies = {row.customer_id: row.given for row in db.session.scalars(select(CouponTally))}
    assert tallies == {guest.id: 1, member.id: 1}
    held = {row.customer_id for row in db.session.scalars(select(CustomerCoupon))}
    assert held == {guest.id, member.id}
    quotas = {row.customer_id: row.unpaid for row in db.session.scalars(select(OrderQuota))}
    assert quotas == {guest.id: 1, member.id: 1}
    after = everything()
    changed = {name for name in before if before[name] != after[name]}
    assert changed & {"addresses", "customer_tags", "customer_notes", "customers", "wechat_accounts"} == set()
    assert app.test_client().get("/api/v1/me", headers=guest.headers).get_json()["is_member"] is False


def test_two_memberships_keep_one_number_and_the_other_is_still_found(app: Flask, clock: ShopClock) -> None:
    elder = joined(name="李雷", marketing=False)
    clock.forward(days=3)
    younger = joined(name="李雷", marketing=True)
    numbers = [members.member_of(one.id).member_no for one in (elder, younger)]  # type: ignore[union-attr]
    make_perk(period=Period.ONCE)
    run(clock.now())
    plan = make_plan(days=30, tier_code="gold")
    with transaction():
        card_services.activate_card(customer_id=younger.id, plan_id=plan, order_no="A", now=clock.now())
    put_in_tier(elder, "silver")
    earn_growth(younger, 700, at=clock.now())
    before = everything()

    assert join(younger, elder) == elder.id
    assert members.member_of(elder.id).member_no == numbers[0]  # type: ignore[union-attr]
    assert members.member_of(elder.id).marketing  # type: ignore[union-attr]
    assert members.member_of(younger.id) is None
    assert tier(elder) == "gold"
    assert len(cards.held(customer_id=elder.id, now=clock.now())) == 1
    assert [one.status.value for one in grants(elder)] == ["granted"]
    assert_books_hold()
    assert_replay_is_what_is_kept()
    assert {event["customer_id"] for event in events("GrowthChanged")} >= {elder.id}
    # by number, id and phone whoever asks is led to the one who stayed
    for words in (*numbers, younger.signed_in.public_id, elder.signed_in.public_id):
        assert console.find_ids(words=words) == [elder.id]
        assert members.customer_id_of(words) == elder.id
    found = queries.find(public_id=younger.signed_in.public_id)
    assert found is not None
    assert found.public_id == elder.signed_in.public_id
    assert queries.row_ids(public_ids=[younger.signed_in.public_id]) == {
        younger.signed_in.public_id: elder.id
    }
    assert queries.count() == 1
    assert [row.id for row in queries.newest()] == [elder.id]

    part()
    after = everything()
    assert set(before.pop("card_holders")) <= set(after.pop("card_holders"))
    assert after == before
    assert_books_hold()
    assert_replay_is_what_is_kept()
    assert console.find_ids(words=numbers[1]) == [younger.id]


def test_growth_keeps_its_dates_wherever_it_goes(app: Flask, clock: ShopClock) -> None:
    """What was earned a year ago does not count anew because of a merge, and not after its undoing either."""
    elder, younger = joined(), joined()
    earn_growth(younger, 20_000, at=clock.now(), key="g")
    once = tiers.history_of(customer_id=younger.id, now=clock.now())
    assert once is not None
    clock.forward(days=100)
    join(elder, younger)
    merged = tiers.history_of(customer_id=elder.id, now=clock.now())
    assert merged is not None
    assert (merged.level.code, merged.current.until) == (once.level.code, once.current.until)
    clock.forward(days=100)
    part()
    apart = tiers.history_of(customer_id=younger.id, now=clock.now())
    assert apart is not None
    assert (apart.level.code, apart.current.until) == (once.level.code, once.current.until)
    assert tier(elder) == "member"
    assert_replay_is_what_is_kept()


def test_a_birthday_gift_comes_once_a_year(app: Flask, clock: ShopClock) -> None:
    day = clock.now().date()
    elder, younger = joined(birthday=day.replace(year=1990)), joined(birthday=day.replace(year=1990))
    make_perk(kind=PerkKind.BIRTHDAY_GIFT)
    run(clock.now())
    assert [len(grants(one)) for one in (elder, younger)] == [1, 1]
    join(elder, younger)
    run(clock.now())
    assert sorted(one.status.value for one in grants(elder) + grants(younger)) == ["granted", "merged"]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_two_people_have_a_merge_undone_at_once_was_never_there(app: Flask, seed: int) -> None:
    chance = random.Random(seed)
    store, shelf = Store.open(app), [make_sku(stock=99).public_id for _sku in range(3)]
    coupon = make_coupon(per_person=None, per_period=3, period=Month.MONTH)
    make_perk(period=Period.ONCE)
    two = [_somebody(chance) for _one in range(2)]
    for number, one in enumerate(two):
        _lives(store, one, chance, shelf=shelf, coupon=coupon, key=f"{seed}:{number}")
    run(clock.now())
    before = everything()
    join(*two)
    assert everything() != before
    assert left_behind(two) <= STAYING
    assert_books_hold()
    assert_replay_is_what_is_kept()
    part()
    assert everything() == before
    assert_books_hold()
    assert_replay_is_what_is_kept()


STAYING = {
    # counters, whose sums the other has; and what the other has as well
    *("coupon_tallies", "points_counts", "order_quotas", "mall_tallies"),
    *("carts", "check_ins", "customer_tags", "perk_grants", "card_holders"),
}


def left_behind(two: list[Person]) -> set[str]:
    """The tables in which rows still belong to who was merged."""
    db.session.rollback()
    (gone,) = (one.id for one in two if queries.survivor(one.id) != one.id)
    tables = [table for table in db.metadata.sorted_tables if "customer_id" in table.c]
    return {
        table.name
        for table in tables
        if db.session.scalar(select(func.count()).select_from(table).where(table.c.customer_id == gone))
    }


def _somebody(chance: random.Random) -> Person:
    if chance.random() < 0.4:
        return make_person()
    birthday = date(1990, chance.randint(1, 12), 3) if chance.random() < 0.5 else None
    return joined(name=chance.choice(["", "王小满", "李雷"]), birthday=birthday)


def _lives(
    store: Store, one: Person, chance: random.Random, *, shelf: list[str], coupon: str, key: str
) -> None:
    """Some of all that a person can do and be given."""
    public_id = one.signed_in.public_id
    acts: list[Callable[[], object]] = [
        lambda: store.order(by=one, of={shelf[0]: 1}),
        lambda: store.paid_order(by=one, of={shelf[1]: 2}),
        lambda: give(one.id, coupon, key=f"coupon:{key}"),
        lambda: earn(purse(customer_id=one.id, unit=Unit.POINTS), 70, key=f"p:{key}", life=Life(days=9)),
        lambda: earn(purse(customer_id=one.id, unit=Unit.POINTS), 30, key=f"w:{key}", pending=True),
        lambda: earn(purse(customer_id=one.id, unit=Unit.GIFT), 900, key=f"g:{key}", life=Life(days=5)),
        lambda: earn_growth(one, chance.choice([50, 1_500, 9_000]), at=clock.now(), key=f"up:{key}"),
        lambda: _write(lambda: tags.give(customer=public_id, name=chance.choice("甲乙"), now=clock.now())),
        lambda: _write(lambda: note_services.add_note(customer=public_id, text="说过", now=clock.now())),
        lambda: _put(one, chance.sample(shelf, k=2)),
        lambda: _propose(one, key=key),
        lambda: _keep(CheckIn, one, day=date(2020, 1, chance.randint(1, 3)), streak=1, points=5),
        lambda: _keep(PointsCount, one, kind=CapKind.TASKS, period="2020-01", counted=chance.randint(1, 9)),
    ]
    for act in acts:
        if chance.random() < 0.6:
            act()
    if one.signed_in.is_member and chance.random() < 0.5:
        put_in_tier(one, "silver")


def _write(act: Callable[[], object]) -> None:
    with transaction():
        act()


def _put(one: Person, skus: list[str]) -> None:
    for sku in skus:
        of = CartOwner(customer_id=one.id)
        _write(lambda of=of, sku=sku: carts.put_item(of=of, sku_public_id=sku, quantity=1, now=clock.now()))  # type: ignore[misc]


def _propose(one: Person, *, key: str) -> None:
    """Points by hand that wait for a second person."""
    row = Adjustment(
        customer_id=one.id,
        unit=Unit.POINTS,
        amount=9_000,
        reason="补偿",
        proposed_by="staff:a",
        proposed_name="小红",
        key=key,
        created_at=clock.now(),
    )
    _write(lambda: db.session.add(row))


def _keep(model: type[Any], one: Person, **values: Any) -> None:
    stamps = {"checked_at": clock.now()} if model is CheckIn else {}
    _write(lambda: db.session.add(model(customer_id=one.id, **values, **stamps)))
