"""Tiers where people meet them: the member's page and API, the merchant's API, and the console."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from shopapp.kernel import clock as shop_clock
from shopapp.kernel.access import Permission, Role
from shopapp.kernel.db import db
from shopapp.loyalty.tiers import jobs, queries
from shopapp.loyalty.tiers.card import card
from shopapp.loyalty.tiers.models import TierOverride, TierVersion
from shopapp.loyalty.tiers.terms import Benefits, Mode
from tests.support.clocks import ShopClock
from tests.support.merchant import merchant_client
from tests.support.people import Person, browser_of, make_person
from tests.support.staff import desk, words_after
from tests.support.tiers import LEVELS, earn_growth, make_member, member_row, save_terms, terms

BASE = "/api/v1"
ADMIN = "/api/v1/admin"
EDIT = "/admin/tiers/edit"
SAVE = "保存并生效"


@pytest.fixture(autouse=True)
def _rules(app: Flask) -> None:
    save_terms(terms(grace_days=10), now=shop_clock.now() - timedelta(days=2))


@pytest.fixture
def member(app: Flask) -> Person:
    """Somebody with 120 growth, of which 100 made them silver."""
    person = make_member(at=shop_clock.now() - timedelta(days=1))
    earn_growth(person, 100, at=shop_clock.now() - timedelta(hours=2))
    earn_growth(person, 20, at=shop_clock.now() - timedelta(hours=1))
    return person


def body(**changes: Any) -> dict[str, Any]:
    """The rules of the stories as the merchant's program sends them."""
    levels = [
        {"code": level.code, "name": level.name, "entry": level.entry, "keep": level.keep} for level in LEVELS
    ]
    return {"mode": "rolling", "length": 12, "levels": levels, "grace_days": 10, **changes}


def test_the_api_tells_a_member_their_tier_and_why(app: Flask, member: Person) -> None:
    answer = app.test_client().get(f"{BASE}/me/tier", headers=member.headers).get_json()
    assert {name: answer[name] for name in ("code", "name", "level", "growth", "grace_until")} == {
        "code": "silver",
        "name": "银卡会员",
        "level": 1,
        "growth": 120,
        "grace_until": None,
    }
    assert (answer["next"]["code"], answer["next"]["entry"], answer["next"]["missing"]) == ("gold", 300, 180)
    keep = answer["keep"]
    assert (keep["needed"], keep["got"], keep["gap"], keep["falls_to"]) == (60, 20, 40, "普通会员")
    assert keep["until"] == answer["until"] < keep["drops_at"]
    assert [step["reason"] for step in answer["history"]] == ["up", "joined"]
    assert answer["why"][0] == answer["history"][0]["text"]
    assert "再攒 180 成长值" in answer["why"][1]
    assert "再攒 40 成长值" in answer["why"][2]
    assert answer["benefits"] == {
        "discount_bp": 10000,
        "points_bp": 10000,
        "free_freight": False,
        "texts": [],
    }


def test_the_api_speaks_english_where_it_is_asked_to(app: Flask, member: Person) -> None:
    headers = {**member.headers, "Accept-Language": "en"}
    answer = app.test_client().get(f"{BASE}/me/tier", headers=headers).get_json()
    assert "180 more growth" in answer["why"][1]


def test_who_is_no_member_is_told_so_and_a_guest_is_asked_to_sign_in(app: Flask) -> None:
    client = app.test_client()
    answer = client.get(f"{BASE}/me/tier", headers=make_person().headers)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_a_member")
    assert client.get(f"{BASE}/me/tier").status_code == 401


def test_the_members_page_shows_what_counts_what_each_tier_gives_and_what_comes_next(
    app: Flask, member: Person
) -> None:
    page = browser_of(app, member).get("/me/tier").text
    assert "银卡会员" in page
    assert re.search(r'<progress value="120" max="300" aria-label="成长值 120，升为金卡会员要 300">', page)
    assert "再攒 180 成长值，升为金卡会员。" in page
    assert "再攒 40 成长值就能保住" in page
    assert page.count('class="money strong">+') == 2
    assert "钻石会员" in page
    assert "成为会员，从普通会员开始。" in page
    assert f"order:{member.id}" not in page


