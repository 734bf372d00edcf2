"""Tiers as they are kept: joined, lifted by growth, dropped by time, told of, and the same when worked out anew."""

from __future__ import annotations

import json
import random
import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shopapp.events import MemberJoined, MemberLeft
from shopapp.kernel import outbox
from shopapp.kernel.db import db, transaction
from shopapp.kernel.glance import Glance
from shopapp.kernel.ids import token_hash
from shopapp.loyalty.ledger import jobs as ledger_jobs
from shopapp.loyalty.ledger import services as ledger
from shopapp.loyalty.ledger.models import Unit
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.tiers import jobs, queries, services
from shopapp.loyalty.tiers.models import MemberTier, TierStep
from shopapp.loyalty.tiers.terms import Benefits, Drop, Mode
from shopapp.members.identity.queries import SESSION_HOLDER
from tests.support.clocks import ShopClock
from tests.support.people import make_person
from tests.support.tiers import (
    JOINED,
    assert_replay_is_what_is_kept,
    earn_growth,
    events_named,
    follow,
    give,
    make_member,
    member_row,
    messages_about,
    midnight,
    on,
    refund_growth,
    save_terms,
    terms,
    travel,
)


@pytest.fixture(autouse=True)
def _rules(app: Flask, clock: ShopClock) -> None:
    """The present is the day after joining; the rules are those of the stories."""
    clock.forward(seconds=(JOINED + timedelta(days=1) - clock.now()).total_seconds())
    save_terms(terms(), now=JOINED - timedelta(days=1))


def test_who_joins_has_the_first_tier_and_who_leaves_has_none(app: Flask, clock: ShopClock) -> None:
    person, stranger = make_person(), make_person()
    for _again in range(2):
        with transaction():
            outbox.publish(MemberJoined(customer_id=person.id, at=clock.now()))
    tier = queries.tier_of(customer_id=person.id, now=clock.now())
    assert tier is not None
    assert (tier.code, tier.level, tier.until) == ("member", 0, None)
    assert queries.tier_of(customer_id=stranger.id, now=clock.now()) is None
    assert queries.benefits(customer_id=stranger.id, now=clock.now()) == Benefits()
    assert queries.entry_tier().code == "member"
    assert_replay_is_what_is_kept()
    with transaction():
        outbox.publish(MemberLeft(customer_id=person.id))
    assert queries.tier_of(customer_id=person.id, now=clock.now()) is None
    assert db.session.scalar(select(func.count()).select_from(TierStep)) == 0


def test_growth_lifts_at_once_and_spending_or_pending_does_not_change_it(
    app: Flask, clock: ShopClock
) -> None:
    person = make_member()
    earn_growth(person, 60, at=clock.now())
    assert member_row(person).code == "member"
    earn_growth(person, 40, at=clock.now(), pending=True)
    assert member_row(person).code == "member"
    earn_growth(person, 40, at=clock.now())
    assert member_row(person).code == "silver"
    assert [event["after"] for event in events_named("TierChanged")] == ["silver"]
    with transaction():
        mine = purse(customer_id=person.id, unit=Unit.POINTS)
        ledger.earn(purse=mine, amount=5000, key="points", subject="order:1", now=clock.now())
        ledger.spend(purse=mine, amount=5000, key="spent", subject="order:2", now=clock.now())
    assert member_row(person).code == "silver"
    assert len(events_named("GrowthChanged")) == 2
    assert_replay_is_what_is_kept()


def test_pending_growth_lifts_when_it_becomes_active(app: Flask, clock: ShopClock) -> None:
    person = make_member()
    earn_growth(person, 100, key="mine", at=clock.now(), pending=True)
    with transaction():
        ledger.activate_by(subject="order:mine", at=clock.now() + timedelta(days=8))
    now = clock.forward(days=9)
    assert ledger_jobs.activate_points(now) == 1
    assert member_row(person).code == "silver"
    assert_replay_is_what_is_kept()


def test_a_refund_takes_back_at_once_what_rested_on_its_order_and_nothing_else(
    app: Flask, clock: ShopClock
) -> None:
    person, other = make_member(), make_member()
    for somebody in (person, other):
        earn_growth(somebody, 150, at=clock.now())
    award = earn_growth(person, 150, at=clock.forward(days=10))
    assert member_row(person).code == "gold"
    refund_growth(award, refunded=1, paid=3, at=clock.forward(days=1))
    assert member_row(person).code == "silver"
    assert member_row(other).code == "silver"
    changes = [(event["before"], event["after"], event["up"]) for event in events_named("TierChanged")]
    assert changes[-2:] == [("silver", "gold", True), ("gold", "silver", False)]
    assert_replay_is_what_is_kept()


