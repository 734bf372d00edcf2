"""What is given once per person is given once, also to who has themselves forgotten and comes back; nothing of them is kept."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock as shop_clock
from shopapp.kernel import outbox, preferences
from shopapp.kernel.db import db, transaction
from shopapp.kernel.settings import settings
from shopapp.kernel.sms import FakeSms
from shopapp.loyalty.cards import queries as cards
from shopapp.loyalty.cards import services as card_services
from shopapp.loyalty.coupons import services as coupons
from shopapp.loyalty.coupons.content import Giving, Moment
from shopapp.loyalty.coupons.models import CustomerCoupon
from shopapp.loyalty.coupons.services import CouponTaken
from shopapp.loyalty.ledger import queries as books
from shopapp.loyalty.perks.rules import Period, PerkKind
from shopapp.loyalty.points.queries import points_purse
from shopapp.loyalty.points.services import grant_first_order
from shopapp.members.identity import former, services
from shopapp.members.identity.models import FormerMark
from shopapp.members.identity.privacy import in_force
from shopapp.members.identity.rules import date
from shopapp.members.rights import services as rights
from tests.support.clocks import ShopClock
from tests.support.coupons import make_coupon
from tests.support.members import PHONE, ask_code, code_in, make_member, register, row_of
from tests.support.orders import count
from tests.support.people import Person, make_person
from tests.support.perks import grants, make_perk, make_plan

OPENID = "oTEST_comes_back"


def erase(person: Person) -> None:
    with transaction():
        rights.erase(customer_id=person.id, public_id=person.signed_in.public_id, now=shop_clock.now())


def come() -> Person:
    """Somebody, always the same, becomes a member, and all that follows from it is done."""
    person = make_member(make_person(openid=OPENID))
    outbox.deliver_due(now=shop_clock.now())
    return person


def points(person: Person) -> int:
    db.session.rollback()
    return books.balance(purse=points_purse(person.id), now=shop_clock.now()).available


def first_order(person: Person) -> int:
    with transaction():
        return grant_first_order(customer_id=person.id, order_no="O1", now=shop_clock.now())


def coupons_of(person: Person) -> int:
    db.session.rollback()
    return len(db.session.scalars(select(CustomerCoupon).filter_by(customer_id=person.id)).all())


def claim(person: Person, coupon: str) -> None:
    with transaction():
        coupons.claim(coupon_id=coupon, customer_id=person.id, now=shop_clock.now())


def test_who_comes_back_has_what_was_theirs_once_no_second_time_and_the_rest_as_anybody(
    app: Flask, clock: ShopClock
) -> None:
    make_coupon(giving=Giving.PUSH, moment=Moment.JOINED)
    taken, twice = make_coupon(), make_coupon(per_person=2)
    plan = make_plan(trial_days=7)
    make_perk(kind=PerkKind.POINTS, period=Period.ONCE, automatic=True, points=30)
    first = come()
    assert (points(first), coupons_of(first)) == (130, 1)
    assert first_order(first) == 100
    claim(first, taken)
    claim(first, twice)
    with transaction():
        card_services.start_trial(customer_id=first.id, plan_id=plan, now=shop_clock.now())
    outbox.deliver_due(now=shop_clock.now())
    erase(first)

    again = come()
    later = make_coupon()
    assert (again.id == first.id, points(again), coupons_of(again)) == (False, 0, 0)
    assert (first_order(again), points(again), grants(again)) == (0, 0, [])
    with pytest.raises(CouponTaken):
        claim(again, taken)
    with pytest.raises(card_services.TrialTaken), transaction():
        card_services.start_trial(customer_id=again.id, plan_id=plan, now=shop_clock.now())
    assert cards.tried(customer_id=again.id, now=shop_clock.now())
    claim(again, twice)
    claim(again, later)
    assert coupons_of(again) == 2

    stranger = make_member()
    outbox.deliver_due(now=shop_clock.now())
    assert (points(stranger), coupons_of(stranger), first_order(stranger)) == (130, 1, 100)


def test_the_phone_knows_them_too_and_a_birthday_stays_what_it_was(
    app: Flask, gateway: FakeSms, clock: ShopClock
) -> None:
    first = make_person()
    ask_code(app, first)
    register(app, first, phone=PHONE, phone_code=code_in(gateway), birthday="1990-12-01")
    outbox.deliver_due(now=shop_clock.now())
    assert points(first) == 100
    erase(first)
    clock.forward(minutes=5)
    again = make_person()
    ask_code(app, again)
    told = {"phone": PHONE, "phone_code": code_in(gateway)}
    assert register(app, again, **told).status_code == 201
    outbox.deliver_due(now=shop_clock.now())
    assert points(again) == 0
    change = {"birthday": "1991-01-01"}
    answer = app.test_client().put("/api/v1/me/profile", json=change, headers=again.headers)
    assert answer.get_json()["code"] == "birthday_kept"
    change = {"birthday": "1990-12-01"}
    assert app.test_client().put("/api/v1/me/profile", json=change, headers=again.headers).status_code == 200


def test_a_year_has_one_birthday_gift_also_over_an_erasure(app: Flask) -> None:
    today = shop_clock.shop_day(shop_clock.now())
    make_perk(kind=PerkKind.BIRTHDAY_GIFT, automatic=True)
    born = date(1990, today.month, today.day)
    for had in (1, 0):
        person = make_member(make_person(openid=OPENID), birthday=born)
        outbox.deliver_due(now=shop_clock.now())
        assert len(grants(person)) == had
        erase(person)


def test_marks_tell_nothing_of_the_person_and_go_in_time(app: Flask, clock: ShopClock) -> None:
    person = come()
    public_id, openid = person.signed_in.public_id, person.signed_in.openid
    erase(person)
    kept = db.session.scalars(select(FormerMark)).all()
    assert sorted(mark.gift for mark in kept) == ["points:joining"]
    told = str([{name: getattr(mark, name) for name in ("mark", "gift", "until")} for mark in kept])
    assert not any(secret in told for secret in (public_id, openid, settings().wx_appid))
    erase(person)
    assert count(FormerMark) == 1
    clock.forward(days=729)
    assert former.forget_old(now=shop_clock.now()) == 0
    clock.forward(days=2)
    assert points(come()) == 100
    assert former.forget_old(now=shop_clock.now()) == 1
    assert count(FormerMark) == 0


def test_who_had_nothing_leaves_nothing_and_a_shop_may_keep_none(app: Flask) -> None:
    guest = make_person(openid=OPENID)
    erase(guest)
    assert count(FormerMark) == 0
    with transaction():
        preferences.write("members.marks_kept_months", 0)
    member = come()
    erase(member)
    assert count(FormerMark) == 0
    assert points(come()) == 100
    assert row_of(member).birthday_mark is None
    assert services.lock_unerased(customer_id=member.id) is False


def test_the_standard_privacy_text_says_for_how_long_marks_are_kept(app: Flask) -> None:
    before = in_force()
    assert "保留 24 个月" in before.text
    with transaction():
        preferences.write("members.marks_kept_months", 0)
    assert "校验码；" not in in_force().text
    assert in_force().version != before.version