def test_the_page_of_who_is_no_member_leads_onward(app: Flask) -> None:
    page = browser_of(app, make_person()).get("/me/tier").text
    assert "加入会员后就有等级" in page
    assert "<progress" not in page


def test_the_card_says_it_in_words_up_to_the_top(app: Flask, member: Person) -> None:
    now = shop_clock.now()
    shown = card(customer_id=member.id, now=now)
    assert shown is not None
    assert shown["bar"] == {"value": 120, "max": 300, "text": "成长值 120，升为金卡会员要 300"}
    earn_growth(member, 1000, at=now)
    top = card(customer_id=member.id, now=now)
    assert top is not None
    assert (top["name"], top["bar"], top["next_text"]) == ("钻石会员", None, "已经是本店的顶层等级。")
    assert card(customer_id=make_person().id, now=now) is None


def test_in_grace_the_card_says_until_when(app: Flask, member: Person, clock: ShopClock) -> None:
    now = clock.forward(days=368)
    shown = card(customer_id=member.id, now=now)
    assert shown is not None
    assert "等级已到期，宽限到" in shown["keep_text"]
    assert "再攒 40 成长值就能保住，否则变为普通会员" in shown["keep_text"]


def test_the_merchant_reads_previews_and_changes_the_rules(
    app: Flask, member: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = merchant_client(app, monkeypatch)
    before = client.get(f"{ADMIN}/tiers").get_json()
    assert (before["version"], before["mode"], before["grace_days"]) == (1, "rolling", 10)
    assert {level["code"]: level["members"] for level in before["levels"]}["silver"] == 1
    wanted = body(growth_per_yuan=2)
    wanted["levels"][2] |= {
        "entry": 110,
        "keep": 100,
        "benefits": {"discount_bp": 9500, "free_freight": True},
    }
    seen = client.put(f"{ADMIN}/tiers?preview=true", json=wanted).get_json()
    assert (seen["saved"], seen["version"]) == (False, 1)
    assert seen["preview"]["up"] == 1
    assert seen["preview"]["examples"] == [
        {
            "customer_id": member.signed_in.public_id,
            "before": "银卡会员",
            "after": "金卡会员",
            "at": None,
        }
    ]
    assert queries.version_now().number == 1
    saved = client.put(f"{ADMIN}/tiers", json={**wanted, "note": "双十一", "version": 1}).get_json()
    assert saved == {"saved": True, "version": 2, "preview": seen["preview"]}
    jobs.evaluate_tiers(shop_clock.now())
    benefits = queries.benefits(customer_id=member.id, now=shop_clock.now())
    assert benefits == Benefits(discount_bp=9500, free_freight=True)
    late = client.put(f"{ADMIN}/tiers", json={**wanted, "version": 1})
    assert (late.status_code, late.get_json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mode": "weekly"}, "mode"),
        ({"length": 37}, "length"),
        ({"grace_days": 400}, "grace_days"),
        ({"levels": []}, "levels"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_rules_without_sense_are_refused_with_their_field(
    app: Flask, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], field: str
) -> None:
    client = merchant_client(app, monkeypatch)
    for address in (f"{ADMIN}/tiers", f"{ADMIN}/tiers?preview=true"):
        answer = client.put(address, json=body(**changes))
        assert answer.status_code == 422
        assert field in answer.get_json()["details"]["fields"]
    assert db.session.scalar(select(func.count()).select_from(TierVersion)) == 1


def test_the_merchant_gives_a_tier_and_takes_it_back(
    app: Flask, member: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = merchant_client(app, monkeypatch)
    place = f"{ADMIN}/customers/{member.signed_in.public_id}"
    until = (shop_clock.now() + timedelta(days=30)).isoformat()
    given = {"code": "diamond", "reason": "品鉴官", "until": until}
    headers = {"Idempotency-Key": "one"}
    first = client.post(f"{place}/tier-overrides", json=given, headers=headers)
    again = client.post(f"{place}/tier-overrides", json=given, headers=headers)
    assert (first.status_code, again.get_json()) == (201, first.get_json())
    assert db.session.scalar(select(func.count()).select_from(TierOverride)) == 1
    answer = client.get(f"{place}/tier").get_json()
    assert answer["tier"]["code"] == "diamond"
    assert answer["overrides"][0]["reason"] == "品鉴官"
    own = app.test_client().get(f"{BASE}/me/tier", headers=member.headers).text
    assert "品鉴官" not in own
    ended = client.delete(f"{place}/tier-overrides/{first.get_json()['id']}")
    assert ended.status_code == 204
    assert client.get(f"{place}/tier").get_json()["tier"]["code"] == "silver"
    stranger = make_person()
    assert client.get(f"{ADMIN}/customers/{stranger.signed_in.public_id}/tier").get_json()["tier"] is None


def test_a_token_that_may_only_look_changes_nothing(
    app: Flask, member: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = merchant_client(app, monkeypatch, Permission.LOYALTY_VIEW, Permission.CUSTOMERS_VIEW)
    assert client.get(f"{ADMIN}/tiers").status_code == 200
    assert client.put(f"{ADMIN}/tiers", json=body()).status_code == 403
    place = f"{ADMIN}/customers/{member.signed_in.public_id}/tier-overrides"
    assert client.post(place, json={}).status_code == 403
    assert queries.version_now().number == 1


def sent_form(**changes: str) -> dict[str, str]:
    values = {
        "version": "1",
        "mode": "rolling",
        "length": "12",
        "grace_days": "10",
        "drop": "one_step",
        "growth_per_yuan": "1",
        "note": "",
    }
    for row, level in enumerate(LEVELS):
        values |= {
            f"levels.{row}.code": level.code,
            f"levels.{row}.name": level.name,
            f"levels.{row}.entry": str(level.entry),
            f"levels.{row}.keep": str(level.keep),
            f"levels.{row}.discount_bp": "10",
            f"levels.{row}.points_bp": "1",
        }
    return {**values, **changes}


def saved_rules(client: FlaskClient, form: dict[str, str]) -> TestResponse:
    """Look at who would move, then save exactly that."""
    return client.post(EDIT, data={**form, "seen": seen_of(client.post(EDIT, data=form).text)})


def seen_of(page: str) -> str:
    """What the page of a preview keeps of the rules that it is about."""
    kept = re.search(r'name="seen" value="(\w+)"', page)
    assert kept is not None
    return kept[1]


def test_rules_are_saved_only_after_the_preview_of_exactly_these_was_shown(
    app: Flask, member: Person
) -> None:
    client = desk(app)
    assert SAVE not in client.get(EDIT).text
    form, other = sent_form(growth_per_yuan="2"), sent_form(growth_per_yuan="3")
    for sent in (form, {**form, "seen": "0" * 64}, {**form, "act": "preview"}):
        answer = client.post(EDIT, data=sent)
        assert answer.status_code == 200
        assert "现在保存会怎样" in answer.text
        assert SAVE in answer.text
    seen = seen_of(answer.text)
    changed = client.post(EDIT, data={**other, "seen": seen})
    assert (changed.status_code, seen_of(changed.text) == seen) == (200, False)
    assert queries.version_now().number == 1
    assert client.post(EDIT, data={**form, "seen": seen, "note": "双十一"}).status_code == 303
    assert queries.terms_now().growth_per_yuan == 2


def test_staff_see_who_would_move_before_they_save_the_rules(app: Flask, member: Person) -> None:
    client = desk(app)
    assert "银卡会员" in client.get("/admin/tiers").text
    form = sent_form(**{"levels.2.entry": "110", "levels.2.keep": "100", "levels.2.discount_bp": "9.5"})
    page = client.post(EDIT, data={**form, "act": "preview"}).text
    assert "现在保存会怎样" in page
    assert member.signed_in.public_id in page
    assert queries.version_now().number == 1
    said = words_after(client, saved_rules(client, form))
    assert "等级规则第 2 版已保存" in said
    assert "会员价 9.5 折，省 5%" in said
    jobs.evaluate_tiers(shop_clock.now())
    assert member_row(member).code == "gold"
    assert "金卡会员" in client.get("/admin/tiers/members?code=gold").text


def test_a_new_level_is_the_row_at_the_end_and_an_empty_name_takes_one_away(app: Flask) -> None:
    client = desk(app)
    form = sent_form(**{"levels.4.name": "黑金会员", "levels.4.entry": "5000", "levels.4.keep": "4000"})
    saved_rules(client, form)
    assert [level.code for level in queries.terms_now().levels][-1] == "level1"
    saved_rules(client, sent_form(**{"version": "2", "levels.3.name": ""}))
    assert [level.code for level in queries.terms_now().levels] == ["member", "silver", "gold"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"levels.2.entry": "50"}, "达到它要的成长值，要比下一级多。"),
        ({"levels.2.entry": "x"}, "请填写 0 到 1000000000 的整数。"),
        ({"levels.1.discount_bp": "abc"}, "请填写数字，例如 9.5。"),
        ({"levels.1.name": ""}, "不能去掉"),
        ({"mode": "days", "length": "8"}, "宽限要比有效期短。"),
        ({"version": "0"}, "内容刚刚变了"),
    ],
)
def test_the_form_says_at_the_field_what_is_wrong_and_keeps_what_was_typed(
    app: Flask, member: Person, changes: dict[str, str], words: str
) -> None:
    client, form = desk(app), sent_form(**{"note": "双十一的规则", **changes})
    answer = client.post(EDIT, data=form)
    if answer.status_code == 200:
        answer = saved_rules(client, form)
    assert answer.status_code == 422
    assert words in answer.text
    assert "双十一的规则" in answer.text
    assert queries.version_now().number == 1


def test_a_calendar_year_needs_no_length(app: Flask) -> None:
    saved_rules(desk(app), sent_form(mode="calendar_year", length=""))
    assert (queries.terms_now().mode, queries.terms_now().length) == (Mode.CALENDAR_YEAR, 0)


def test_the_customers_page_shows_the_tier_and_whoever_may_gives_one(app: Flask, member: Person) -> None:
    client, service = desk(app), desk(app, Role.SERVICE)
    public_id = member.signed_in.public_id
    block = f"/admin/tiers/of/{public_id}"
    assert f'hx-get="{block}"' in client.get(f"/admin/customers/{public_id}?tab=tier").text
    shown = service.get(block).text
    assert "银卡会员" in shown
    assert "还差 40" in shown
    assert "给出等级" not in shown
    assert service.post(block, data={"code": "gold", "days": "30", "reason": "x"}).status_code == 403
    said = words_after(client, client.post(block, data={"code": "gold", "days": "30", "reason": "老朋友"}))
    assert "等级已给出" in said
    assert member_row(member).code == "gold"
    shown = client.get(block).text
    assert "老朋友" in shown
    ending = re.search(r'action="(/admin/tiers/of/[^"]+/end)"', shown)
    assert ending is not None
    assert "给出的等级已收回" in words_after(client, client.post(ending[1]))
    assert member_row(member).code == "silver"
    refused = words_after(client, client.post(block, data={"code": "gold", "days": "0", "reason": ""}))
    assert "请填写这一项。" in refused
    assert "TA 还不是会员" in client.get(f"/admin/tiers/of/{make_person().signed_in.public_id}").text
