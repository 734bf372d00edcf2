"""Perks: granted once for each person and period, taken once, whatever is repeated, late or at the same time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.outbox import deliver_due
from shopapp.loyalty.perks import granting, jobs, offers, queries, services
from shopapp.loyalty.perks.models import PerkGrant
from shopapp.loyalty.perks.rules import GrantStatus, Period, PerkKind
from shopapp.loyalty.tiers import services as tiers
from shopapp.members.identity import membership
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.people import Person, make_person
from tests.support.perks import (
    grants,
    joined,
    make_perk,
    on,
    periods,
    points_of,
    put_in_tier,
    row_of,
    run,
)


def redeem(person: Person, perk: str) -> None:
    with transaction():
        services.redeem_own(customer_id=person.id, perk_id=perk, now=clock.now())


def test_a_monthly_perk_is_granted_once_a_month_however_often_the_job_runs(app: Flask) -> None:
    member, guest = joined(), make_person()
    make_perk()
    assert run(on(2027, 1, 5)) == 1
    assert run(on(2027, 1, 5)) == 0
    assert run(on(2027, 1, 31, 23)) == 0
    assert run(on(2027, 2, 1, 0)) == 2, "one begins, that of January ends"
    assert periods(member) == ["2027-01", "2027-02"]
    assert grants(guest) == []


def test_a_month_ends_with_its_last_moment_in_shop_time(app: Flask) -> None:
    member = joined()
    make_perk()
    run(on(2028, 2, 29, 23))
    (grant,) = grants(member, now=on(2028, 2, 29, 23))
    assert grant.period == "2028-02"
    assert grant.valid_until == on(2028, 3, 1, 0)
    assert grant.status is GrantStatus.GRANTED
    assert grants(member, now=on(2028, 3, 1, 0))[0].status is GrantStatus.EXPIRED, (
        "also before the job says so"
    )
    run(on(2028, 3, 1, 0))
    assert row_of(grant.id).status is GrantStatus.EXPIRED
    assert row_of(grant.id).ended_at == on(2028, 3, 1, 0)


def test_one_late_run_comes_to_the_same_as_the_daily_ones(app: Flask) -> None:
    """Two perks alike, one shop that ran each day, and one whose job stood still from November to March."""
    member = joined(birthday=date(1990, 1, 20))
    monthly = make_perk(automatic=True)
    yearly = make_perk(period=Period.YEAR, automatic=True)
    birthday = make_perk(kind=PerkKind.BIRTHDAY_GIFT, automatic=True, days_before=3)
    run(on(2026, 11, 28))
    run(on(2027, 3, 2))
    late = sorted((grant.perk_id, grant.period, grant.status) for grant in grants(member))
    points = points_of(member)
    done = GrantStatus.REDEEMED
    months = ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03"]
    expected = [(monthly, month, done) for month in months]
    expected += [(yearly, "2026", done), (yearly, "2027", done), (birthday, "2027", done)]
    assert late == sorted(expected)
    assert points == 100 * len(expected)
    with transaction():
        db.session.execute(PerkGrant.__table__.delete())
        for perk in queries.perks():
            granting.note_done(perk, now=on(2026, 11, 27))
    day = on(2026, 11, 28)
    while day <= on(2027, 3, 2):
        run(day)
        day += timedelta(days=1)
    assert sorted((grant.perk_id, grant.period, grant.status) for grant in grants(member)) == late


def test_missed_periods_are_not_made_up_for_who_was_no_member_then(app: Flask, clock: ShopClock) -> None:
    make_perk()
    run(clock.now())
    clock.forward(days=70)
    newcomer = joined()
    run(clock.now())
    assert len(periods(newcomer)) == 1


def test_what_was_missed_and_had_to_be_taken_is_over(app: Flask) -> None:
    member = joined()
    make_perk()
    run(on(2026, 12, 5))
    run(on(2027, 2, 5))
    statuses = {grant.period: grant.status for grant in grants(member, now=on(2027, 2, 5))}
    assert statuses == {
        "2026-12": GrantStatus.EXPIRED,
        "2027-01": GrantStatus.EXPIRED,
        "2027-02": GrantStatus.GRANTED,
    }
    assert points_of(member) == 0


def test_a_run_that_is_killed_is_taken_up_by_the_next(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [joined() for _ in range(7)]
    make_perk(automatic=True)
    monkeypatch.setattr(granting, "BATCH", 2)
    write, calls = granting.write, iter(range(99))

    def dies(*args: object, **kwargs: object) -> list[str]:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return write(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(granting, "write", dies)
    with pytest.raises(KeyboardInterrupt):
        run(on(2027, 1, 5))
    assert sum(len(grants(member)) for member in members) == 4
    run(on(2027, 1, 5))
    assert [periods(member) for member in members] == [["2027-01"]] * 7
    assert [points_of(member) for member in members] == [100] * 7


def test_a_perk_of_a_higher_tier_is_not_for_others_and_a_drop_ends_what_is_to_come(
    app: Flask, clock: ShopClock
) -> None:
    silver, plain = joined(), joined()
    perk = make_perk(tiers=("silver",), points=50)
    put_in_tier(silver, "silver", days=10)
    run(clock.now())
    assert (len(grants(silver)), len(grants(plain))) == (1, 0)
    clock.forward(days=40)
    with transaction():
        tiers.evaluate_member(customer_id=silver.id, now=clock.now())
    run(clock.now())
    assert len(grants(silver)) == 1, "no more in the months after the drop"
    assert perk == grants(silver)[0].perk_id


def test_what_was_granted_stays_after_a_drop_until_it_ends(app: Flask, clock: ShopClock) -> None:
    person = joined()
    perk = make_perk(tiers=("silver",), period=Period.ONCE)
    put_in_tier(person, "silver", days=10)
    run(clock.now())
    clock.forward(days=40)
    mine = offers.mine(customer_id=person.id, now=clock.now())
    assert [one.id for one in mine.perks if one.id] == []
    assert [(one.id, one.can_redeem) for one in mine.left] == [(perk, True)]
    redeem(person, perk)
    assert points_of(person) == 100


def test_a_new_tier_grants_at_once(app: Flask) -> None:
    person = joined()
    make_perk(tiers=("silver",), automatic=True)
    put_in_tier(person, "silver")
    deliver_due(now=clock.now())
    assert [grant.status for grant in grants(person)] == [GrantStatus.REDEEMED]
    assert points_of(person) == 100


def test_once_a_term_means_the_end_of_the_term_and_not_how_often_it_was_entered(app: Flask) -> None:
    person = joined()
    make_perk(tiers=("member",), period=Period.TERM)
    run(on(2027, 1, 5))
    run(on(2029, 1, 5))
    assert periods(person) == ["term"]


@pytest.mark.parametrize("year", [2027, 2028])
def test_a_birthday_on_29_february_is_kept_on_the_28th_every_year(app: Flask, year: int) -> None:
    leap, plain = joined(birthday=date(2000, 2, 29)), joined(birthday=date(2000, 2, 28))
    march = joined(birthday=date(2000, 3, 1))
    make_perk(kind=PerkKind.BIRTHDAY_GIFT)
    run(on(year, 2, 27))
    assert (grants(leap), grants(plain)) == ([], [])
    run(on(year, 2, 28))
    assert periods(leap) == periods(plain) == [str(year)]
    assert grants(leap)[0].valid_until == on(year, 2, 28, 0) + timedelta(days=30)
    run(on(year, 2, 28) + timedelta(days=1))
    assert len(grants(leap)) == 1
    assert (grants(march) == []) == (year == 2028)


def test_a_birthday_gift_comes_ahead_and_never_in_the_year_before(app: Flask) -> None:
    january, june = joined(birthday=date(1990, 1, 3)), joined(birthday=date(1990, 6, 20))
    make_perk(kind=PerkKind.BIRTHDAY_GIFT, days_before=10)
    run(on(2026, 12, 31))
    assert grants(january) == []
    run(on(2027, 1, 1))
    assert periods(january) == ["2027"]
    run(on(2027, 6, 9))
    assert grants(june) == []
    run(on(2027, 6, 10))
    assert periods(june) == ["2027"]


def test_there_is_one_birthday_gift_a_calendar_year_also_when_staff_change_the_birthday_or_the_tier(
    app: Flask,
) -> None:
    person = joined(birthday=date(1990, 3, 1))
    make_perk(kind=PerkKind.BIRTHDAY_GIFT, points=10)
    make_perk(kind=PerkKind.BIRTHDAY_GIFT, points=500, tiers=("silver",))
    run(on(2027, 3, 1))
    with transaction():
        membership.change_birthday(public_id=person.signed_in.public_id, birthday=date(1990, 3, 20))
    put_in_tier(person, "silver")
    run(on(2027, 3, 20))
    assert periods(person) == ["2027"]
    run(on(2028, 3, 20))
    assert periods(person) == ["2027", "2028"]


def test_who_tells_their_birthday_late_has_missed_it(app: Flask) -> None:
    joined(birthday=date(1990, 3, 1))
    make_perk(kind=PerkKind.BIRTHDAY_GIFT)
    run(on(2027, 3, 1))
    stranger = joined(birthday=date(1990, 2, 27))
    run(on(2027, 3, 2))
    assert grants(stranger) == []


def test_two_jobs_and_a_tier_change_at_once_grant_it_once(app: Flask) -> None:
    people = [joined() for _ in range(20)]
    make_perk(automatic=True)
    make_perk(period=Period.YEAR)

    def all_of_them() -> None:
        jobs.grant_perks(clock.now())

    def one_by_one() -> None:
        for person in people:
            with transaction():
                granting.grant_to(customer_id=person.id, now=clock.now())

    at_once(app, [all_of_them, one_by_one, all_of_them, one_by_one], threads=4)
    run(clock.now())
    assert db.session.scalar(select(func.count()).select_from(PerkGrant)) == 40
    assert [points_of(person) for person in people] == [100] * 20
