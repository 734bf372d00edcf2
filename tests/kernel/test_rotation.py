"""After a rotation the old key opens nothing that is needed any more."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import text

from shopapp.kernel import pii
from shopapp.kernel.db import db, transaction
from shopapp.members.addresses.queries import addresses_of
from shopapp.members.identity import console
from shopapp.members.identity.members import with_birthday_on
from shopapp.members.identity.models import Customer
from tests.support.members import PHONE, make_member, member
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
