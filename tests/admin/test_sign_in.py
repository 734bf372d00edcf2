"""Coming in: passwords, codes, limits, sessions; and staying out."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from shopapp.admin import services
from shopapp.admin.models import Staff, StaffSession
from shopapp.kernel import clock
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from tests.support.clocks import ShopClock
from tests.support.staff import PASSWORD, desk, make_staff, stranger


def sign_in(client: FlaskClient, *, name: str, password: str = PASSWORD, onward: str = "") -> TestResponse:
    return client.post("/admin/sign-in", data={"name": name, "password": password, "next": onward})


def open_sessions() -> int:
    statement = select(func.count()).select_from(StaffSession).where(StaffSession.ended_at.is_(None))
    return db.session.scalar(statement) or 0


def with_second_factor(staff: Staff, *, at_step: int = -1) -> pyotp.TOTP:
    """Bind a phone, with the code of an earlier step, so that the present one is still unused."""
    with transaction():
        secret = services.begin_second_factor(staff=staff)
    now = clock.real_now()
    code = pyotp.TOTP(secret).at(int(now.timestamp()) + 30 * at_step)
    with transaction():
        services.confirm_second_factor(staff=staff, code=code, now=now)
    return pyotp.TOTP(secret)


def test_a_stranger_is_sent_to_the_sign_in_page_and_back_to_where_they_wanted(app: Flask) -> None:
    make_staff(name="小满")
    client = stranger(app)
    sent = client.get("/admin/orders?tab=to_ship")
    assert sent.status_code == 302
    assert sent.location == "/admin/sign-in?next=/admin/orders?tab%3Dto_ship"
    done = sign_in(client, name="小满", onward="/admin/orders?tab=to_ship")
    assert (done.status_code, done.location) == (303, "/admin/orders?tab=to_ship")
    assert client.get("/admin/orders").status_code == 200


@pytest.mark.parametrize(
    "onward", ["https://evil.example/admin/", "//evil.example", "/admin\\..\\x", "/p/1", "/adminx"]
)
def test_signing_in_leads_nowhere_but_into_the_console(app: Flask, onward: str) -> None:
    make_staff(name="小满")
    assert sign_in(stranger(app), name="小满", onward=onward).location == "/admin/"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app: Flask) -> None:
    make_staff(name="小满")
    cookies = sign_in(stranger(app), name="小满").headers.getlist("Set-Cookie")
    cookie = next(each for each in cookies if each.startswith("console="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/;" in cookie


@pytest.mark.parametrize(
    ("name", "password"), [("小满", "wrong"), ("nobody", PASSWORD), ("", ""), ("小满", "")]
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(app: Flask, name: str, password: str) -> None:
    make_staff(name="小满")
    client = stranger(app)
    answer = sign_in(client, name=name, password=password)
    assert answer.status_code == 422
    assert "名字或密码不对" in answer.text
    assert open_sessions() == 0
    assert client.get("/admin/").status_code == 302


def test_a_name_can_be_tried_only_so_often(app: Flask) -> None:
    make_staff(name="小满")
    client = stranger(app)
    answers = [sign_in(client, name="小满", password="guess").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    refused = sign_in(client, name="小满")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 600
    assert open_sessions() == 0


def test_who_left_cannot_come_in_and_is_out_at_once(app: Flask) -> None:
    staff = make_staff(name="小满", role=Role.OPERATOR)
    client = desk(app, staff=staff)
    assert client.get("/admin/").status_code == 200
    with transaction():
        services.set_active(staff=staff, active=False, now=clock.now())
    assert client.get("/admin/").status_code == 302
    assert sign_in(stranger(app), name="小满").status_code == 422


def test_with_a_phone_bound_a_password_alone_opens_nothing(app: Flask, clock: ShopClock) -> None:
    staff = make_staff(name="小满")
    phone = with_second_factor(staff)
    client = stranger(app)
    halfway = sign_in(client, name="小满", onward="/admin/orders")
    assert halfway.location.startswith("/admin/sign-in/code")
    assert client.get("/admin/").status_code == 302
    assert client.post("/admin/sign-in/code", data={"code": "000000"}).status_code == 422
    code = phone.at(int(clock.now().timestamp()))
    done = client.post("/admin/sign-in/code", data={"code": code, "next": "/admin/orders"})
    assert (done.status_code, done.location) == (303, "/admin/orders")
    assert client.get("/admin/").status_code == 200


def test_a_code_works_once(app: Flask, clock: ShopClock) -> None:
    phone = with_second_factor(make_staff(name="小满"))
    code = phone.at(int(clock.now().timestamp()))
    first, second = stranger(app), stranger(app)
    for client in (first, second):
        sign_in(client, name="小满")
    assert first.post("/admin/sign-in/code", data={"code": code}).status_code == 303
    assert second.post("/admin/sign-in/code", data={"code": code}).status_code == 422
    assert open_sessions() == 1


def test_a_password_given_long_ago_does_not_wait_for_its_code(app: Flask, clock: ShopClock) -> None:
    phone = with_second_factor(make_staff(name="小满"))
    client = stranger(app)
    sign_in(client, name="小满")
    clock.forward(minutes=6)
    code = phone.at(int(clock.now().timestamp()))
    answer = client.post("/admin/sign-in/code", data={"code": code})
    assert answer.location.startswith("/admin/sign-in?")
    assert open_sessions() == 0


def test_codes_can_be_guessed_only_so_often(app: Flask, clock: ShopClock) -> None:
    with_second_factor(make_staff(name="小满"))
    client = stranger(app)
    sign_in(client, name="小满")
    answers = [client.post("/admin/sign-in/code", data={"code": "123456"}).status_code for _ in range(7)]
    assert answers[-1] == 429


def test_binding_a_phone_takes_a_code_that_fits(app: Flask) -> None:
    staff = make_staff(name="小满")
    client = desk(app, staff=staff)
    shown = client.post("/admin/account/second-factor")
    assert 'src="data:image/png;base64,' in shown.text
    assert client.post("/admin/account/second-factor/confirm", data={"code": "000000"}).status_code == 422
    db.session.refresh(staff)
    assert not services.has_second_factor(staff)
    code = pyotp.TOTP(staff.totp_secret or "").at(int(clock.now().timestamp()))
    assert client.post("/admin/account/second-factor/confirm", data={"code": code}).status_code == 303
    db.session.refresh(staff)
    assert services.has_second_factor(staff)


def test_the_owner_can_free_somebody_who_lost_their_phone(app: Flask) -> None:
    staff = make_staff(name="小满", role=Role.OPERATOR)
    with_second_factor(staff)
    owner = desk(app)
    assert owner.post(f"/admin/staff/{staff.public_id}/second-factor/remove").status_code == 303
    assert sign_in(stranger(app), name="小满").location == "/admin/"


def test_signing_out_ends_the_session_not_only_the_cookie(app: Flask) -> None:
    staff = make_staff(name="小满")
    here = desk(app, staff=staff)
    token = here.get_cookie("console")
    assert token is not None
    assert here.post("/admin/sign-out").status_code == 303
    thief = stranger(app)
    thief.set_cookie("console", token.value)
    assert thief.get("/admin/").status_code == 302


def test_a_session_elsewhere_can_be_ended_from_here(app: Flask) -> None:
    staff = make_staff(name="小满")
    here, elsewhere = desk(app, staff=staff), desk(app, staff=staff)
    other = db.session.scalars(select(StaffSession).order_by(StaffSession.id.desc())).first()
    assert other is not None
    assert here.post(f"/admin/account/sessions/{other.public_id}/end").status_code == 303
    assert elsewhere.get("/admin/").status_code == 302
    assert here.get("/admin/").status_code == 200


def test_nobody_ends_the_session_of_somebody_else(app: Flask) -> None:
    victim = desk(app, Role.OWNER)
    session = db.session.scalars(select(StaffSession)).one()
    desk(app, Role.OPERATOR).post(f"/admin/account/sessions/{session.public_id}/end")
    assert victim.get("/admin/").status_code == 200


def test_a_new_password_ends_all_other_sessions(app: Flask) -> None:
    staff = make_staff(name="小满")
    here, elsewhere = desk(app, staff=staff), desk(app, staff=staff)
    fields = {"current": PASSWORD, "password": "a-new-Password-77", "again": "a-new-Password-77"}
    assert here.post("/admin/account/password", data=fields | {"current": "wrong"}).status_code == 422
    assert elsewhere.get("/admin/").status_code == 200
    assert here.post("/admin/account/password", data=fields).status_code == 303
    assert elsewhere.get("/admin/").status_code == 302
    assert here.get("/admin/").status_code == 200
    assert sign_in(stranger(app), name="小满").status_code == 422
    assert sign_in(stranger(app), name="小满", password="a-new-Password-77").status_code == 303


def test_sessions_lapse(app: Flask, clock: ShopClock) -> None:
    client = desk(app)
    clock.forward(days=13)
    assert client.get("/admin/").status_code == 200
    clock.forward(days=2)
    assert client.get("/admin/").status_code == 302


def test_another_site_cannot_act_for_somebody_who_is_signed_in(app: Flask) -> None:
    staff = make_staff(name="小满")
    client = desk(app, staff=staff)
    client.environ_base["HTTP_ORIGIN"] = "https://evil.example"
    answer = client.post("/admin/staff/new", data={"name": "x", "password": PASSWORD, "role": "owner"})
    assert answer.status_code == 403
    assert db.session.scalar(select(func.count()).select_from(Staff)) == 1


def test_coming_in_leaves_a_trace_and_the_password_does_not(app: Flask) -> None:
    make_staff(name="小满")
    sign_in(stranger(app), name="小满")
    entry = db.session.scalars(select(AuditEntry).filter_by(action="staff.sign_in")).one()
    assert (entry.actor_name, entry.address) == ("小满", "127.0.0.1")
    assert PASSWORD not in str(entry.changes)


def test_a_phone_shows_the_real_time_however_far_the_shop_has_travelled(app: Flask, clock: ShopClock) -> None:
    clock.forward(days=15)
    staff = make_staff(name="小满")
    phone = with_second_factor(staff)
    real = int(clock.now().timestamp() - clock.offset.total_seconds())
    first, second = stranger(app), stranger(app)
    for client in (first, second):
        sign_in(client, name="小满")
    code = phone.at(real)
    assert first.post("/admin/sign-in/code", data={"code": code}).status_code == 303
    assert second.post("/admin/sign-in/code", data={"code": code}).status_code == 422, "none works twice"
    clock.back_to_present()
    third = stranger(app)
    sign_in(third, name="小满")
    assert third.post("/admin/sign-in/code", data={"code": phone.at(real + 30)}).status_code == 303


def failures() -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).filter_by(action="staff.sign_in_failed")))


def test_failing_to_come_in_leaves_a_trace_once_a_minute(app: Flask, clock: ShopClock) -> None:
    staff = make_staff(name="小满")
    client = stranger(app)
    for _ in range(4):
        sign_in(client, name="小满", password="TEST-a-guess")
    sign_in(client, name="没有这个人", password="TEST-a-guess")
    (entry,) = failures()
    assert (entry.subject_id, entry.address, entry.actor_kind) == (staff.public_id, "127.0.0.1", "stranger")
    assert entry.changes == {"name": "小满", "step": "first"}
    clock.forward(minutes=1)
    sign_in(client, name="小满", password="TEST-a-guess")
    assert len(failures()) == 2
    shown = desk(app).get("/admin/audit?area=staff").text
    assert "员工与登录 · 登录没有成功" in shown
    assert "不对的是：密码" in shown
    assert "没有登录的人" in shown
    assert "TEST-a-guess" not in shown


def test_a_wrong_code_leaves_a_trace_too(app: Flask, clock: ShopClock) -> None:
    with_second_factor(make_staff(name="小满"))
    client = stranger(app)
    sign_in(client, name="小满")
    client.post("/admin/sign-in/code", data={"code": "000000"})
    (entry,) = failures()
    assert entry.changes == {"name": "小满", "step": "second"}


def test_being_seen_is_noted_at_most_every_few_minutes(app: Flask, clock: ShopClock) -> None:
    client = desk(app)
    first = db.session.scalars(select(StaffSession.seen_at)).one()
    clock.forward(minutes=1)
    client.get("/admin/account")
    assert db.session.scalars(select(StaffSession.seen_at)).one() == first
    clock.forward(minutes=6)
    client.get("/admin/account")
    assert db.session.scalars(select(StaffSession.seen_at)).one() >= first + timedelta(minutes=7)
