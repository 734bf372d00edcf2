"""What the shop does to tiers: new rules with a preview of who moves, and tiers given by staff."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Conflict, Invalid
from shopapp.loyalty.tiers import files, jobs, preview, queries, services, words
from shopapp.loyalty.tiers.models import TierOverride
from shopapp.loyalty.tiers.services import LevelInUse, NoMember
from shopapp.loyalty.tiers.terms import Level
from tests.support.clocks import ShopClock
from tests.support.people import make_person
from tests.support.tiers import (
    JOINED,
    LEVELS,
    assert_replay_is_what_is_kept,
    earn_growth,
    give,
    make_member,
    member_row,
    midnight,
    save_terms,
    terms,
    travel,
)


@pytest.fixture(autouse=True)
def _rules(app: Flask, clock: ShopClock) -> None:
    """The present is the day after joining; the rules are those of the stories."""
    clock.forward(seconds=(JOINED + timedelta(days=1) - clock.now()).total_seconds())
    save_terms(terms(), now=JOINED - timedelta(days=1))


def test_new_rules_reach_everybody_by_the_job_and_cut_nobody_short(app: Flask, clock: ShopClock) -> None:
    low, high, nobody = make_member(), make_member(), make_member()
    earn_growth(low, 100, at=clock.now())
    earn_growth(high, 300, at=clock.now())
    now = clock.forward(days=1)
    harder = (LEVELS[0], *(_harder(level, 1) for level in LEVELS[1:]))
    number = save_terms(terms(levels=harder), now=now)
    assert jobs.evaluate_tiers(now) == 3
    assert [member_row(person).code for person in (low, high, nobody)] == ["silver", "gold", "member"]
    assert {member_row(person).version for person in (low, high, nobody)} == {number}
    assert jobs.evaluate_tiers(now) == 0
    easier = (LEVELS[0], *(_harder(level, -50) for level in LEVELS[1:]))
    save_terms(terms(levels=easier), now=clock.forward(days=1))
    earn_growth(nobody, 50, at=clock.now())
    assert member_row(nobody).code == "silver"
    jobs.evaluate_tiers(clock.now())
    assert_replay_is_what_is_kept()


def _harder(level: Level, by: int) -> Level:
    return replace(level, entry=level.entry + by, keep=max(level.keep + by, 0))


def test_the_preview_says_who_moves_and_changes_nothing(app: Flask, clock: ShopClock) -> None:
    people = [make_member() for _number in range(4)]
    for person, amount in zip(people, (0, 90, 100, 300), strict=True):
        if amount:
            earn_growth(person, amount, at=clock.now())
    earn_growth(people[2], 60, at=clock.forward(days=1))
    now = clock.forward(days=1)
    wanted = terms(levels=(LEVELS[0], replace(LEVELS[1], entry=80, keep=80), *LEVELS[2:]))
    found = preview.preview(terms=wanted, now=now)
    assert (found.up, found.down, found.same) == (1, 1, 2)
    assert [(mover.customer_id, mover.before, mover.after) for mover in found.examples] == [
        (people[1].id, "普通会员", "银卡会员"),
        (people[2].id, "银卡会员", "普通会员"),
    ]
    assert found.examples[0].at is None
    assert found.examples[1].at == midnight("2027-01-06")
    assert queries.version_now().number == 1
    assert member_row(people[1]).code == "member"
    save_terms(wanted, now=now)
    jobs.evaluate_tiers(now)
    assert [member_row(person).code for person in people] == ["member", "silver", "silver", "gold"]


def test_a_level_that_members_hold_is_not_taken_out_and_others_edits_are_not_overwritten(
    app: Flask, clock: ShopClock
) -> None:
    person = make_member()
    earn_growth(person, 100, at=clock.now())
    without = terms(levels=(LEVELS[0], *LEVELS[2:]))
    with pytest.raises(LevelInUse):
        save_terms(without, now=clock.now())
    with pytest.raises(Conflict), transaction():
        services.save_version(terms=terms(length=6), note="", based_on=0, now=clock.now())
    with pytest.raises(Invalid):
        save_terms(terms(length=99), now=clock.now())
    assert queries.version_now().number == 1
    save_terms(terms(levels=LEVELS[:3]), now=clock.now())
    assert queries.version_now().number == 2


def test_a_tier_given_by_staff_has_a_reason_and_an_end_and_is_in_the_trail(
    app: Flask, clock: ShopClock
) -> None:
    person = make_member()
    now = clock.now()
    give(person, "gold", until=now + timedelta(days=90), now=now)
    assert member_row(person).code == "gold"
    travel(clock, now + timedelta(days=91))
    assert member_row(person).code == "member"
    row = give(person, "diamond", until=clock.now() + timedelta(days=9), now=clock.now())
    with transaction():
        services.end_override(
            customer_id=person.id,
            public_id=person.signed_in.public_id,
            override_id=row.public_id,
            now=clock.forward(days=1),
        )
    assert member_row(person).code == "member"
    file = files.file_of(customer_id=person.id, now=clock.now())
    assert file is not None
    told = words.history_texts(file)
    assert "店家收回了给的钻石会员，回到普通会员" in told[0]
    assert "店家给的等级到期，回到普通会员" in told[2]
    with pytest.raises(Conflict), transaction():
        services.end_override(
            customer_id=person.id,
            public_id=person.signed_in.public_id,
            override_id=row.public_id,
            now=clock.now(),
        )
    acts = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.subject_kind == "customer").order_by(AuditEntry.id)
    ).all()
    assert list(acts) == ["tier.override", "tier.override", "tier.override_end"]
    assert_replay_is_what_is_kept()


def test_a_given_tier_that_begins_later_begins_by_the_job(app: Flask, clock: ShopClock) -> None:
    person = make_member()
    now = clock.now()
    give(person, "gold", since=now + timedelta(days=2), until=now + timedelta(days=5), now=now)
    assert member_row(person).code == "member"
    travel(clock, now + timedelta(days=2))
    assert member_row(person).code == "gold"
    travel(clock, now + timedelta(days=5))
    assert member_row(person).code == "member"
    assert_replay_is_what_is_kept()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "member"}, "code"),
        ({"code": "nobody"}, "code"),
        ({"reason": "  "}, "reason"),
        ({"until": timedelta(0)}, "until"),
        ({"until": timedelta(days=2000)}, "until"),
        ({"since": timedelta(days=-1)}, "since"),
    ],
)
def test_a_given_tier_without_sense_is_refused(
    app: Flask, clock: ShopClock, changes: dict[str, object], field: str
) -> None:
    person, now = make_member(), clock.now()
    values: dict[str, object] = {
        "code": "gold",
        "reason": "老朋友",
        "since": None,
        "until": timedelta(days=5),
    }
    values |= changes
    for name in ("since", "until"):
        if isinstance(values[name], timedelta):
            values[name] = now + values[name]  # type: ignore[operator]
    with pytest.raises(Invalid) as refused, transaction():
        services.set_override(customer_id=person.id, public_id="x", now=now, **values)  # type: ignore[arg-type]
    assert list(refused.value.details["fields"]) == [field]
    assert db.session.scalar(select(func.count()).select_from(TierOverride)) == 0


def test_nobody_but_a_member_is_given_a_tier(app: Flask, clock: ShopClock) -> None:
    stranger = make_person()
    with pytest.raises(NoMember):
        give(stranger, "gold", until=clock.now() + timedelta(days=3), now=clock.now())
    assert db.session.scalar(select(func.count()).select_from(TierOverride)) == 0
