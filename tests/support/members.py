"""People who join: a gateway that remembers its messages, and what is sent to become a member."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from shopapp.kernel import clock, sms
from shopapp.kernel.db import db, transaction
from shopapp.members.consent.models import ConsentEntry
from shopapp.members.identity import membership
from shopapp.members.identity.members import Member, member_of
from shopapp.members.identity.models import Customer
from shopapp.members.identity.privacy import in_force
from shopapp.members.identity.queries import by_session
from shopapp.members.identity.rules import Particulars

from .people import Person, make_person

PHONE = "19900001234"


@pytest.fixture
def gateway(app: Flask) -> Iterator[sms.FakeSms]:
    """The SMS gateway of this test."""
    before, fake = app.extensions.get(sms.EXTENSION), sms.FakeSms()
    app.extensions[sms.EXTENSION] = fake
    yield fake
    app.extensions[sms.EXTENSION] = before


def code_in(gateway: sms.FakeSms) -> str:
    """The code of the message sent last."""
    found = re.search(r"\d{6}", gateway.sent[-1][1])
    assert found is not None
    return found[0]


def ask_code(app: Flask, person: Person, phone: str = PHONE) -> TestResponse:
    return app.test_client().post("/api/v1/me/phone-codes", json={"phone": phone}, headers=person.headers)


def wish(*, marketing: bool = False, **told: str) -> dict[str, Any]:
    """What is sent to register."""
    return {**told, "consents": {"privacy": in_force().version, "marketing": marketing}}


def register(app: Flask, person: Person, **told: Any) -> TestResponse:
    return app.test_client().post("/api/v1/me/registration", json=wish(**told), headers=person.headers)


def make_member(person: Person | None = None, *, marketing: bool = False, **told: Any) -> Person:
    """Somebody who joined by the service, without a phone."""
    joining = person or make_person()
    with transaction():
        membership.register(
            customer_id=joining.id,
            told=Particulars(**told),
            proof=None,
            privacy=in_force().version,
            marketing=marketing,
            source="join",
            now=clock.now(),
        )
    signed_in = by_session(token=joining.token, now=clock.now())
    assert signed_in is not None
    return replace(joining, signed_in=signed_in)


def member(person: Person) -> Member:
    db.session.rollback()
    db.session.expire_all()
    found = member_of(person.id)
    assert found is not None
    return found


def row_of(person: Person) -> Customer:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Customer, person.id)


def consent_words(person: Person) -> list[tuple[str, bool]]:
    """The history of a person's consents, the oldest first."""
    db.session.rollback()
    statement = select(ConsentEntry).filter_by(customer_id=person.id).order_by(ConsentEntry.id)
    return [(entry.kind.value, entry.given) for entry in db.session.scalars(statement)]
