"""Two customers who are one person: perks of a period count once, and undoing the merge gives back everything."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import NotFound
from shopapp.kernel.money import Money
from shopapp.loyalty.cards import queries as cards
from shopapp.loyalty.cards import services as card_services
from shopapp.loyalty.perks import merging, queries, savings, services
from shopapp.loyalty.perks.models import PerkGrant
from shopapp.loyalty.perks.rules import GrantStatus, Period
from shopapp.loyalty.tiers import queries as tiers
from tests.support.clocks import ShopClock
from tests.support.orders import Store
from tests.support.people import Person
from tests.support.perks import grants, joined, make_perk, make_plan, on, periods, row_of, run


def merge(source: Person, target: Person, key: str = "m1") -> None:
    with transaction():
        merging.merge(source_id=source.id, target_id=target.id, key=key, now=clock.now())


def undo(key: str = "m1") -> None:
    with transaction():
        merging.undo_merge(key=key, now=clock.now())


def take(grant_id: str) -> None:
    with transaction():
        services.redeem(grant_id=grant_id, key="test", now=clock.now())


def everything() -> list[Any]:
    """All grants as the database has them."""
    db.session.rollback()
    columns = (PerkGrant.id, PerkGrant.customer_id, PerkGrant.status, PerkGrant.key, PerkGrant.reserved_at)
    return list(db.session.execute(select(*columns).order_by(PerkGrant.id)).all())


def test_a_perk_that_both_had_for_a_period_counts_once(app: Flask) -> None:
    old, new = joined(), joined()
    make_perk(period=Period.ONCE)
    run(clock.now())
    before = everything()
    merge(old, new)
    merge(old, new)
    (theirs,), (own,) = grants(old), grants(new)
    assert (theirs.status, own.status) == (GrantStatus.MERGED, GrantStatus.GRANTED)
    with pytest.raises(services.PerkOver):
        take(theirs.id)
    run(clock.now())
    assert len(grants(new)) == 1
    undo()
    undo()
    assert everything() == before


@pytest.mark.parametrize("reserved", [False, True])
def test_what_one_of_them_took_the_other_cannot_take_again(app: Flask, reserved: bool) -> None:
    old, new = joined(), joined()
    make_perk(period=Period.ONCE)
    run(clock.now())
    take(grants(old)[0].id)
    (own,) = grants(new)
    if reserved:
        with transaction():
            services.reserve(grant_id=own.id, key="order:1", now=clock.now())
    before = everything()
    merge(old, new)
    assert row_of(own.id).status is GrantStatus.MERGED
    assert grants(old)[0].status is GrantStatus.REDEEMED
    undo()
    assert everything() == before
    with transaction():
        if reserved:
            services.commit(grant_id=own.id, key="order:1", now=clock.now())


def test_what_only_one_had_goes_along_with_savings(app: Flask) -> None:
    old, new, store = joined(), joined(), Store.open(app)
    make_perk()
    order = store.order(by=old)
    run(on(2027, 1, 5))
    with transaction():
        db.session.execute(PerkGrant.__table__.delete().where(PerkGrant.customer_id == new.id))
        savings.note(customer_id=old.id, order_id=order.id, fen=700, at=clock.now())
    merge(old, new)
    assert (periods(old), periods(new)) == ([], ["2027-01"])
    assert queries.saved(customer_id=new.id, now=clock.now()).total == Money(700)
    assert queries.saved(customer_id=old.id, now=clock.now()).total == Money(0)
    undo()
    assert (periods(old), periods(new)) == (["2027-01"], [])
    assert queries.saved(customer_id=old.id, now=clock.now()).total == Money(700)


def test_cards_of_both_follow_one_another_and_their_tier_goes_along(app: Flask, clock: ShopClock) -> None:
    old, new = joined(), joined()
    plan = make_plan(days=30, tier_code="gold")
    now = clock.now()
    with transaction():
        card_services.activate_card(customer_id=old.id, plan_id=plan, order_no="A", now=now)
        card_services.activate_card(customer_id=new.id, plan_id=plan, order_no="B", now=now)
    before = [cards.cards_of(customer_id=person.id) for person in (old, new)]
    merge(old, new)
    (held,) = cards.held(customer_id=new.id, now=now)
    assert (held.until - clock.now()).days >= 59
    assert cards.held(customer_id=old.id, now=clock.now()) == []
    clock.forward(days=45)
    tier = tiers.tier_of(customer_id=new.id, now=clock.now())
    assert tier is not None
    assert tier.code == "gold"
    undo()
    assert [cards.cards_of(customer_id=person.id) for person in (old, new)] == before
    tier = tiers.tier_of(customer_id=new.id, now=clock.now())
    assert tier is not None
    assert tier.code == "member"


def test_undoing_what_was_never_merged_is_refused(app: Flask) -> None:
    with pytest.raises(NotFound):
        undo("nothing")
