"""Taking perks, giving them by hand, and what membership saved: once, whatever is repeated or at the same time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid, NotFound
from shopapp.kernel.money import Money
from shopapp.kernel.outbox import deliver_due
from shopapp.kernel.states import IllegalMove
from shopapp.loyalty.coupons import offering as coupon_offering
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons.services import CouponClosed
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.queries import statement
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.perks import defining, queries, savings, services
from shopapp.loyalty.perks.models import GRANT_MOVES
from shopapp.loyalty.perks.rules import GrantStatus, Period, PerkKind
from shopapp.loyalty.points.wording import entry_text, subject_text
from shopapp.members.identity import membership
from tests.store.test_orders_race import at_once
from tests.support.members import make_member
from tests.support.orders import Store
from tests.support.people import Person, make_person
from tests.support.perks import (
    grants,
    joined,
    make_perk,
    on,
    periods,
    perk_content,
    perk_coupon,
    points_of,
    row_of,
    run,
)


def redeem(person: Person, perk: str) -> None:
    with transaction():
        services.redeem_own(customer_id=person.id, perk_id=perk, now=clock.now())


def test_taking_a_perk_gives_points_and_coupons_once(app: Flask) -> None:
    person = joined(birthday=date(1990, 5, 1))
    five, ten = perk_coupon(name="五元券"), perk_coupon(name="十元券")
    perk = make_perk(kind=PerkKind.BIRTHDAY_GIFT, points=88, worth=Money(88), coupons=((five, 2), (ten, 1)))
    run(on(2027, 5, 1))
    (grant,) = grants(person)
    now = on(2027, 5, 2)
    with transaction():
        services.redeem_own(customer_id=person.id, perk_id=perk, now=now)
    with transaction():
        services.redeem(grant_id=grant.id, key=f"customer:{grant.id}", now=now)
    lines, _more = statement(purse=purse(customer_id=person.id, unit=Unit.POINTS), limit=1)
    assert entry_text(lines[0]) == "会员权益：会员礼"
    assert (subject_text(lines[0].subject), lines[0].reason) == ("会员权益", "会员礼")
    held = coupons.usable(customer_id=person.id, now=now)
    assert sorted(one.terms.name for one in held) == ["五元券", "五元券", "十元券"]
    assert points_of(person) == 88
    taken = grants(person, now=now)[0]
    assert taken.status is GrantStatus.REDEEMED
    assert (taken.gave["points"], len(taken.gave["coupons"])) == (88, 3)
    assert queries.saved(customer_id=person.id, now=now).total == Money(88)
    with pytest.raises(services.PerkUsed), transaction():
        services.redeem_own(customer_id=person.id, perk_id=perk, now=now)


def test_ten_taps_at_once_give_it_once(app: Flask) -> None:
    person = joined()
    perk = make_perk(points=7)
    run(clock.now())
    refused: list[str] = []

    def tap() -> None:
        try:
            with transaction():
                services.redeem_own(customer_id=person.id, perk_id=perk, now=clock.now())
        except (services.PerkUsed, services.PerkBusy) as problem:
            refused.append(problem.code)

    at_once(app, [tap] * 10, threads=5)
    assert points_of(person) == 7
    assert len(refused) <= 9


def test_reserve_commit_and_release_may_each_be_told_again(app: Flask) -> None:
    person = joined()
    make_perk()
    run(clock.now())
    (grant,) = grants(person)
    now = clock.now()
    with transaction():
        services.reserve(grant_id=grant.id, key="a", now=now)
        services.reserve(grant_id=grant.id, key="a", now=now)
        services.release(grant_id=grant.id, key="a")
        services.release(grant_id=grant.id, key="a")
    assert points_of(person) == 0
    with pytest.raises(services.PerkBusy), transaction():
        services.commit(grant_id=grant.id, key="a", now=now)
    with transaction():
        services.reserve(grant_id=grant.id, key="b", now=now)
    with pytest.raises(services.PerkBusy), transaction():
        services.reserve(grant_id=grant.id, key="a", now=now)
    with pytest.raises(services.PerkBusy), transaction():
        services.release(grant_id=grant.id, key="a")
    with transaction():
        services.commit(grant_id=grant.id, key="b", now=now)
        services.commit(grant_id=grant.id, key="b", now=now)
        services.reserve(grant_id=grant.id, key="b", now=now)
    with pytest.raises(services.PerkUsed), transaction():
        services.release(grant_id=grant.id, key="b")
    with pytest.raises(services.PerkUsed), transaction():
        services.reserve(grant_id=grant.id, key="c", now=now)
    assert points_of(person) == 100


def test_a_reservation_that_nobody_ends_can_be_taken_over(app: Flask) -> None:
    person = joined()
    make_perk(period=Period.ONCE)
    run(clock.now())
    (grant,) = grants(person)
    now = clock.now()
    with transaction():
        services.reserve(grant_id=grant.id, key="lost", now=now)
    later = now + services.RESERVED_FOR
    run(later)
    assert row_of(grant.id).status is GrantStatus.GRANTED
    with pytest.raises(services.PerkBusy), transaction():
        services.commit(grant_id=grant.id, key="lost", now=later)


def test_what_was_reserved_in_time_is_given_also_after_the_end(app: Flask) -> None:
    person = joined()
    make_perk()
    run(on(2027, 1, 31, 23))
    (grant,) = grants(person)
    with transaction():
        services.reserve(grant_id=grant.id, key="a", now=on(2027, 1, 31, 23))
    with transaction():
        services.commit(grant_id=grant.id, key="a", now=on(2027, 2, 1, 0))
    assert points_of(person) == 100


def test_the_table_of_moves_is_this(app: Flask) -> None:
    status = GrantStatus
    allowed = {(was, wanted) for was in status for wanted in status if GRANT_MOVES.allows(was, wanted)}
    assert allowed == {
        (status.GRANTED, status.RESERVED),
        (status.GRANTED, status.EXPIRED),
        (status.GRANTED, status.REVOKED),
        (status.GRANTED, status.MERGED),
        (status.RESERVED, status.GRANTED),
        (status.RESERVED, status.REDEEMED),
        (status.RESERVED, status.REVOKED),
        (status.RESERVED, status.MERGED),
        (status.MERGED, status.GRANTED),
        (status.MERGED, status.RESERVED),
    }


def test_a_coupon_that_cannot_be_given_leaves_the_grant_as_it_was(app: Flask) -> None:
    person = joined()
    good, stopped = perk_coupon(name="好券"), perk_coupon(name="停发的券")
    pack = make_perk(kind=PerkKind.MONTHLY_PACK, coupons=((good, 1), (stopped, 1)), automatic=True)
    with transaction():
        coupon_offering.set_active(public_id=stopped, active=False)
    run(clock.now())
    (grant,) = grants(person)
    assert grant.status is GrantStatus.GRANTED
    assert coupons.usable(customer_id=person.id, now=clock.now()) == [], "all of a pack or nothing"
    with pytest.raises(CouponClosed):
        redeem(person, pack)
    with transaction():
        coupon_offering.set_active(public_id=stopped, active=True)
    run(clock.now())
    assert row_of(grant.id).status is GrantStatus.REDEEMED
    assert len(coupons.usable(customer_id=person.id, now=clock.now())) == 2, "the good one came once"


def test_a_grant_keeps_the_terms_of_its_moment(app: Flask) -> None:
    person = joined()
    perk = make_perk(points=100)
    run(clock.now())
    with transaction():
        defining.change(public_id=perk, content=perk_content(points=1), now=clock.now())
    redeem(person, perk)
    assert points_of(person) == 100
    with pytest.raises(Invalid), transaction():
        defining.change(public_id=perk, content=perk_content(period=Period.YEAR), now=clock.now())


def test_a_perk_that_rested_does_not_make_up_for_it(app: Flask) -> None:
    person = joined()
    perk = make_perk()
    run(on(2026, 12, 5))
    with transaction():
        defining.change(public_id=perk, content=perk_content(active=False), now=on(2026, 12, 6))
    run(on(2027, 1, 5))
    with transaction():
        defining.change(public_id=perk, content=perk_content(), now=on(2027, 3, 1))
    run(on(2027, 3, 2))
    assert periods(person) == ["2026-12", "2027-03"]


def test_staff_give_and_take_back_with_a_reason_that_is_kept(app: Flask) -> None:
    person = joined()
    perk = make_perk(tiers=("silver",))
    known = {"customer_id": person.id, "public_id": person.signed_in.public_id, "perk_id": perk}
    with pytest.raises(Invalid), transaction():
        services.give_by_hand(**known, reason=" ", now=clock.now())  # type: ignore[arg-type]
    with transaction():
        given = services.give_by_hand(**known, reason="补偿", now=clock.now())  # type: ignore[arg-type]
    with pytest.raises(services.PerkAlready), transaction():
        services.give_by_hand(**known, reason="再来一次", now=clock.now())  # type: ignore[arg-type]
    with transaction():
        services.revoke(
            grant_id=given.id, public_id=person.signed_in.public_id, reason="发错了", now=clock.now()
        )
    with pytest.raises(services.NotYours):
        redeem(person, perk)
    with pytest.raises(IllegalMove), transaction():
        services.revoke(grant_id=given.id, public_id="x", reason="又一次", now=clock.now())
    acts = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [act for act in acts if act.startswith("perk.") and act != "perk.create"] == [
        "perk.give",
        "perk.revoke",
    ]


def test_nobody_takes_what_is_another_ones(app: Flask) -> None:
    owner, other = joined(), make_person()
    perk = make_perk()
    run(clock.now())
    with pytest.raises(services.NotYours):
        redeem(other, perk)
    with pytest.raises(NotFound):
        redeem(owner, "nothing")
    assert points_of(owner) == points_of(other) == 0


def test_what_membership_saved_adds_up_once_for_each_order_less_what_refunds_took_back(
    app: Flask,
) -> None:
    person, store = joined(), Store.open(app)
    now = clock.now()
    order_id, other_id = store.order(by=person).id, store.order(by=person).id
    with transaction():
        for _ in range(2):
            savings.note(customer_id=person.id, order_id=order_id, fen=1_250, at=now)
        savings.note(customer_id=person.id, order_id=other_id, fen=-300, at=now)
        savings.note(customer_id=person.id, order_id=other_id, fen=500, at=now)
    assert queries.saved(customer_id=person.id, now=now).total == Money(1_450)
    with transaction():
        savings.note(customer_id=person.id, order_id=order_id, fen=-1_250, at=now)
    saved = queries.saved(customer_id=person.id, now=now)
    assert (saved.year, saved.total) == (Money(200), Money(200))
    assert queries.saved(customer_id=person.id, now=now + timedelta(days=366)).year == Money(0)


def test_bad_perks_are_refused_with_the_field(app: Flask) -> None:
    usual = perk_coupon()
    wrong = {
        "tiers": perk_content(tiers=()),
        "kind": perk_content(kind=PerkKind.TIER_PRICE, points=0),
        "points": perk_content(points=0),
        "coupons": perk_content(kind=PerkKind.COUPON, period=Period.ONCE, coupons=((usual, 2),)),
        "claim_days": perk_content(claim_days=5),
        "contact_text": perk_content(kind=PerkKind.CONTACT, contact_name="小满"),
        "name": perk_content(name="  "),
    }
    for field, content in wrong.items():
        with pytest.raises(Invalid) as refusal, transaction():
            defining.create(content=content, now=clock.now())
        assert field in refusal.value.details["fields"], field
    with pytest.raises(Invalid) as refusal, transaction():
        defining.create(content=perk_content(tiers=("platinum",)), now=clock.now())
    assert refusal.value.details["fields"].keys() == {"tiers"}
    assert queries.perks() == []


def test_who_leaves_has_nothing_to_take_and_nothing_twice_when_they_come_back(app: Flask) -> None:
    person = joined()
    perk = make_perk()
    run(clock.now())
    with transaction():
        membership.leave(customer_id=person.id, source="account", now=clock.now())
    deliver_due(now=clock.now())
    assert [grant.status for grant in grants(person)] == [GrantStatus.REVOKED]
    with pytest.raises(services.NotYours):
        redeem(person, perk)
    make_member(person)
    deliver_due(now=clock.now())
    run(clock.now())
    assert len(grants(person)) == 1
    assert points_of(person) == 0
