"""What may be sent to the API: the same bounds of text and of true and false in every schema there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema, fields

from tests.support.catalogue import make_sku
from tests.support.merchant import merchant_client
from tests.support.people import Person, make_person

HALF = "\ud800"
TURNED = "\u202eabc"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One way to send a body: where to, and what schema reads it."""

    method: str
    rule: str
    schema: Schema

    @property
    def path(self) -> str:
        """The address with something in every place."""
        parts = ("0123456789ab" if part.startswith("<") else part for part in self.rule.split("/"))
        return "/".join(parts)


def calls(app: Flask, *, location: str) -> Iterator[Call]:
    """Every call of the API that takes arguments at this location."""
    for rule in app.url_map.iter_rules():
        documented = getattr(app.view_functions[rule.endpoint], "_apidoc", {})
        for taken in documented.get("arguments", {}).get("parameters", []):
            if taken["in"] == location:
                schema = taken["schema"] if isinstance(taken["schema"], Schema) else taken["schema"]()
                for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                    yield Call(method=method, rule=rule.rule, schema=schema)


def filled(schema: Schema, kind: type[fields.Field], value: Any) -> Iterator[tuple[list[Any], Any]]:
    """(the way to one field of this kind, a body in which it alone is filled) for all of them, nested ones too."""
    for name, field in schema.fields.items():
        for way, body in _filled(field, kind, value):
            yield [name, *way], {name: body}


def _filled(field: fields.Field, kind: type[fields.Field], value: Any) -> Iterator[tuple[list[Any], Any]]:
    if isinstance(field, fields.List):
        for way, body in _filled(field.inner, kind, value):
            yield ["0", *way], [body]
    elif isinstance(field, fields.Nested):
        yield from filled(field.schema, kind, value)
    elif isinstance(field, kind):
        yield [], value


def complaint(answer: Any, way: list[Any]) -> Any:
    """What the answer says of one field."""
    found = answer.get_json()["details"]["fields"]
    for step in way:
        found = found.get(step, {})
    return found


def send(app: Flask, programs: FlaskClient, person: Person, call: Call, body: Any) -> Any:
    merchant = call.rule.startswith("/api/v1/admin/")
    return (programs if merchant else app.test_client()).open(
        call.path,
        method=call.method,
        data=json.dumps(body),
        content_type="application/json",
        headers={} if merchant else person.headers,
    )


@pytest.mark.parametrize("value", [HALF, TURNED, "a\x00b"], ids=["half", "turned", "null"])
def test_no_field_takes_text_that_cannot_be_kept(
    app: Flask, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    programs, person, tried = merchant_client(app, monkeypatch), make_person(), 0
    wrong = []
    for call in calls(app, location="json"):
        for way, body in filled(call.schema, fields.String, value):
            answer = send(app, programs, person, call, body)
            tried += 1
            if answer.status_code != 422 or not complaint(answer, way):
                wrong.append((call.method, call.rule, way, answer.status_code))
    assert wrong == []
    assert tried > 25


@pytest.mark.parametrize("value", ["yes", "true", 1, 0, "0", None])
def test_only_true_and_false_are_true_or_false(
    app: Flask, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    programs, person, tried = merchant_client(app, monkeypatch), make_person(), 0
    wrong = []
    for call in calls(app, location="json"):
        for way, body in filled(call.schema, fields.Boolean, value):
            answer = send(app, programs, person, call, body)
            tried += 1
            if answer.status_code != 422 or not complaint(answer, way):
                wrong.append((call.method, call.rule, way, answer.status_code))
    assert wrong == []
    assert tried >= 7


def test_no_query_is_too_odd_to_be_answered(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, person, tried = merchant_client(app, monkeypatch), make_person(), 0
    for call in calls(app, location="query"):
        for (name,), _body in filled(call.schema, fields.Field, HALF):
            client = programs if call.rule.startswith("/api/v1/admin/") else app.test_client()
            answer = client.get(f"{call.path}?{name}=%ED%A0%80", headers=person.headers)
            tried += 1
            assert answer.status_code in (200, 403, 404, 422), (call.rule, name, answer.text)
            assert call.schema.validate({name: HALF}).get(name), (call.rule, name)
    assert tried > 10


def test_a_reason_is_more_than_blanks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    sku = make_sku()
    answer = merchant_client(app, monkeypatch).post(
        f"/api/v1/admin/skus/{sku.public_id}/stock", json={"delta": 1, "reason": "  "}
    )
    assert (answer.status_code, list(answer.get_json()["details"]["fields"])) == (422, ["reason"])


def test_an_upload_is_described_as_a_form_with_a_file(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    said = document["paths"]["/api/v1/admin/pictures"]["post"]["requestBody"]
    assert said["required"] is True
    ((kind, content),) = said["content"].items()
    assert kind == "multipart/form-data"
    schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    assert schema["properties"]["file"] == {"type": "string", "format": "binary"}
    assert schema["required"] == ["file"]
