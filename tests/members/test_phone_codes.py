"""Codes by SMS: who holds a number, limits on asking and guessing, and a gateway that says nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flask import Flask

from config import BadSettings, load_settings
from shopapp.kernel import clock as shop_clock
from shopapp.kernel import sms
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.sms import FakeSms, SmsApi, SmsProblem
from shopapp.members.identity import codes, joining
from shopapp.members.identity.members import member_of
from shopapp.members.identity.models import Customer, PhoneCode
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.members import PHONE, ask_code, code_in, make_member, member, register, row_of
from tests.support.orders import count
from tests.support.people import Person, make_person

OTHER = "19900005678"


def change(app: Flask, person: Person, **told: str) -> tuple[int, str]:
    answer = app.test_client().put("/api/v1/me/profile", json=told, headers=person.headers)
    return answer.status_code, answer.get_json().get("code", "")


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_phone_is_kept_once_its_code_was_typed_in(app: Flask, gateway: FakeSms) -> None:
    guest = make_person()
    asked = ask_code(app, guest, "+86 199-0000-1234")
    assert (asked.status_code, asked.get_json()) == (202, {"expires_in": 300, "again_in": 60})
    assert gateway.sent[0][0] == PHONE
    assert register(app, guest, phone=PHONE, phone_code=code_in(gateway)).status_code == 201
    assert member(guest).phone == PHONE


@pytest.mark.parametrize("code", ["", "000", "abcdef"])
def test_without_the_right_code_nobody_joins_with_a_phone(app: Flask, gateway: FakeSms, code: str) -> None:
    guest = make_person()
    ask_code(app, guest)
    answer = register(app, guest, phone=PHONE, phone_code=code)
    assert (answer.status_code, row_of(guest).member_since) == (422, None)


def test_a_code_lives_five_minutes(app: Flask, gateway: FakeSms, clock: ShopClock) -> None:
    shopper = make_member()
    ask_code(app, shopper)
    clock.forward(minutes=5, seconds=1)
    assert change(app, shopper, phone=PHONE, phone_code=code_in(gateway)) == (422, "phone_code_wrong")
    assert member(shopper).phone is None


def test_a_code_takes_five_tries_and_the_sixth_is_too_late(app: Flask, gateway: FakeSms) -> None:
    shopper = make_member()
    ask_code(app, shopper)
    code = code_in(gateway)
    for _ in range(5):
        assert change(app, shopper, phone=PHONE, phone_code=wrong(code)) == (422, "phone_code_wrong")
    assert change(app, shopper, phone=PHONE, phone_code=code) == (422, "phone_code_wrong")
    assert member(shopper).phone is None


def test_many_guesses_at_once_get_five_tries_together(app: Flask, gateway: FakeSms) -> None:
    shopper = make_member()
    ask_code(app, shopper)
    said: list[str] = []

    def guess() -> None:
        try:
            joining.change(
                customer=shopper.signed_in,
                name="",
                phone=PHONE,
                phone_code=wrong(code_in(gateway)),
                birthday="",
                now=shop_clock.now(),
            )
        except ShopError as problem:
            said.append(problem.code)

    shopper = Person(signed_in=_again(shopper), token=shopper.token, address_id=shopper.address_id)
    at_once(app, [guess] * 12, threads=6)
    assert said == ["phone_code_wrong"] * 12
    db.session.rollback()
    assert db.session.query(PhoneCode).one().tries == 5


def _again(person: Person):  # type: ignore[no-untyped-def]
    from shopapp.members.identity.queries import by_session

    found = by_session(token=person.token, now=shop_clock.now())
    assert found is not None
    return found


def test_a_code_works_once_also_when_sent_twice_at_once(app: Flask, gateway: FakeSms) -> None:
    shopper = make_member()
    shopper = Person(signed_in=_again(shopper), token=shopper.token, address_id=shopper.address_id)
    ask_code(app, shopper)
    code, said = code_in(gateway), []

    def send() -> None:
        try:
            joining.change(
                customer=shopper.signed_in,
                name="",
                phone=PHONE,
                phone_code=code,
                birthday="",
                now=shop_clock.now(),
            )
            said.append("kept")
        except ShopError as problem:
            said.append(problem.code)

    at_once(app, [send] * 4, threads=4)
    assert sorted(said) == ["kept"] + ["phone_code_wrong"] * 3
    assert member(shopper).phone == PHONE


def test_a_code_that_was_proven_twice_is_used_once(app: Flask, gateway: FakeSms) -> None:
    shopper, now = make_member(), shop_clock.now()
    ask_code(app, shopper)
    own = {"customer_id": shopper.id, "public_id": shopper.signed_in.public_id, "phone": PHONE, "now": now}
    proofs = [codes.prove(code=code_in(gateway), **own) for _ in range(2)]
    assert proofs[0] == proofs[1]
    with transaction():
        codes.use(proof=proofs[0], now=now)
    with pytest.raises(codes.CodeWrong), transaction():
        codes.use(proof=proofs[1], now=now)


def test_a_code_is_good_for_its_customer_and_its_number_alone(app: Flask, gateway: FakeSms) -> None:
    mine, other = make_member(), make_member()
    ask_code(app, mine)
    code = code_in(gateway)
    assert change(app, other, phone=PHONE, phone_code=code) == (422, "phone_code_wrong")
    assert change(app, mine, phone=OTHER, phone_code=code) == (422, "phone_code_wrong")
    assert change(app, mine, phone=PHONE, phone_code=code)[0] == 200


def test_asking_for_a_number_of_somebody_else_gets_the_same_answer(
    app: Flask, gateway: FakeSms, clock: ShopClock
) -> None:
    """Only who shows that they hold it learns that it is known: then they are that person."""
    first, second = make_member(), make_member()
    unknown = ask_code(app, first)
    change(app, first, phone=PHONE, phone_code=code_in(gateway))
    clock.forward(minutes=2)
    known = ask_code(app, second)
    assert (known.status_code, known.get_json()) == (unknown.status_code, unknown.get_json())
    assert change(app, second, phone=PHONE, phone_code="000000") == (422, "phone_code_wrong")
    assert (member(first).phone, member(second).phone) == (PHONE, None)
    assert change(app, second, phone=PHONE, phone_code=code_in(gateway))[0] == 200
    assert (member(first).phone, member_of(second.id)) == (PHONE, None)


def test_who_left_sets_their_number_free(app: Flask, gateway: FakeSms, clock: ShopClock) -> None:
    first, second = make_member(), make_member()
    ask_code(app, first)
    change(app, first, phone=PHONE, phone_code=code_in(gateway))
    app.test_client().put("/api/v1/me/consents", json={"privacy": None}, headers=first.headers)
    clock.forward(minutes=2)
    ask_code(app, second)
    assert change(app, second, phone=PHONE, phone_code=code_in(gateway))[0] == 200


def test_one_code_a_minute_five_an_hour_ten_a_day_for_a_number(
    app: Flask, gateway: FakeSms, clock: ShopClock
) -> None:
    people = [make_person() for _ in range(4)]

    def asks(times: int, *, every: timedelta) -> list[int]:
        said = []
        for turn in range(times):
            said.append(ask_code(app, people[turn % 4]).status_code)
            clock.forward(seconds=every.total_seconds())
        return said

    clock.forward(seconds=86400 - shop_clock.timestamp() % 86400)
    assert asks(3, every=timedelta(seconds=1)) == [202, 429, 429]
    clock.forward(minutes=2)
    assert asks(6, every=timedelta(minutes=2)) == [202] * 4 + [429] * 2
    clock.forward(hours=1)
    assert asks(5, every=timedelta(minutes=2)) == [202] * 5
    clock.forward(hours=2)
    assert asks(2, every=timedelta(minutes=2)) == [429, 429]
    assert len(gateway.sent) == 10


def test_one_customer_and_one_machine_cannot_ask_for_many_numbers(app: Flask, gateway: FakeSms) -> None:
    pest = make_person()
    said = [ask_code(app, pest, f"1990001{number:04d}").status_code for number in range(9)]
    assert said == [202] * 6 + [429] * 3
    for number in range(40):
        ask_code(app, make_person(), f"1990002{number:04d}")
    assert len(gateway.sent) <= 30


def test_when_the_gateway_says_nothing_the_guest_is_told_and_an_earlier_code_still_holds(
    app: Flask, gateway: FakeSms, clock: ShopClock
) -> None:
    shopper = make_member()
    ask_code(app, shopper)
    code = code_in(gateway)
    clock.forward(minutes=1)
    gateway.failures = [SmsProblem("ReadTimeout", in_doubt=True)]
    answer = ask_code(app, shopper)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "code_not_sent")
    assert len(gateway.sent) == 1
    assert change(app, shopper, phone=PHONE, phone_code=code)[0] == 200


def test_a_refused_message_leaves_no_code(app: Flask, gateway: FakeSms) -> None:
    gateway.failures = [SmsProblem("HTTP 401", in_doubt=False)]
    assert ask_code(app, make_person()).status_code == 503
    assert count(PhoneCode) == 0


def test_without_a_gateway_the_shop_takes_no_phones(
    app: Flask, gateway: FakeSms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "offered", lambda: False)
    guest = make_person()
    assert ask_code(app, guest).get_json()["code"] == "phone_not_offered"
    refused = register(app, guest, phone=PHONE, phone_code="123456")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "phone_not_offered")
    assert register(app, guest, name="王小满").status_code == 201
    assert gateway.sent == []


def answering(status: int, got: list[tuple[str, str, bytes]]) -> Callable[..., BaseHTTPRequestHandler]:
    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Authorization"], body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    return Gateway


@pytest.mark.parametrize(
    ("status", "doubt"), [(200, None), (202, None), (401, False), (503, True), (302, False)]
)
def test_the_gateway_is_asked_over_http(app: Flask, status: int, doubt: bool | None) -> None:
    got: list[tuple[str, str, bytes]] = []
    server = HTTPServer(("127.0.0.1", 0), answering(status, got))
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    api = SmsApi(base=f"http://127.0.0.1:{server.server_port}/sms", key="TEST-key")
    try:
        if doubt is None:
            api.send(phone=PHONE, text="验证码 123456")
        else:
            with pytest.raises(SmsProblem) as caught:
                api.send(phone=PHONE, text="验证码 123456")
            assert caught.value.in_doubt is doubt
            assert PHONE not in str(caught.value)
    finally:
        thread.join()
        server.server_close()
    assert got[0][:2] == ("/sms/messages", "Bearer TEST-key")


def test_no_message_leaves_inside_a_transaction(app: Flask, gateway: FakeSms) -> None:
    with transaction(), pytest.raises(RuntimeError):
        SmsApi(base="http://127.0.0.1:1", key="").send(phone=PHONE, text="x")


def test_address_and_key_of_the_gateway_go_together(environment: dict[str, str]) -> None:
    for name in ("SMS_API_BASE", "SMS_API_KEY"):
        with pytest.raises(BadSettings, match="go together"):
            load_settings({key: value for key, value in environment.items() if key != name}, dotenv=None)


def test_phones_stay_unique_in_the_database_itself(app: Flask) -> None:
    assert any(
        index.unique and list(index.columns.keys()) == ["phone_hash"] for index in Customer.__table__.indexes
    )
