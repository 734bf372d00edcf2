"""Joining in a real browser: the code comes from the sandbox's gateway, and the card holds in every place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from config import ROOT
from shopapp.kernel.db import db
from tests.support.browsers import PHONE, axe_problems, open_context, wider_than_screen
from tests.support.members import member
from tests.support.people import make_person
from tests.support.servers import Town

pytestmark = pytest.mark.browser

AXE = ROOT / "node_modules/axe-core/axe.min.js"
NUMBER = "19900004321"


def test_from_guest_to_member_and_out_again_without_any_script(browser: Browser, town: Town) -> None:
    with town.app.app_context():
        guest = make_person()
        db.session.remove()
    context = open_context(browser, size=PHONE, java_script_enabled=False)
    context.add_cookies([{"name": "session", "value": guest.token, "url": town.shop}])
    page = context.new_page()
    page.goto(f"{town.shop}/me")
    page.get_by_role("link", name="一键入会").click()
    page.get_by_label("姓名").fill("王小满")
    page.get_by_label("手机号").fill(NUMBER)
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_text("验证码已发送")).to_be_visible()
    text = context.request.get(f"{town.sandbox}/control/api/state").json()["sms"][0]
    assert text["phone"] == NUMBER
    code = re.search(r"\d{6}", text["text"])
    assert code is not None
    page.get_by_label("验证码").fill(code[0])
    page.get_by_label("我已看过并同意").check(force=True)
    page.get_by_role("button", name="同意并入会").click()
    with town.app.app_context():
        joined = member(guest)
        db.session.remove()
    assert (joined.name, joined.phone, joined.marketing) == ("王小满", NUMBER, False)
    expect(page.get_by_text(joined.number_spaced)).to_be_visible()
    told = context.request.get(
        f"{town.shop}/api/v1/me", headers={"Authorization": f"Bearer {guest.token}"}
    ).json()
    assert (told["member_no"], told["phone"]) == (joined.member_no, "199****4321")
    page.goto(f"{town.shop}/me/erase")
    page.get_by_label("确认").fill("注销")
    page.get_by_role("button", name="永久注销").click()
    expect(page.get_by_text("账号已注销")).to_be_visible()
    page.goto(f"{town.shop}/me")
    expect(page.get_by_text("您还没有登录")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_can_be_filled_in_by_everybody(browser: Browser, town: Town, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe is not installed")
    with town.app.app_context():
        guest = make_person()
        db.session.remove()
    context = open_context(browser, size={"width": 320, "height": 640}, color_scheme=scheme)
    context.add_cookies([{"name": "session", "value": guest.token, "url": town.shop}])
    page = context.new_page()
    for path in ("/me", "/me/join"):
        page.goto(f"{town.shop}{path}")
        assert axe_problems(page, script=AXE.read_text(encoding="utf-8")) == []
        assert wider_than_screen(page) == 0
    page.get_by_label("手机号").fill("123")
    page.get_by_role("button", name="同意并入会").click()
    expect(page.get_by_text("请先看过隐私说明")).to_be_visible()
    assert axe_problems(page, script=AXE.read_text(encoding="utf-8")) == []