def test_growth_that_expires_in_the_books_lowers_no_tier(app: Flask, clock: ShopClock) -> None:
    person = make_member()
    with transaction():
        mine = purse(customer_id=person.id, unit=Unit.GROWTH)
        ledger.earn(
            purse=mine, amount=100, key="short", subject="order:1", life=Life(days=30), now=clock.now()
        )
    told = len(events_named("GrowthChanged"))
    now = clock.forward(days=40)
    assert ledger_jobs.expire_points(now) == 1
    assert len(events_named("GrowthChanged")) == told
    jobs.evaluate_tiers(now)
    assert member_row(person).code == "silver"
    assert_replay_is_what_is_kept()


def test_the_job_drops_at_the_end_of_the_term_and_looks_at_nobody_else(app: Flask, clock: ShopClock) -> None:
    person, idle = make_member(), make_member()
    earn_growth(person, 100, at=clock.now())
    row = member_row(person)
    assert row.until == midnight("2027-01-06")
    assert row.next_look_at == midnight("2026-12-07")
    assert jobs.evaluate_tiers(clock.now()) == 0
    travel(clock, midnight("2027-01-06") - timedelta(minutes=1))
    assert member_row(person).code == "silver"
    assert jobs.evaluate_tiers(clock.now()) == 0
    late = clock.forward(days=3)
    assert jobs.evaluate_tiers(late) == 1
    assert (member_row(person).code, member_row(person).since) == ("member", midnight("2027-01-06"))
    assert member_row(idle).evaluated_at == JOINED
    assert_replay_is_what_is_kept()


def test_what_is_asked_for_is_right_also_before_the_job_has_run(app: Flask, clock: ShopClock) -> None:
    person = make_member()
    earn_growth(person, 100, at=clock.now())
    now = clock.forward(days=400)
    tier = queries.tier_of(customer_id=person.id, now=now)
    assert tier is not None
    assert (tier.code, member_row(person).code) == ("member", "silver")


def test_in_grace_the_row_says_until_when(app: Flask, clock: ShopClock) -> None:
    save_terms(terms(grace_days=10), now=clock.now())
    person = make_member()
    earn_growth(person, 100, at=clock.now())
    now = travel(clock, midnight("2027-01-07"))
    assert (member_row(person).code, member_row(person).grace_until) == ("silver", midnight("2027-01-16"))
    earn_growth(person, 60, at=now)
    row = member_row(person)
    assert (row.until, row.grace_until) == (midnight("2028-01-06"), None)
    assert_replay_is_what_is_kept()


def test_members_are_told_once_thirty_and_seven_days_ahead_and_of_what_became_of_it(
    app: Flask, clock: ShopClock
) -> None:
    person, unfollowed = make_member(), make_member()
    follow(person)
    for somebody in (person, unfollowed):
        earn_growth(somebody, 100, at=clock.now())
    assert len(messages_about("tier_up")) == 1
    for day in ("2026-12-06", "2026-12-07", "2026-12-08", "2026-12-29", "2026-12-30", "2026-12-31"):
        travel(clock, on(day))
        jobs.evaluate_tiers(clock.now())
        wanted = {"2026-12-06": 0, "2026-12-07": 1, "2026-12-08": 1, "2026-12-29": 1}.get(day, 2)
        assert len(messages_about("tier_dropping")) == wanted
    earn_growth(person, 10, at=clock.now())
    assert len(messages_about("tier_dropping")) == 2
    assert messages_about("tier_dropped") == []
    travel(clock, on("2027-01-06"))
    assert len(messages_about("tier_dropped")) == 1
    assert {message.openid for message in messages_about("tier_dropping")} == {person.signed_in.openid}
    assert [(event["days"], event["gap"]) for event in events_named("TierDropAhead")][:1] == [(30, 60)]


def test_who_has_enough_to_keep_the_tier_is_told_nothing(app: Flask, clock: ShopClock) -> None:
    person = make_member()
    follow(person)
    earn_growth(person, 100, at=clock.now())
    earn_growth(person, 60, at=clock.forward(days=1))
    travel(clock, on("2026-12-31"))
    travel(clock, on("2027-01-10"))
    assert messages_about("tier_dropping") == []
    assert member_row(person).until == midnight("2028-01-06")


