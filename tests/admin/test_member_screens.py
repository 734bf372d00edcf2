"""Members in the console and over the merchant API: found, masked, put right, forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock as shop_clock
from shopapp.kernel import preferences
from shopapp.kernel.access import Permission, Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db, transaction
from shopapp.kernel.pii import lookup_hash
from shopapp.members.identity import membership, rules
from shopapp.members.identity import services as identity
from shopapp.members.identity.privacy import in_force
from tests.support.clocks import ShopClock
from tests.support.members import PHONE, make_member, member, row_of
from tests.support.merchant import merchant_client
from tests.support.orders import Store
from tests.support.people import Person, make_person
from tests.support.staff import desk, words_after

NAME = "欧阳小满"
BORN = rules.date(1990, 2, 28)


def page_of(person: Person) -> str:
    return f"/admin/customers/{person.signed_in.public_id}"


def with_phone(person: Person) -> Person:
    with transaction():
        membership._write(person.id, phone=PHONE, phone_hash=lookup_hash(PHONE))
    return person


def test_a_member_is_found_by_number_and_whole_phone(app: Flask) -> None:
    one, other, guest = with_phone(make_member()), make_member(), make_person()
    client = desk(app, Role.SERVICE)

    def shown(query: str) -> list[bool]:
        page = client.get(f"/admin/customers?{query}").text
        return [page_of(person) in page for person in (one, other, guest)]

    number = member(one).member_no
    assert shown(f"q={number}") == [True, False, False]
    assert shown(f"q={rules.spaced(number)}") == [True, False, False]
    assert shown(f"q={PHONE}") == [True, False, False]
    assert shown(f"q={PHONE[:-1]}") == [False] * 3
    assert shown("kind=member") == [True, True, False]
    assert shown("kind=guest") == [False, False, True]
    assert shown("kind=erased") == [False] * 3


def test_particulars_are_masked_for_those_who_need_not_know(app: Flask) -> None:
    person = with_phone(make_member(name=NAME, birthday=BORN))
    masked = desk(app, Role.SERVICE).get(page_of(person)).text
    for secret in (NAME, PHONE, "1990-02-28"):
        assert secret not in masked
    assert "199****1234" in masked
    assert "更正生日" not in masked
    clear = desk(app, Role.OPERATOR).get(page_of(person)).text
    for shown in (NAME, PHONE, "1990-02-28", "更正生日", member(person).number_spaced):
        assert shown in clear
    assert "同意隐私说明" in desk(app, Role.SERVICE).get(f"{page_of(person)}?tab=consents").text


def test_staff_put_a_birthday_right_and_the_trail_does_not_say_the_day(app: Flask) -> None:
    person = make_member(birthday=BORN)
    client = desk(app, Role.OPERATOR)
    said = words_after(client, client.post(f"{page_of(person)}/birthday", data={"birthday": "2000-02-29"}))
    assert "生日已更正" in said
    assert str(member(person).birthday) == "2000-02-29"
    entry = db.session.scalars(select(AuditEntry).filter_by(action="customer.birthday")).one()
    assert (entry.subject_id, entry.changes) == (person.signed_in.public_id, {})
    wrong = words_after(client, client.post(f"{page_of(person)}/birthday", data={"birthday": "2000-02-30"}))
    assert "请填写真实的生日" in wrong
    assert str(member(person).birthday) == "2000-02-29"
    client.post(f"{page_of(person)}/birthday", data={"birthday": ""})
    assert member(person).birthday is None
    guest = make_person()
    assert "还不是会员" in words_after(
        client, client.post(f"{page_of(guest)}/birthday", data={"birthday": "2000-02-29"})
    )


def test_who_may_not_edit_customers_changes_nothing(app: Flask) -> None:
    person = make_member(birthday=BORN)
    client = desk(app, Role.SERVICE)
    assert client.post(f"{page_of(person)}/birthday", data={"birthday": ""}).status_code == 403
    sent = {"typed": person.signed_in.public_id}
    assert client.post(f"{page_of(person)}/erasure", data=sent).status_code == 403
    assert (member(person).birthday, row_of(person).erased_at) == (BORN, None)


def test_an_unfollow_is_shown_with_the_offer_to_erase_and_erasing_needs_the_id(app: Flask) -> None:
    person, now = make_member(), shop_clock.now()
    with transaction():
        for following, at in ((True, now - timedelta(hours=1)), (False, now)):
            identity.note_following(
                appid="wx0123456789abcdef",
                openid=person.signed_in.openid,
                following=following,
                at=at,
                now=now,
            )
    client = desk(app, Role.OPERATOR)
    assert "取消了关注" in client.get(page_of(person)).text
    client.post(f"{page_of(person)}/erasure", data={"typed": "好的"})
    assert row_of(person).erased_at is None
    done = client.post(f"{page_of(person)}/erasure", data={"typed": person.signed_in.public_id})
    page = words_after(client, done)
    assert "已注销" in page
    assert "应顾客要求注销" not in page
    assert row_of(person).erased_at is not None
    assert "已注销" in client.get("/admin/customers").text
    entry = db.session.scalars(select(AuditEntry).filter_by(action="customer.erase")).one()
    assert entry.actor_kind == "staff"


def test_with_an_open_order_staff_are_told_why_not(app: Flask) -> None:
    person = make_member()
    Store.open(app).order(by=person)
    client = desk(app)
    answer = client.post(f"{page_of(person)}/erasure", data={"typed": person.signed_in.public_id})
    assert "笔订单没有完成" in words_after(client, answer)
    assert row_of(person).erased_at is None


def test_how_long_guests_are_kept_is_a_setting(app: Flask) -> None:
    client = desk(app)
    client.post(
        "/admin/settings/privacy",
        data={"privacy_text": "", "guests_kept_months": "18", "marks_kept_months": "24"},
    )
    preferences.forget_read()
    assert preferences.read("members.guests_kept_months") == 18
    wrong = client.post(
        "/admin/settings/privacy",
        data={"privacy_text": "", "guests_kept_months": "121", "marks_kept_months": "24"},
    )
    assert wrong.status_code == 422


def test_another_privacy_text_is_another_version_with_the_date_of_the_change(
    app: Flask, clock: ShopClock
) -> None:
    before = in_force().version
    clock.forward(days=40)
    client = desk(app)
    today = shop_day(clock.now()).isoformat()
    for months in ("0", "6"):
        client.post(
            "/admin/settings/privacy",
            data={"privacy_text": "<p>新</p>", "guests_kept_months": months, "marks_kept_months": "24"},
        )
        preferences.forget_read()
        assert in_force().version.startswith(f"{today}-")
        clock.forward(hours=25)
        client = desk(app)
    client.post(
        "/admin/settings/privacy",
        data={"privacy_text": "", "guests_kept_months": "0", "marks_kept_months": "24"},
    )
    preferences.forget_read()
    assert in_force().version == before


def test_the_merchant_api_lists_customers_page_by_page(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [make_member() for _ in range(3)] + [make_person()]
    client = merchant_client(app, monkeypatch)
    seen, cursor = [], None
    while True:
        query: dict[str, Any] = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/api/v1/admin/customers", query_string=query).get_json()
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == [person.signed_in.public_id for person in reversed(people)]
    guests = client.get("/api/v1/admin/customers?kind=guest").get_json()["items"]
    assert [item["id"] for item in guests] == [people[3].signed_in.public_id]
    assert client.get("/api/v1/admin/customers?kind=king").status_code == 422
    unknown = client.get("/api/v1/admin/customers", query_string={"cursor": "0000000000aa"})
    assert unknown.status_code == 422


def test_the_merchant_api_finds_one_and_masks_without_the_right(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = with_phone(make_member(name=NAME, birthday=BORN))
    path, number = f"/api/v1/admin/customers/{person.signed_in.public_id}", member(person).member_no
    masked = merchant_client(app, monkeypatch, Permission.CUSTOMERS_VIEW).get(path).get_json()
    assert (masked["name"], masked["phone"], masked["birthday"]) == ("欧***", "199****1234", None)
    assert db.session.scalars(select(AuditEntry).filter_by(action="customer.see")).all() == []
    client = merchant_client(app, monkeypatch)
    clear = client.get(path).get_json()
    assert (clear["name"], clear["phone"], clear["birthday"], clear["member_no"]) == (
        NAME,
        PHONE,
        "1990-02-28",
        number,
    )
    assert len(db.session.scalars(select(AuditEntry).filter_by(action="customer.see")).all()) == 1
    for words in (number, PHONE):
        found = client.get("/api/v1/admin/customers", query_string={"q": words}).get_json()["items"]
        assert [item["id"] for item in found] == [person.signed_in.public_id]
    assert client.get("/api/v1/admin/customers/0000000000aa").status_code == 404
    assert merchant_client(app, monkeypatch, Permission.ORDERS_VIEW).get(path).status_code == 403


def test_the_console_looks_at_the_list_in_few_statements(app: Flask) -> None:
    for _ in range(5):
        make_member()
    assert desk(app).get("/admin/customers?kind=member").text.count("<tr>") == 6
