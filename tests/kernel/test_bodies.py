"""What the API is sent: nothing that cannot be read is an error of ours, and all that is wrong is told in the reader's words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema, ValidationError, fields, validate

from shopapp.kernel import observe
from shopapp.kernel.bodies import in_words
from shopapp.kernel.db import db
from shopapp.members.addresses.models import Address
from tests.support.people import make_person

ENGLISH = re.compile(r"[A-Za-z]{2,}")
KEPT = re.compile(r"true|false")


class Inner(Schema):
    number = fields.Integer()


class Everything(Schema):
    """One of each kind of field that the API knows."""

    missing = fields.String(required=True)
    nothing = fields.String()
    text = fields.String()
    whole = fields.Integer(strict=True)
    yes = fields.Boolean()
    many = fields.List(fields.Integer())
    inner = fields.Nested(Inner)
    moment = fields.DateTime()
    day = fields.Date()
    one_of = fields.String(validate=validate.OneOf(["1", "2"]))
    between = fields.Integer(validate=validate.Range(1, 9))
    least = fields.Integer(validate=validate.Range(min=1))
    most = fields.Integer(validate=validate.Range(max=9))
    short = fields.String(validate=validate.Length(2, 3))
    shorter = fields.String(validate=validate.Length(min=2))
    longer = fields.String(validate=validate.Length(max=2))
    exact = fields.String(validate=validate.Length(equal=2))
    shape = fields.String(validate=validate.Regexp("a"))


WRONG: dict[str, Any] = {
    "nothing": None,
    "text": 3,
    "whole": 1.5,
    "yes": "perhaps",
    "many": {"a": 1},
    "inner": {"number": "x", "stranger": 1},
    "moment": "x",
    "day": "x",
    "one_of": "3",
    "between": 10,
    "least": 0,
    "most": 10,
    "short": "a",
    "shorter": "a",
    "longer": "aaa",
    "exact": "aaa",
    "shape": "b",
    "stranger": 1,
}


def sentences(messages: Any) -> list[str]:
    if isinstance(messages, dict):
        return [text for inner in messages.values() for text in sentences(inner)]
    return [text for each in messages for text in ([each] if isinstance(each, str) else sentences(each))]


def test_every_wrong_field_is_told_in_chinese(app: Flask) -> None:
    with pytest.raises(ValidationError) as raised, app.test_request_context("/"):
        Everything().load(WRONG)
    with app.test_request_context("/"):
        told = sentences(in_words(raised.value.messages))
    assert len(told) == len(WRONG) + 2
    assert [text for text in told if ENGLISH.search(KEPT.sub("", text))] == []


def test_wrong_fields_of_a_call_are_told_in_the_language_asked_for(app: Flask) -> None:
    client = app.test_client()
    wrong = {"items": [{"sku_id": "x", "quantity": "a"}]}
    chinese = client.post("/api/v1/quotes", json=wrong).get_json()
    english = client.post("/api/v1/quotes", json=wrong, headers={"Accept-Language": "en"}).get_json()
    assert sentences(chinese["details"]["fields"]) == ["应为整数。"]
    assert sentences(english["details"]["fields"]) == ["Must be a whole number."]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[" * 5000,
        '{"points": 1' + "0" * 10_000 + "}",
        '{"items": [{"sku_id": "a", "quantity": ' + "9" * 5000 + "}]}",
    ],
)
def test_a_body_that_cannot_be_read_is_refused(app: Flask, body: str) -> None:
    answer = app.test_client().post("/api/v1/quotes", data=body, content_type="application/json")
    assert answer.status_code == 400, answer.text
    assert answer.get_json()["code"] == "bad_request"


def test_halves_of_characters_change_nothing_and_stay_out_of_the_log(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    person = make_person()
    before = db.session.query(Address).count()
    wrong = {
        "name": "\ud800",
        "phone": "13800138999",
        "region_code": "330106",
        "detail": "文三路 99 号",
    }
    sent = {"data": json.dumps(wrong), "content_type": "application/json", "headers": person.headers}
    answer = app.test_client().post("/api/v1/addresses", **sent)
    assert answer.status_code == 422, answer.text
    assert db.session.query(Address).count() == before
    printed = "".join(capsys.readouterr())
    assert "13800138999" not in printed
    assert "文三路" not in printed


def test_the_text_of_a_database_error_holds_no_values(app: Flask) -> None:
    with pytest.raises(Exception, match="no_such_table") as raised:
        db.session.execute(
            db.text("SELECT * FROM no_such_table WHERE phone = :phone"), {"phone": "13800138999"}
        )
    db.session.rollback()
    assert "13800138999" not in str(raised.value)


def test_what_a_command_prints_for_programs_is_apart_from_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    observe.structlog.get_logger("apart").warning("noted")
    printed = capsys.readouterr()
    assert "noted" not in printed.out
