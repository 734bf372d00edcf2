"""From guest to member over the API: consent, number, particulars, once."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from shopapp.kernel import clock as shop_clock
from shopapp.kernel import preferences
from shopapp.kernel.db import db, transaction
from shopapp.kernel.sms import FakeSms
from shopapp.members.consent import queries as consents
from shopapp.members.consent.models import KeptPrivacyText
from shopapp.members.identity import membership, rules
from shopapp.members.identity.members import with_birthday_on
from shopapp.members.identity.models import Customer
from shopapp.members.identity.privacy import in_force
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.members import (
    PHONE,
    ask_code,
    code_in,
    consent_words,
    make_member,
    member,
    register,
    row_of,
    wish,
)
from tests.support.orders import events
from tests.support.people import Person, make_person

ME = "/api/v1/me"


def put(app: Flask, person: Person, path: str, body: dict[str, object]) -> tuple[int, dict[str, object]]:
    answer = app.test_client().put(f"{ME}{path}", json=body, headers=person.headers)
    return answer.status_code, answer.get_json()


def me(app: Flask, person: Person) -> dict[str, object]:
    found: dict[str, object] = app.test_client().get(ME, headers=person.headers).get_json()
    return found


def test_a_guest_agrees_to_the_text_in_force_and_is_a_member_with_a_number(app: Flask) -> None:
    guest = make_person()
    before = me(app, guest)
    assert (before["is_member"], before["member_no"], before["name"]) == (False, None, None)
    answer = register(app, guest, name=" 王小满 ", birthday="1990-02-28")
    told = answer.get_json()
    assert answer.status_code == 201
    assert (told["is_member"], told["name"], told["birthday"], told["phone"]) == (
        True,
        "王小满",
        "1990-02-28",
        None,
    )
    assert rules.is_member_no(told["member_no"])
    version = in_force().version
    assert told["consents"] == {"privacy": version, "privacy_due": False, "marketing": False}
    assert me(app, guest) == told
    assert consent_words(guest) == [("privacy", True)]
    assert [event["customer_id"] for event in events("MemberJoined")] == [guest.id]


def test_the_text_agreed_to_is_kept_whole_and_every_word_with_its_time(app: Flask) -> None:
    shopper = make_member(marketing=True)
    words = consents.history(customer_id=shopper.id)
    assert [(word.kind.value, word.given, word.source) for word in words] == [
        ("marketing", True, "join"),
        ("privacy", True, "join"),
    ]
    assert consents.text_of(version=words[0].version) == in_force().text
    assert abs(words[0].at - shop_clock.now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "consent", [{}, {"marketing": True}, {"privacy": None}, {"privacy": ""}, {"privacy": True}]
)
def test_without_a_word_of_consent_nobody_joins(app: Flask, consent: dict[str, object]) -> None:
    guest = make_person()
    answer = app.test_client().post(f"{ME}/registration", json={"consents": consent}, headers=guest.headers)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    assert (row_of(guest).member_since, consent_words(guest), events("MemberJoined")) == (None, [], [])


def test_consent_to_another_text_than_the_one_in_force_is_refused_and_keeps_nothing(app: Flask) -> None:
    guest, old = make_person(), in_force().version
    with transaction():
        preferences.write("shop.privacy_text", "<p>新的说明</p>")
    answer = app.test_client().post(
        f"{ME}/registration", json={"consents": {"privacy": old}}, headers=guest.headers
    )
    assert (answer.status_code, answer.get_json()["code"]) == (409, "privacy_outdated")
    assert answer.get_json()["details"] == {"version": in_force().version}
    row = row_of(guest)
    assert (row.member_since, row.member_no, row.privacy_version) == (None, None, None)
    assert db.session.scalars(select(KeptPrivacyText)).all() == []


def test_the_version_is_the_same_in_every_language(app: Flask) -> None:
    client = app.test_client()
    answers = [
        client.get("/api/v1/privacy", headers={"Accept-Language": tag}).get_json() for tag in ("zh", "en")
    ]
    assert answers[0]["version"] == answers[1]["version"]
    assert answers[0]["text_sha256"] == answers[1]["text_sha256"]


def test_registering_twice_changes_nothing_and_says_the_same(app: Flask) -> None:
    guest = make_person()
    first = register(app, guest, name="王小满", birthday="1990-02-28")
    again = register(app, guest, name="别的名字", birthday="1991-01-01", marketing=True)
    assert (again.status_code, again.get_json()) == (first.status_code, first.get_json())
    assert len(events("MemberJoined")) == 1
    assert consent_words(guest) == [("privacy", True)]


def test_two_at_once_make_one_member(app: Flask) -> None:
    guest = make_person()
    made: list[bool] = []

    def join() -> None:
        with transaction():
            made.append(
                membership.register(
                    customer_id=guest.id,
                    told=rules.Particulars(name="王小满"),
                    proof=None,
                    privacy=in_force().version,
                    marketing=True,
                    source="join",
                    now=shop_clock.now(),
                )
            )

    at_once(app, [join] * 8, threads=8)
    assert sorted(made) == [False] * 7 + [True]
    assert len(events("MemberJoined")) == 1
    assert consent_words(guest) == [("privacy", True), ("marketing", True)]


def test_who_never_signed_in_is_asked_to(app: Flask) -> None:
    client = app.test_client()
    assert client.post(f"{ME}/registration", json=wish()).status_code == 401
    assert client.put(f"{ME}/consents", json={"marketing": True}).status_code == 401
    assert client.post(f"{ME}/phone-codes", json={"phone": PHONE}).status_code == 401


def test_marketing_is_apart_and_withdrawn_at_any_time(app: Flask) -> None:
    shopper = make_member()
    assert member(shopper).marketing is False
    assert put(app, shopper, "/consents", {"marketing": True})[0] == 200
    assert put(app, shopper, "/consents", {"marketing": True})[0] == 200
    assert member(shopper).marketing
    status, told = put(app, shopper, "/consents", {"marketing": False})
    assert (status, told["is_member"], member(shopper).marketing) == (200, True, False)
    assert consent_words(shopper) == [("privacy", True), ("marketing", True), ("marketing", False)]


def test_a_guest_has_no_consents_to_change(app: Flask) -> None:
    guest = make_person()
    assert put(app, guest, "/consents", {"marketing": True})[1]["code"] == "not_a_member"
    assert put(app, guest, "/consents", {"privacy": in_force().version})[1]["code"] == "not_a_member"
    assert put(app, guest, "/consents", {"privacy": None})[0] == 200
    assert (consent_words(guest), events("MemberLeft")) == ([], [])


def test_when_the_text_changes_a_member_is_asked_again_and_stays_one(app: Flask) -> None:
    shopper, old = make_member(), in_force().version
    with transaction():
        preferences.write("shop.privacy_text", "<p>新的说明</p>")
    told = me(app, shopper)
    assert (told["is_member"], told["consents"]) == (
        True,
        {"privacy": old, "privacy_due": True, "marketing": False},
    )
    assert put(app, shopper, "/consents", {"privacy": old})[1]["code"] == "privacy_outdated"
    assert put(app, shopper, "/consents", {"privacy": in_force().version})[1]["consents"] == {
        "privacy": in_force().version,
        "privacy_due": False,
        "marketing": False,
    }
    assert consents.text_of(version=old) != consents.text_of(version=in_force().version)


def test_withdrawing_privacy_consent_ends_the_membership_and_forgets_the_particulars(
    app: Flask, gateway: FakeSms
) -> None:
    shopper = make_person()
    ask_code(app, shopper)
    register(
        app,
        shopper,
        name="王小满",
        phone=PHONE,
        phone_code=code_in(gateway),
        birthday="1990-02-28",
        marketing=True,
    )
    number = member(shopper).member_no
    status, told = put(app, shopper, "/consents", {"privacy": None})
    assert (status, told["is_member"], told["name"], told["phone"], told["birthday"]) == (
        200,
        False,
        None,
        None,
        None,
    )
    row = row_of(shopper)
    assert (row.phone_hash, row.birthday_hash, row.privacy_version, row.marketing_since) == (
        None,
        None,
        None,
        None,
    )
    assert consent_words(shopper)[2:] == [("privacy", False), ("marketing", False)]
    assert events("MemberLeft") == [{"customer_id": shopper.id}]
    register(app, shopper)
    assert member(shopper).member_no == number
    assert len(events("MemberJoined")) == 2


def test_the_birthday_is_told_once_and_staff_put_it_right(app: Flask) -> None:
    shopper = make_member()
    assert put(app, shopper, "/profile", {"birthday": "2000-02-29"})[1]["birthday"] == "2000-02-29"
    assert put(app, shopper, "/profile", {"birthday": "2000-03-01"})[1]["code"] == "birthday_kept"
    assert put(app, shopper, "/profile", {"birthday": "2000-02-29", "name": "小满"})[0] == 200
    with transaction():
        membership.change_birthday(
            public_id=shopper.signed_in.public_id, birthday=rules.read_birthday("2000-03-01", today=TODAY)
        )
    assert str(member(shopper).birthday) == "2000-03-01"


def test_who_left_and_comes_back_tells_the_same_birthday_or_none(app: Flask) -> None:
    shopper = make_member(birthday=rules.date(1990, 12, 1))
    assert put(app, shopper, "/consents", {"privacy": None})[1]["birthday"] is None
    row = row_of(shopper)
    assert (row.birth_year, row.birthday, row.birthday_hash) == (None, None, None)
    assert row.birthday_mark is not None
    refused = register(app, shopper, birthday="1991-01-01")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "birthday_kept")
    assert (row_of(shopper).member_since, len(events("MemberJoined"))) == (None, 1)
    assert register(app, shopper).get_json()["birthday"] is None
    assert put(app, shopper, "/profile", {"birthday": "1991-01-01"})[1]["code"] == "birthday_kept"
    assert put(app, shopper, "/consents", {"privacy": None})[0] == 200
    assert register(app, shopper, birthday="1991-01-01").status_code == 409
    assert register(app, shopper, birthday="1990-12-01").get_json()["birthday"] == "1990-12-01"


def test_what_staff_put_right_is_what_binds_who_comes_back(app: Flask) -> None:
    shopper = make_member(birthday=rules.date(1990, 12, 1))
    public_id = shopper.signed_in.public_id
    for day in (rules.date(1990, 12, 2), None):
        with transaction():
            membership.change_birthday(public_id=public_id, birthday=day)
            membership.leave(customer_id=shopper.id, source="left", now=shop_clock.now())
        if day is not None:
            assert register(app, shopper, birthday="1990-12-01").status_code == 409
        assert register(app, shopper, birthday="1990-12-02" if day else "1980-05-05").status_code == 201


TODAY = rules.date(2026, 11, 26)


@pytest.mark.parametrize(
    ("words", "good"),
    [
        ("2000-02-29", True),
        ("1999-02-29", False),
        ("2026-11-26", True),
        ("2026-11-27", False),
        ("1905-11-27", True),
        ("1905-11-26", False),
        ("2000-2-9", False),
        ("20000209", False),
        ("２０００-02-09", False),
        ("0000-01-01", False),
    ],
)
def test_what_a_birthday_can_be(words: str, good: bool) -> None:
    assert (rules.read_birthday(words, today=TODAY) is not None) is good


def test_29_february_celebrates_on_the_28th_of_other_years(app: Flask) -> None:
    leap, usual = make_member(birthday=rules.date(2000, 2, 29)), make_member(birthday=rules.date(1990, 2, 28))
    left = make_member(birthday=rules.date(1990, 2, 28))
    with transaction():
        membership.leave(customer_id=left.id, source="left", now=shop_clock.now())
    assert with_birthday_on(rules.date(2027, 2, 28), limit=9) == [leap.id, usual.id]
    assert with_birthday_on(rules.date(2028, 2, 28), limit=9) == [leap.id, usual.id]
    assert with_birthday_on(rules.date(2028, 2, 29), limit=9) == []
    assert with_birthday_on(rules.date(2027, 2, 28), after_id=leap.id, limit=9) == [usual.id]


def test_membership_numbers_carry_a_check_digit_and_tell_no_order() -> None:
    numbers = [rules.new_member_no() for _ in range(500)]
    assert len(set(numbers)) == 500
    assert all(rules.is_member_no(number) for number in numbers)
    assert numbers != sorted(numbers)
    number = numbers[0]
    for place in range(10):
        other = str((int(number[place]) + 1) % 10)
        assert not rules.is_member_no(number[:place] + other + number[place + 1 :])


def test_particulars_are_encrypted_and_named_nowhere_else(
    app: Flask, gateway: FakeSms, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shopper = make_person()
    ask_code(app, shopper)
    register(app, shopper, name="欧阳小满", phone=PHONE, phone_code=code_in(gateway), birthday="1990-02-28")
    assert member(shopper).phone == PHONE
    assert me(app, shopper)["phone"] == "199****1234"
    kept = db.session.execute(text("SELECT * FROM customers")).mappings().all()
    told = str([dict(row) for row in kept]) + str(db.session.execute(text("SELECT * FROM phone_codes")).all())
    told += str(db.session.execute(text("SELECT * FROM events")).all()) + caplog.text
    told += str(db.session.execute(text("SELECT * FROM rate_counts")).all())
    for secret in (PHONE, "欧阳小满", "1990", code_in(gateway)):
        assert secret not in told


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "字" * 31), ("name", "王\n小满"), ("phone", "12345"), ("birthday", "1990-02-30")],
)
def test_a_wrong_field_is_named_and_nobody_joins(app: Flask, field: str, value: str) -> None:
    guest = make_person()
    answer = register(app, guest, **{field: value})
    assert (answer.status_code, field in answer.get_json()["details"]["fields"]) == (422, True)
    assert row_of(guest).member_since is None


def test_two_with_one_phone_at_once_and_only_one_gets_it(app: Flask) -> None:
    first, second = make_member(), make_member()
    refused: list[str] = []

    def claim(person: Person) -> None:
        try:
            with transaction():
                membership._write(person.id, phone=PHONE, phone_hash=membership.lookup_hash(PHONE))
        except membership.PhoneUnusable as problem:
            refused.append(problem.code)

    at_once(app, [lambda: claim(first), lambda: claim(second)], threads=2)
    assert refused == ["phone_unusable"]
    assert db.session.scalars(select(Customer.id).where(Customer.phone_hash.is_not(None))).all() in (
        [first.id],
        [second.id],
    )


def test_the_clock_of_a_member_is_that_of_joining(app: Flask, clock: ShopClock) -> None:
    guest = make_person()
    clock.forward(days=3)
    register(app, guest)
    assert member(guest).since - guest.signed_in.since > timedelta(days=2)
