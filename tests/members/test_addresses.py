"""The address book over the API."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from shopapp.kernel.db import db
from tests.support.people import browser_of, make_person

GOOD = {"name": "李晓", "phone": "+86 199-0000-1234", "region_code": "330106", "detail": "文三路 1 号"}


def test_an_address_is_cleaned_named_and_kept_encrypted(app: Flask) -> None:
    person = make_person()
    answer = app.test_client().post("/api/v1/addresses", json=GOOD, headers=person.headers)
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["phone"] == "19900001234"
    assert answer.json["region"] == "浙江省 杭州市 西湖区"
    kept = db.session.execute(text("SELECT name, phone, detail FROM addresses")).all()
    assert not any(
        "李晓" in value or "19900001234" in value or "文三路" in value for row in kept for value in row
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "长" * 31),
        ("phone", "12345"),
        ("phone", "29900001234"),
        ("region_code", "999999"),
        ("region_code", "330100"),
        ("region_code", "abc"),
        ("detail", "短"),
        ("detail", "换\n行的地址"),
        ("is_default", "perhaps"),
        ("name", None),
        ("phone", 19900001234),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(app: Flask, field: str, value: object) -> None:
    person = make_person()
    answer = app.test_client().post("/api/v1/addresses", json={**GOOD, field: value}, headers=person.headers)
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["details"]["fields"]) == [field]
    assert db.session.scalar(text("SELECT count(*) FROM addresses")) == 1


def test_one_address_is_the_default_and_another_takes_over_when_it_goes(app: Flask) -> None:
    person = make_person()
    client = app.test_client()
    second = client.post("/api/v1/addresses", json={**GOOD, "is_default": True}, headers=person.headers).json
    assert second is not None
    items = client.get("/api/v1/addresses", headers=person.headers).json["items"]  # type: ignore[index]
    assert [item["is_default"] for item in items] == [True, False]
    assert items[0]["id"] == second["id"]
    assert client.delete(f"/api/v1/addresses/{second['id']}", headers=person.headers).status_code == 204
    items = client.get("/api/v1/addresses", headers=person.headers).json["items"]  # type: ignore[index]
    assert [(item["id"], item["is_default"]) for item in items] == [(person.address_id, True)]


def test_a_stranger_neither_sees_nor_changes_nor_removes_it(app: Flask) -> None:
    owner, stranger = make_person(), make_person()
    client = app.test_client()
    path = f"/api/v1/addresses/{owner.address_id}"
    assert client.get(path, headers=stranger.headers).status_code == 404
    assert client.put(path, json=GOOD, headers=stranger.headers).status_code == 404
    assert client.delete(path, headers=stranger.headers).status_code == 404
    assert client.get(path, headers=owner.headers).json["name"] == "王小满"  # type: ignore[index]


def test_the_same_key_adds_one_address_and_another_body_is_refused(app: Flask) -> None:
    person = make_person()
    client = app.test_client()
    headers = {**person.headers, "Idempotency-Key": "k1"}
    first = client.post("/api/v1/addresses", json=GOOD, headers=headers)
    again = client.post("/api/v1/addresses", json=GOOD, headers=headers)
    other = client.post("/api/v1/addresses", json={**GOOD, "name": "赵六"}, headers=headers)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json == again.json
    assert other.json["code"] == "idempotency_conflict"  # type: ignore[index]
    assert db.session.scalar(text("SELECT count(*) FROM addresses")) == 2


def test_a_guest_is_asked_to_sign_in(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/addresses")
    assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed")  # type: ignore[index]


def test_a_form_on_another_site_cannot_use_the_cookie(app: Flask) -> None:
    person = make_person()
    browser = browser_of(app, person)
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "", "Sec-Fetch-Site": "cross-site"},
    ):
        answer = browser.post("/api/v1/addresses", json=GOOD, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (403, "cross_origin")  # type: ignore[index]
    assert browser.post("/api/v1/addresses", json=GOOD).status_code == 201
    assert db.session.scalar(text("SELECT count(*) FROM addresses")) == 2


def test_the_book_has_an_end(app: Flask) -> None:
    person = make_person()
    client = app.test_client()
    answers = [
        client.post("/api/v1/addresses", json=GOOD, headers=person.headers).status_code for _ in range(20)
    ]
    assert answers == [201] * 19 + [409]
