"""The member in the storefront: joining on one screen without script, card, particulars, devices, consents, leaving."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from shopapp.kernel import clock as shop_clock
from shopapp.kernel import preferences, sms
from shopapp.kernel.db import db, transaction
from shopapp.kernel.sms import FakeSms, SmsProblem
from shopapp.members.identity import devices
from shopapp.members.identity import services as identity
from shopapp.members.identity.models import CustomerSession, SessionKind
from shopapp.members.identity.privacy import in_force
from tests.support.members import (
    PHONE,
    code_in,
    consent_words,
    gateway,
    make_member,
    member,
    row_of,
)
from tests.support.orders import Store
from tests.support.people import Person, browser_of, make_person
from tests.support.queries import statements

__all__ = ["gateway"]

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"
HARMONY = "Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb MicroMessenger/8.0.50"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"


def form(**told: str) -> dict[str, str]:
    return {"version": in_force().version, "next": "/me", **told}


def box(page: str, name: str) -> str:
    """The tag of a tick box."""
    found = re.search(rf'<input type="checkbox"[^>]*? ?name="{name}"[^>]*>', page)
    assert found is not None
    return found[0]


def test_a_guest_is_shown_the_way_in_and_nothing_is_ticked_for_them(app: Flask, gateway: FakeSms) -> None:
    browser = browser_of(app, make_person())
    assert "一键入会" in browser.get("/me").text
    page = browser.get("/me/join").text
    assert "checked" not in box(page, "privacy") + box(page, "marketing")
    assert 'href="/privacy"' in page
    assert "获取验证码" in page


def test_joining_leads_to_the_card_with_number_and_code(app: Flask, gateway: FakeSms) -> None:
    person = make_person()
    browser = browser_of(app, person)
    answer = browser.post("/me/join", data=form(name="王小满", birthday="1990-02-28", privacy="1"))
    assert (answer.status_code, answer.location) == (303, "/me")
    joined = member(person)
    assert (joined.name, str(joined.birthday), joined.marketing) == ("王小满", "1990-02-28", False)
    page = browser.get("/me").text
    assert joined.number_spaced in page
    assert "/me/card.svg" in page
    assert "一键入会" not in page
    assert browser.get("/me/join").location == "/me"


def test_without_the_tick_nobody_joins_and_what_was_typed_stays(app: Flask, gateway: FakeSms) -> None:
    person = make_person()
    answer = browser_of(app, person).post("/me/join", data=form(name="王小满", marketing="1"))
    assert (answer.status_code, row_of(person).member_since) == (422, None)
    assert 'value="王小满"' in answer.text
    assert "请先看过隐私说明" in answer.text
    assert "checked" in box(answer.text, "marketing")
    assert "checked" not in box(answer.text, "privacy")


def test_the_text_that_was_shown_is_the_one_agreed_to(app: Flask, gateway: FakeSms) -> None:
    person = make_person()
    browser, sent = browser_of(app, person), form(privacy="1")
    with transaction():
        preferences.write("shop.privacy_text", "<p>新的说明</p>")
    answer = browser.post("/me/join", data=sent)
    assert (answer.status_code, row_of(person).member_since) == (409, None)
    assert in_force().version in answer.text


def test_a_code_is_asked_for_on_the_same_form(app: Flask, gateway: FakeSms) -> None:
    person = make_person()
    browser = browser_of(app, person)
    asked = browser.post("/me/join", data=form(name="王小满", phone=PHONE, code="1"))
    assert (asked.status_code, gateway.sent[0][0]) == (200, PHONE)
    assert "验证码已发送" in asked.text
    assert f'value="{PHONE}"' in asked.text
    assert row_of(person).member_since is None
    browser.post("/me/join", data=form(phone=PHONE, phone_code=code_in(gateway), privacy="1"))
    assert member(person).phone == PHONE
    assert PHONE not in browser.get("/me").text
    assert "199****1234" in browser.get("/me/profile").text


def test_a_code_that_was_not_sent_is_told_at_the_field(app: Flask, gateway: FakeSms) -> None:
    gateway.failures = [SmsProblem("ReadTimeout", in_doubt=True)]
    answer = browser_of(app, make_person()).post("/me/join", data=form(phone=PHONE, code="1"))
    assert "验证码没有发出去" in answer.text
    assert "验证码已发送" not in answer.text


def test_without_a_gateway_no_page_asks_for_a_phone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "offered", lambda: False)
    assert 'name="phone"' not in browser_of(app, make_person()).get("/me/join").text
    assert 'name="phone"' not in browser_of(app, make_member()).get("/me/profile").text


def test_the_code_of_the_card_is_read_by_its_owner_alone(app: Flask) -> None:
    person, other = make_member(), make_member()
    mine = browser_of(app, person).get("/me/card.svg")
    assert (mine.status_code, mine.mimetype) == (200, "image/svg+xml")
    assert mine.headers["Cache-Control"] == "private, no-store"
    assert mine.data != browser_of(app, other).get("/me/card.svg").data
    assert member(person).number_spaced in browser_of(app, person).get("/me/card").text
    assert browser_of(app).get("/me/card.svg").status_code == 302
    assert browser_of(app, make_person()).get("/me/card.svg").status_code == 404


def test_the_code_says_the_number(app: Flask) -> None:
    import segno

    person = make_member()
    drawn = io.BytesIO()
    segno.make(member(person).member_no, error="m", micro=False).save(drawn, kind="png", scale=1, border=2)
    width = Image.open(drawn).width
    shown = browser_of(app, person).get("/me/card.svg").text
    assert f'width="{width * 8}"' in shown


def test_a_member_changes_their_name_and_tells_the_birthday_once(app: Flask, gateway: FakeSms) -> None:
    person = make_member(name="王小满")
    browser = browser_of(app, person)
    assert 'name="birthday"' in browser.get("/me/profile").text
    answer = browser.post("/me/profile", data={"name": "小满", "birthday": "1990-02-28"})
    assert answer.status_code == 303
    assert "已保存" in browser.get(answer.location).text
    assert 'name="birthday"' not in browser.get("/me/profile").text
    refused = browser.post("/me/profile", data={"name": "小满", "birthday": "1991-01-01"})
    assert (refused.status_code, "生日只能填一次" in refused.text) == (409, True)
    assert (member(person).name, str(member(person).birthday)) == ("小满", "1990-02-28")
    assert browser_of(app, make_person()).get("/me/profile").location == "/me/join"


@pytest.mark.parametrize(
    ("says", "kind", "words"),
    [
        (SAFARI, "iphone", "iPhone"),
        (f"{SAFARI} MicroMessenger/8.0.50", "iphone+wechat", "iPhone · 微信"),
        (HARMONY, "harmony+wechat", "鸿蒙手机 · 微信"),
        (WINDOWS, "windows", "Windows 电脑"),
        ("", "other", "其他设备"),
    ],
)
def test_a_device_is_told_by_its_kind_alone(says: str, kind: str, words: str) -> None:
    assert (devices.kind_of(says), devices.in_words(kind)) == (kind, words)


def also_signed_in(person: Person, *, device: str) -> str:
    with transaction():
        token, _until = identity.open_session(
            customer_id=person.id,
            openid=person.signed_in.openid,
            kind=SessionKind.WEB,
            device=device,
            now=shop_clock.now(),
        )
    return token


def open_sessions(person: Person) -> int:
    db.session.rollback()
    found = select(CustomerSession).filter_by(customer_id=person.id, ended_at=None)
    return len(db.session.scalars(found).all())


def test_devices_are_listed_and_signed_out_one_by_one_or_all_the_others(app: Flask) -> None:
    person, stranger = make_member(), make_member()
    also_signed_in(person, device="iphone+wechat")
    also_signed_in(person, device="windows")
    browser = browser_of(app, person)
    page = browser.get("/me/devices").text
    assert "iPhone · 微信" in page
    assert "Windows 电脑" in page
    handles = re.findall(r'name="handle" value="([0-9a-f]+)"', page)
    assert len(handles) == 2
    assert person.token not in page
    assert (
        "那里已经退出了"
        in browser_of(app, stranger)
        .post("/me/devices", data={"handle": handles[0]}, follow_redirects=True)
        .text
    )
    assert open_sessions(person) == 3
    browser.post("/me/devices", data={"handle": handles[0]})
    assert open_sessions(person) == 2
    browser.post("/me/devices", data={"handle": ""})
    browser.post("/me/devices", data={"handle": "%"})
    assert open_sessions(person) == 2
    assert "已退出登录" in browser.post("/me/devices", data={"others": "1"}, follow_redirects=True).text
    assert open_sessions(person) == 1
    assert browser.get("/me/devices").status_code == 200


def test_consents_are_shown_with_their_history_and_changed(app: Flask) -> None:
    person = make_member()
    browser = browser_of(app, person)

    def act(name: str) -> str:
        sent = {"act": name, "version": in_force().version}
        return browser.post("/me/consents", data=sent, follow_redirects=True).text

    assert "现在不会收到" in browser.get("/me/consents").text
    assert "愿意接收" in act("marketing_on")
    assert "不再发新品和优惠消息" in act("marketing_off")
    page = act("leave")
    assert "您已退出会员" in page
    assert row_of(person).member_since is None
    assert "收回对隐私说明的同意" in page
    assert consent_words(person) == [
        ("privacy", True),
        ("marketing", True),
        ("marketing", False),
        ("privacy", False),
    ]
    assert act("nonsense")


def test_a_changed_text_is_asked_about_and_the_old_one_can_still_be_read(app: Flask) -> None:
    person, old = make_member(), in_force().version
    browser = browser_of(app, person)
    with transaction():
        preferences.write("shop.privacy_text", "<p>新的说明</p>")
    assert "隐私说明有更新" in browser.get("/me").text
    page = browser.get("/me/consents").text
    assert "看过，同意" in page
    browser.post("/me/consents", data={"act": "agree", "version": in_force().version})
    assert "隐私说明有更新" not in browser.get("/me").text
    assert "我们收集什么" in browser.get(f"/me/consents/texts/{old}").text
    assert browser_of(app, make_person()).get(f"/me/consents/texts/{old}").status_code == 404


def test_a_member_takes_their_data_along_as_a_file(app: Flask) -> None:
    person = make_member(name="王小满")
    answer = browser_of(app, person).get("/me/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer.get_json()["person"]["name"] == "王小满"
    assert browser_of(app).get("/me/export").status_code == 302


def test_erasing_asks_for_the_word_and_ends_everything(app: Flask) -> None:
    person = make_member()
    browser = browser_of(app, person)
    assert "请输入" in browser.get("/me/erase").text
    refused = browser.post("/me/erase", data={"word": "好的"})
    assert (refused.status_code, row_of(person).erased_at) == (422, None)
    done = browser.post("/me/erase", data={"word": "注销"})
    assert (done.status_code, "账号已注销" in done.text) == (200, True)
    assert row_of(person).erased_at is not None
    assert "您还没有登录" in browser.get("/me").text


def test_with_an_open_order_the_page_says_why_not(app: Flask) -> None:
    person = make_member()
    Store.open(app).order(by=person)
    browser = browser_of(app, person)
    page = browser.get("/me/erase").text
    assert "还有 1 笔订单没有完成" in page
    assert 'name="word"' not in page
    answer = browser.post("/me/erase", data={"word": "注销"})
    assert (answer.status_code, row_of(person).erased_at) == (409, None)


def test_who_unfollowed_is_offered_to_be_forgotten(app: Flask) -> None:
    person = make_member()
    now = shop_clock.now()
    with transaction():
        for following, at in ((True, now - timedelta(hours=1)), (False, now)):
            identity.note_following(
                appid="wx0123456789abcdef",
                openid=person.signed_in.openid,
                following=following,
                at=at,
                now=now,
            )
    page = browser_of(app, person).get("/me/consents").text
    assert "取消了关注" in page
    assert "/me/erase" in page


@pytest.mark.parametrize("path", ["/me/join", "/me/profile", "/me/devices", "/me/consents", "/me/erase"])
def test_strangers_sign_in_first_and_come_back(app: Flask, path: str) -> None:
    answer = browser_of(app).get(path)
    assert (answer.status_code, path.replace("/", "%2F") in answer.location) == (302, True)
    assert browser_of(app).post(path, data={}).status_code == 401


def test_the_account_page_asks_little(app: Flask) -> None:
    browser = browser_of(app, make_member())
    with statements() as sent:
        assert browser.get("/me").status_code == 200
    assert len(sent) <= 24
