"""After a rotation the old key opens nothing that is needed any more."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import delete, text

from shopapp.kernel import clock, pii
from shopapp.kernel.db import db, transaction
from shopapp.members.addresses.queries import addresses_of
from shopapp.members.identity import console
from shopapp.members.identity.members import with_birthday_on
from shopapp.members.identity.models import Customer
from shopapp.members.merging import jobs
from shopapp.members.merging.models import MergePair
from tests.support.members import PHONE, make_member, member
from tests.support.merging import join, part
from tests.support.people import make_person

NEW = b"TEST-new-key-of-32-bytes-length!"


@pytest.fixture(autouse=True)
def _settings_again(app: Flask) -> Iterator[None]:
    before = app.extensions["settings"]
    yield
    app.extensions["settings"] = before


def use_keys(app: Flask, *keys: bytes) -> None:
    app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], pii_keys=keys)


def test_everything_reads_the_same_with_the_new_key_alone(app: Flask) -> None:
    (old,) = app.extensions["settings"].pii_keys
    people = [make_person(name=name) for name in ("王小满", "李晓")]
    before = [addresses_of(customer_id=person.id) for person in people]
    use_keys(app, NEW, old)
    first = app.test_cli_runner().invoke(args=["pii", "rotate"])
    again = app.test_cli_runner().invoke(args=["pii", "rotate"])
    assert ("addresses: 2" in first.output, "addresses: 0" in again.output) == (True, True)
    use_keys(app, NEW)
    db.session.rollback()
    after = [addresses_of(customer_id=person.id) for person in people]
    assert [[dataclasses.replace(entry, phone_hash="") for entry in book] for book in before] == [
        [dataclasses.replace(entry, phone_hash="") for entry in book] for book in after
    ]
    hashes = db.session.scalars(text("SELECT phone_hash FROM addresses ORDER BY id")).all()
    assert hashes == [pii.lookup_hash(book[0].phone) for book in before]


def test_members_are_found_by_phone_and_birthday_with_the_new_key_alone(app: Flask) -> None:
    (old,) = app.extensions["settings"].pii_keys
    person = make_member(name="王小满", birthday=date(2000, 2, 29))
    with transaction():
        db.session.get_one(Customer, person.id).phone = PHONE
        db.session.get_one(Customer, person.id).phone_hash = pii.lookup_hash(PHONE)
    for keys in ((NEW, old), (NEW,)):
        use_keys(app, *keys)
        db.session.expire_all()
        assert with_birthday_on(date(2028, 2, 28), limit=9) == [person.id]
        assert console.find_ids(words=PHONE) == [person.id]
        app.test_cli_runner().invoke(args=["pii", "rotate"])
    assert member(person).name == "王小满"


def test_who_was_merged_is_found_as_before_and_addresses_are_compared_under_the_new_key_alone(
    app: Flask,
) -> None:
    """The number that went along is the other's: the row that it came from is not found by it again."""
    (old,) = app.extensions["settings"].pii_keys
    elder, younger, _alike = make_member(), make_member(), make_person()
    with transaction():
        row = db.session.get_one(Customer, younger.id)
        row.phone, row.phone_hash = PHONE, pii.lookup_hash(PHONE)
    jobs.find_duplicates(clock.now())
    join(elder, younger)
    use_keys(app, NEW, old)
    assert app.test_cli_runner().invoke(args=["pii", "rotate"]).exit_code == 0
    use_keys(app, NEW)
    db.session.rollback()
    assert console.find_ids(words=PHONE) == [elder.id]
    with transaction():
        db.session.execute(delete(MergePair))
    assert jobs.find_duplicates(clock.now()) > 0
    part()
    assert console.find_ids(words=PHONE) == [younger.id]
