"""Staff and tokens: who is let in, as what, and what the owner can undo."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from shopapp.admin.models import ApiToken, Staff
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db
from tests.support.clocks import ShopClock
from tests.support.staff import PASSWORD, desk, make_staff, words_after


def staff_count() -> int:
    return db.session.scalar(select(func.count()).select_from(Staff)) or 0


def test_the_owner_lets_somebody_in(app: Flask) -> None:
    client = desk(app)
    answer = client.post("/admin/staff/new", data={"name": "阿宽", "password": PASSWORD, "role": "warehouse"})
    assert "阿宽 可以登录了" in words_after(client, answer)
    staff = db.session.scalars(select(Staff).filter_by(name="阿宽")).one()
    assert staff.role is Role.WAREHOUSE
    assert PASSWORD not in staff.password_hash
    assert db.session.scalars(
        select(AuditEntry.action).filter_by(subject_id=staff.public_id).order_by(AuditEntry.id)
    ).all() == ["staff.create"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "名字须有"),
        ({"name": "小满"}, "已经有员工叫这个名字"),
        ({"password": "short"}, "密码须有 10 到"),
        ({"password": "aaaaaaaaaaaa"}, "不同的字符太少"),
        ({"name": "kuanzi", "password": "my-kuanzi-2026"}, "密码不能包含名字"),
        ({"role": "king"}, "请选择一项"),
    ],
)
def test_a_wrong_field_is_told_and_lets_nobody_in(app: Flask, fields: dict[str, str], words: str) -> None:
    make_staff(name="小满")
    client = desk(app)
    before = staff_count()
    answer = client.post(
        "/admin/staff/new", data={"name": "阿宽", "password": PASSWORD, "role": "operator"} | fields
    )
    assert answer.status_code == 422
    assert words in answer.text
    assert PASSWORD not in answer.text
    assert staff_count() == before


def test_the_last_owner_stays(app: Flask) -> None:
    only = make_staff()
    client = desk(app, staff=only)
    for path, data in (("role", {"role": "analyst"}), ("active", {"active": ""})):
        answer = client.post(f"/admin/staff/{only.public_id}/{path}", data=data)
        assert "至少要有一位能登录的店主" in words_after(client, answer)
    db.session.refresh(only)
    assert (only.role, only.active) == (Role.OWNER, True)


def test_with_a_second_owner_the_first_can_go(app: Flask) -> None:
    first, second = make_staff(), make_staff()
    desk(app, staff=second).post(f"/admin/staff/{first.public_id}/role", data={"role": "analyst"})
    db.session.refresh(first)
    assert first.role is Role.ANALYST


def test_a_role_taken_away_holds_from_the_next_click(app: Flask) -> None:
    staff = make_staff(role=Role.OPERATOR)
    client = desk(app, staff=staff)
    assert client.get("/admin/products/new").status_code == 200
    desk(app).post(f"/admin/staff/{staff.public_id}/role", data={"role": "analyst"})
    assert client.get("/admin/products/new").status_code == 403


def test_a_token_is_shown_once_and_kept_as_a_hash(app: Flask) -> None:
    client = desk(app)
    answer = client.post("/admin/tokens", data={"name": "仓库系统", "scopes": ["orders:read", "stock:write"]})
    token = db.session.scalars(select(ApiToken)).one()
    text = answer.text.split('id="made" readonly value="')[1].split('"')[0]
    assert token.scopes == ["orders:read", "stock:write"]
    assert text not in token.token_hash
    assert text not in client.get("/admin/tokens").text


def test_a_token_reaches_what_its_scopes_say(app: Flask, clock: ShopClock) -> None:
    owner = desk(app)
    answer = owner.post("/admin/tokens", data={"name": "仓库系统", "scopes": ["orders:read"]})
    text = answer.text.split('id="made" readonly value="')[1].split('"')[0]
    token = db.session.scalars(select(ApiToken)).one()
    program = app.test_client()
    headers = {"Authorization": f"Bearer {text}"}
    assert program.get("/api/v1/admin/orders", headers=headers).status_code == 200
    assert program.get("/api/v1/admin/products", headers=headers).status_code == 403
    assert program.put("/api/v1/admin/orders/1/note", json={"note": "x"}, headers=headers).status_code == 403
    db.session.refresh(token)
    assert token.last_used_at is not None
    assert clock.now() - token.last_used_at < timedelta(minutes=1)
    owner.post(f"/admin/tokens/{token.public_id}/end")
    assert program.get("/api/v1/admin/orders", headers=headers).status_code == 401
    assert program.get("/api/v1/admin/orders").status_code == 401


def test_staff_may_call_the_merchant_api_with_their_own_rights(app: Flask) -> None:
    client = desk(app, Role.ANALYST)
    assert client.get("/api/v1/admin/orders").status_code == 200
    assert client.put("/api/v1/admin/orders/1/note", json={"note": "x"}).status_code == 403


def test_without_a_terminal_and_a_password_nobody_is_made(app: Flask) -> None:
    made = app.test_cli_runner().invoke(
        args=["staff", "create", "--name", "小满", "--role", "owner"], env={"SHOP_PASSWORD": ""}
    )
    assert made.exit_code == 1
    assert made.output == "Error: set SHOP_PASSWORD: there is no terminal to ask for a password\n"
    assert staff_count() == 0


def test_people_and_tokens_can_be_made_on_the_command_line(app: Flask) -> None:
    runner = app.test_cli_runner()
    made = runner.invoke(
        args=["staff", "create", "--name", "小满", "--role", "owner"], env={"SHOP_PASSWORD": PASSWORD}
    )
    assert made.exit_code == 0
    again = runner.invoke(
        args=["staff", "create", "--name", "小满", "--role", "owner"], env={"SHOP_PASSWORD": PASSWORD}
    )
    assert again.exit_code == 1
    assert "已经有员工叫这个名字" in again.output
    assert staff_count() == 1
    token = runner.invoke(args=["tokens", "create", "--name", "收银", "--scopes", "orders:read,*"])
    assert token.exit_code == 0
    assert len(token.output.strip()) >= 40
    wrong = runner.invoke(args=["tokens", "create", "--name", "收银", "--scopes", "orders:fly"])
    assert wrong.exit_code == 1
    assert db.session.scalar(select(func.count()).select_from(ApiToken)) == 1
