"""The demo shop's members: the rows that joining leaves, the same for the same seed."""

from __future__ import annotations

import json

from flask import Flask
from sqlalchemy import func, select

from shopapp.kernel import clock
from shopapp.kernel.db import db
from shopapp.members.consent import queries as consents
from shopapp.members.consent.models import ConsentEntry
from shopapp.members.identity import rules
from shopapp.members.identity.members import Member, member_of
from shopapp.members.identity.models import Customer
from shopapp.members.identity.privacy import in_force
from shopapp.members.rights import services as rights
from tests.conftest import empty_database
from tests.support.members import make_member, row_of

from .test_demo_load import PEOPLE, fill


def members() -> list[Member]:
    ids = db.session.scalars(
        select(Customer.id).where(Customer.member_since.is_not(None)).order_by(Customer.id)
    )
    return [found for found in map(member_of, ids) if found is not None]


def test_about_three_fifths_are_members_with_numbers_of_their_own(app: Flask) -> None:
    fill(until=clock.now())
    found = members()
    assert 0.45 * PEOPLE < len(found) < 0.75 * PEOPLE
    assert len({one.member_no for one in found}) == len(found)
    assert all(rules.is_member_no(one.member_no) and not one.privacy_due for one in found)
    assert {one.marketing for one in found} == {True, False}
    assert {one.birthday is None for one in found} == {True, False}
    assert all(one.since <= clock.now() for one in found)
    guests = (
        select(func.count())
        .select_from(Customer)
        .where(Customer.member_since.is_(None), Customer.name.is_not(None))
    )
    assert db.session.scalar(guests) == 0


def test_every_member_has_the_history_that_joining_leaves(app: Flask) -> None:
    fill(until=clock.now())
    for one in members():
        words = {word.kind.value: word for word in consents.history(customer_id=one.customer_id)}
        assert set(words) == {"privacy"} | ({"marketing"} if one.marketing else set())
        assert all(word.given and word.version == in_force().version for word in words.values())
    entries = db.session.scalar(select(func.count()).select_from(ConsentEntry))
    assert entries == len(members()) + sum(one.marketing for one in members())
    assert consents.text_of(version=in_force().version) == in_force().text


def test_a_member_of_the_demo_has_the_columns_of_one_who_joined(app: Flask) -> None:
    fill(until=clock.now())
    made = next(one for one in members() if one.phone and one.birthday and one.marketing)
    joined = row_of(make_member(marketing=True, name="王小满", birthday=rules.date(1990, 2, 28)))
    demo = db.session.get_one(Customer, made.customer_id)
    filled = {
        column.name for column in Customer.__table__.columns if getattr(joined, column.name) is not None
    }
    assert filled - {"name", "last_seen_at"} <= {
        column.name for column in Customer.__table__.columns if getattr(demo, column.name) is not None
    }
    known = json.dumps(rights.export(customer_id=made.customer_id, now=clock.now()), ensure_ascii=False)
    assert made.phone is not None
    assert made.phone in known


def test_the_same_seed_gives_the_same_members(app: Flask) -> None:
    now, seen = clock.now(), []
    for _ in range(2):
        empty_database()
        fill(until=now)
        seen.append(
            [
                (one.public_id, one.member_no, one.name, one.phone, one.birthday, one.marketing)
                for one in members()
            ]
        )
    assert seen[0] == seen[1]