def test_a_glance_tells_the_tier_of_who_signed_in(app: Flask, clock: ShopClock) -> None:
    person, stranger = make_member(), make_person()
    earn_growth(person, 100, at=clock.now())
    glance = Glance(select(SESSION_HOLDER.c.customer_id, queries.TIER_OF_HOLDER))
    assert glance.row(token_hash=token_hash(person.token)) == (person.id, "silver")
    assert glance.row(token_hash=token_hash(stranger.token)) == (stranger.id, None)


def test_replay_finds_what_was_changed_by_hand(app: Flask, clock: ShopClock) -> None:
    person = make_member()
    earn_growth(person, 100, at=clock.now())
    with transaction():
        db.session.execute(update(MemberTier).values(code="diamond"))
    runner = app.test_cli_runner()
    result = runner.invoke(args=["tiers", "replay", "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["ok"], report["checked"]) == (False, 1)
    assert [(found["field"], found["kept"], found["replayed"]) for found in report["differences"]] == [
        ("code", "diamond", "silver")
    ]
    with transaction():
        services.evaluate_member(customer_id=person.id, now=clock.now())
    assert runner.invoke(args=["tiers", "replay"]).exit_code == 0
    assert member_row(person).code == "silver"


@pytest.mark.parametrize("seed", range(6))
def test_after_a_random_history_what_is_kept_is_what_a_replay_gives(
    app: Flask, clock: ShopClock, seed: int
) -> None:
    chance = random.Random(seed)
    people = [make_member(at=JOINED) for _number in range(6)]
    awards: list[tuple[str, int]] = []
    for _act in range(60):
        now = clock.forward(days=chance.randrange(0, 25), seconds=1)
        person = chance.choice(people)
        act = chance.random()
        if act < 0.5:
            amount = chance.randrange(1, 250)
            awards.append((earn_growth(person, amount, at=now), amount))
        elif act < 0.7 and awards:
            award, amount = awards.pop(chance.randrange(len(awards)))
            refund_growth(award, refunded=chance.randrange(1, amount + 1), paid=amount, at=now)
        elif act < 0.8:
            give(person, chance.choice(["silver", "gold"]), until=now + timedelta(days=40), now=now)
        elif act < 0.85:
            mode, length = chance.choice([(Mode.ROLLING, 6), (Mode.DAYS, 100), (Mode.CALENDAR_YEAR, 0)])
            save_terms(terms(mode=mode, length=length, drop=chance.choice(list(Drop))), now=now)
        elif act < 0.95:
            jobs.evaluate_tiers(now)
        assert_replay_is_what_is_kept()
    jobs.evaluate_tiers(clock.forward(days=500))
    assert_replay_is_what_is_kept()
    for person in people:
        steps = db.session.scalars(
            select(TierStep.number).filter_by(customer_id=person.id).order_by(TierStep.number)
        ).all()
        assert list(steps) == list(range(1, len(steps) + 1))


def test_growth_of_many_at_once_and_the_job_together_lose_nothing(app: Flask, clock: ShopClock) -> None:
    """Ten threads give each twenty; whoever comes last has seen all of it."""
    person = make_member()
    now, problems = clock.now(), []

    def work(number: int) -> None:
        try:
            with app.app_context():
                earn_growth(person, 20, at=now, key=f"thread {number}")
                with transaction():
                    services.evaluate_member(customer_id=person.id, now=now)
                db.session.remove()
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert member_row(person).code == "silver"
    assert_replay_is_what_is_kept()


def test_a_job_that_was_cut_off_is_taken_up_where_it_was(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [make_member() for _number in range(7)]
    monkeypatch.setattr(jobs, "BATCH", 2)
    number = save_terms(terms(length=6), now=clock.now())
    evaluate, calls = services.evaluate_members, []

    def dies(**values: object) -> int:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("killed")
        return evaluate(**values)  # type: ignore[arg-type]

    monkeypatch.setattr(services, "evaluate_members", dies)
    with pytest.raises(RuntimeError):
        jobs.evaluate_tiers(clock.now())
    assert sum(member_row(person).version == number for person in people) == 4
    assert jobs.evaluate_tiers(clock.now()) == 3
    assert {member_row(person).version for person in people} == {number}
