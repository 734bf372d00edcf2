"""The points of a complete profile."""

from __future__ import annotations

from flask import Flask
from werkzeug.test import TestResponse

from shopapp.kernel import clock, outbox
from shopapp.kernel.db import db
from shopapp.kernel.sms import FakeSms
from shopapp.loyalty.ledger import Unit, queries
from shopapp.loyalty.ledger.writing import purse
from tests.support.members import PHONE, ask_code, code_in, gateway, make_member
from tests.support.people import Person

__all__ = ["gateway"]


def points(person: Person) -> int:
    outbox.deliver_due(now=clock.now())
    db.session.rollback()
    own = purse(customer_id=person.id, unit=Unit.POINTS)
    return queries.balance(purse=own, now=clock.now()).available


def tell(app: Flask, person: Person, **told: str) -> TestResponse:
    return app.test_client().put("/api/v1/me/profile", json=told, headers=person.headers)


def test_a_complete_profile_brings_its_points_once(app: Flask, gateway: FakeSms) -> None:
    anna = make_member()
    joined = points(anna)
    assert tell(app, anna, name="王小满", birthday="1990-05-04").status_code == 200
    assert points(anna) == joined
    ask_code(app, anna)
    told = tell(app, anna, phone=PHONE, phone_code=code_in(gateway))
    assert told.status_code == 200, told.text
    assert points(anna) == joined + 50
    assert tell(app, anna, name="王满满").status_code == 200
    assert points(anna) == joined + 50
