"""Paid cards: they begin once, follow one another, give their tier while they run; codes work once."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.outbox import deliver_due
from shopapp.loyalty.cards import offering, queries, rules, services
from shopapp.loyalty.cards.models import CardCode
from shopapp.loyalty.cards.rules import CardSource
from shopapp.loyalty.perks.rules import Period
from shopapp.loyalty.tiers import jobs as tier_jobs
from shopapp.loyalty.tiers import queries as tiers
from shopapp.loyalty.tiers import replay
from shopapp.members.identity import membership
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.members import make_member
from tests.support.people import Person, make_person
from tests.support.perks import grants, joined, make_perk, make_plan, on, points_of, put_in_tier, run


def buy(person: Person, plan: str, *, order_no: str = "O1", now: datetime | None = None) -> queries.CardView:
    with transaction():
        return services.activate_card(
            customer_id=person.id, plan_id=plan, order_no=order_no, now=now or clock.now()
        )


def tier_code(person: Person, *, now: datetime | None = None) -> str:
    db.session.rollback()
    tier = tiers.tier_of(customer_id=person.id, now=now or clock.now())
    assert tier is not None
    return tier.code


def make_codes(plan: str, count: int = 3, expires_at: datetime | None = None) -> list[str]:
    with transaction():
        batch = offering.make_batch(
            plan_id=plan, name="年会", count=count, expires_at=expires_at, now=clock.now()
        )
        return offering.take_codes(public_id=batch.public_id, now=clock.now())


def redeem(person: Person, code: str) -> queries.CardView:
    with transaction():
        return services.redeem_code(code=code, customer_id=person.id, now=clock.now())


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHOP_ZONE)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        (local(2026, 11, 26, 12), {"months": 1}, local(2026, 12, 27)),
        (local(2026, 11, 26, 0), {"months": 1}, local(2026, 12, 26)),
        (local(2027, 1, 31, 12), {"months": 1}, local(2027, 3, 1)),
        (local(2028, 1, 31, 12), {"months": 1}, local(2028, 3, 1)),
        (local(2028, 2, 29, 12), {"months": 12}, local(2029, 3, 1)),
        (local(2026, 12, 31, 23, 59), {"days": 1}, local(2027, 1, 2)),
        (local(2026, 12, 31), {"days": 7}, local(2027, 1, 7)),
    ],
)
def test_a_card_ends_with_a_whole_day(start: datetime, length: dict[str, int], end: datetime) -> None:
    assert rules.end_of(start, **length) == end


def test_a_paid_order_begins_one_card_which_gives_its_tier_while_it_runs(
    app: Flask, clock: ShopClock
) -> None:
    person, plan = joined(), make_plan(days=30, tier_code="gold")
    first = buy(person, plan)
    assert buy(person, plan) == first
    assert len(queries.cards_of(customer_id=person.id)) == 1
    assert tier_code(person) == "gold"
    assert tier_code(person, now=first.ends_at - timedelta(seconds=1)) == "gold"
    assert tier_code(person, now=first.ends_at) == "member"
    with pytest.raises(ValueError, match="another card"):
        buy(joined(), plan)


def test_the_tier_of_a_card_is_said_to_come_with_it(app: Flask, clock: ShopClock) -> None:
    person, other, plan = joined(), joined(), make_plan(days=5, tier_code="gold")
    card = buy(person, plan)
    put_in_tier(other, "gold")
    told = texts(app, person)
    assert "随会员卡成为" in told
    assert "会员卡带的等级到" in told
    assert "店家给" not in told
    assert "店家给了" in texts(app, other)
    assert replay.replay().differences == []
    clock.forward(days=7)
    assert clock.now() > card.ends_at
    tier_jobs.evaluate_tiers(clock.now())
    assert "会员卡带的等级到期，回到" in texts(app, person)
    assert replay.replay().differences == []


def texts(app: Flask, person: Person) -> str:
    """All that the API says of how somebody came to their tier."""
    return app.test_client().get("/api/v1/me/tier", headers=person.headers).text


def test_renewals_add_up(app: Flask) -> None:
    person, plan = joined(), make_plan(months=1, tier_code="silver")
    first = buy(person, plan, order_no="O1", now=on(2027, 1, 31, 12))
    second = buy(person, plan, order_no="O2", now=on(2027, 2, 5))
    assert (first.ends_at, second.starts_at) == (on(2027, 3, 1, 0), on(2027, 3, 1, 0))
    assert second.ends_at == on(2027, 4, 1, 0)
    (held,) = queries.held(customer_id=person.id, now=on(2027, 2, 5))
    assert held.until == second.ends_at
    third = buy(person, plan, order_no="O3", now=on(2028, 1, 1, 12))
    assert third.starts_at == on(2028, 1, 1, 12), "after a gap it begins at once"


def test_many_renewals_at_once_never_overlap(app: Flask) -> None:
    person, plan = joined(), make_plan(days=10)
    now = clock.now()
    at_once(
        app,
        [lambda number=number: buy(person, plan, order_no=f"O{number % 6}", now=now) for number in range(12)],  # type: ignore[misc]
        threads=4,
    )
    db.session.rollback()
    terms = sorted((card.starts_at, card.ends_at) for card in queries.cards_of(customer_id=person.id))
    assert len(terms) == 6
    assert all(before[1] == after[0] for before, after in pairwise(terms))
    assert (queries.held(customer_id=person.id, now=now)[0].until - now).days == 60


def test_a_trial_is_had_once_by_each_person_whatever_the_plan(app: Flask) -> None:
    person, other = joined(), joined()
    guest = make_person()
    year, season, plain = make_plan(trial_days=7), make_plan(trial_days=7, months=3), make_plan()
    with transaction():
        card = services.start_trial(customer_id=person.id, plan_id=year, now=on(2027, 1, 1, 12))
    assert (card.source, card.ends_at) == (CardSource.TRIAL, on(2027, 1, 9, 0))
    for plan in (year, season):
        with pytest.raises(services.TrialTaken), transaction():
            services.start_trial(customer_id=person.id, plan_id=plan, now=clock.now())
    with pytest.raises(services.CardClosed), transaction():
        services.start_trial(customer_id=other.id, plan_id=plain, now=clock.now())
    with pytest.raises(services.MembersFirst), transaction():
        services.start_trial(customer_id=guest.id, plan_id=year, now=clock.now())


def test_two_trials_at_once_are_one(app: Flask) -> None:
    person = joined()
    plans = [make_plan(trial_days=7), make_plan(trial_days=7)]
    refused: list[str] = []

    def begin(plan: str) -> None:
        try:
            with transaction():
                services.start_trial(customer_id=person.id, plan_id=plan, now=clock.now())
        except services.TrialTaken as problem:
            refused.append(problem.code)

    at_once(app, [lambda plan=plan: begin(plan) for plan in plans * 3], threads=6)  # type: ignore[misc]
    db.session.rollback()
    assert len(queries.cards_of(customer_id=person.id)) == 1
    assert len(refused) == 5


def test_a_code_works_once_and_unknown_used_and_expired_ones_get_one_answer(
    app: Flask, clock: ShopClock
) -> None:
    one, other, plan = joined(), joined(), make_plan()
    code, spare, old = *make_codes(plan, 2), make_codes(plan, 1, clock.now() + timedelta(days=1))[0]
    assert redeem(one, f" {code.lower().replace('-', ' ')} ").source is CardSource.CODE
    clock.forward(days=2)
    answers = set()
    for wrong in (code, "ZZZZ-ZZZZ-ZZZZ-ZZZZ", "", "你好", old, code[:-1]):
        with pytest.raises(services.CardCodeWrong) as refusal:
            redeem(other, wrong)
        answers.add((refusal.value.code, refusal.value.message, str(refusal.value.details)))
    assert len(answers) == 1
    assert queries.cards_of(customer_id=other.id) == []
    assert redeem(other, spare).plan_id == plan


def test_a_code_that_many_send_at_once_is_one_card(app: Flask) -> None:
    people, plan = [joined() for _ in range(6)], make_plan()
    (code,) = make_codes(plan, 1)
    refused: list[str] = []

    def send(person: Person) -> None:
        try:
            redeem(person, code)
        except services.CardCodeWrong as problem:
            refused.append(problem.code)

    at_once(app, [lambda person=person: send(person) for person in people], threads=6)  # type: ignore[misc]
    db.session.rollback()
    assert sum(len(queries.cards_of(customer_id=person.id)) for person in people) == 1
    assert len(refused) == 5
    (batch,) = queries.batches(plan_id=plan)
    assert (batch.count, batch.used) == (1, 1)


def test_codes_are_taken_out_once_and_forgotten(app: Flask) -> None:
    plan = make_plan()
    codes = make_codes(plan, 5)
    assert len(set(codes)) == 5
    (batch,) = queries.batches(plan_id=plan)
    with pytest.raises(offering.CodesTaken), transaction():
        offering.take_codes(public_id=batch.id, now=clock.now())
    db.session.rollback()
    rows = db.session.query(CardCode).all()
    assert {row.code for row in rows} == {None}
    assert not any(rules.fold_code(code) in row.digest for code in codes for row in rows)


def test_a_card_that_a_guest_bought_gives_its_tier_when_they_join(app: Flask) -> None:
    guest, plan = make_person(), make_plan(tier_code="gold")
    buy(guest, plan)
    make_member(guest)
    deliver_due(now=clock.now())
    assert tier_code(guest) == "gold"


def test_a_card_brings_its_own_perks_once_a_term_of_it(app: Flask) -> None:
    person, plan = joined(), make_plan(days=30)
    make_perk(plans=(plan,), period=Period.TERM, points=60, automatic=True)
    buy(person, plan)
    deliver_due(now=clock.now())
    assert [grant.period[:5] for grant in grants(person)] == ["until"]
    assert points_of(person) == 60
    run(clock.now())
    assert points_of(person) == 60


def test_bad_plans_are_refused_with_the_field(app: Flask) -> None:
    for field, wanted in {
        "months": {"months": 0},
        "tier_code": {"tier_code": "member"},
        "trial_days": {"trial_days": 91},
        "name": {"name": ""},
    }.items():
        with pytest.raises(Invalid) as refusal:
            make_plan(**wanted)
        assert field in refusal.value.details["fields"]
    assert queries.plans() == []


def test_a_card_gives_nothing_to_who_left_and_its_tier_again_after_they_joined_again(app: Flask) -> None:
    person, plan = joined(), make_plan(tier_code="gold")
    make_perk(plans=(plan,), period=Period.MONTH)
    buy(person, plan)
    with transaction():
        membership.leave(customer_id=person.id, source="account", now=clock.now())
    deliver_due(now=clock.now())
    before = len(grants(person))
    run(on(2027, 1, 5))
    assert len(grants(person)) == before
    make_member(person)
    deliver_due(now=clock.now())
    assert tier_code(person) == "gold"
