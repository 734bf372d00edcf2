"""Claims over HTTP: the customer's API and page, the merchant's API and desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.outbox import deliver_due
from shopapp.kernel.settings import settings
from shopapp.loyalty.cashback import entry, jobs, personal
from shopapp.loyalty.cashback.claiming import Whence
from shopapp.loyalty.cashback.models import CashbackClaim
from shopapp.loyalty.cashback.states import ClaimStatus
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as books
from shopapp.loyalty.ledger.writing import purse
from shopapp.members.identity.services import note_following
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace.models import MarketplaceOrder
from shopapp.wechat.models import OutgoingMessage
from tests.support.cashback import (
    books_of,
    bring_order,
    campaign_now,
    change_order,
    claim,
    claim_now,
    make_campaign,
    new_number,
    run_jobs,
)
from tests.support.members import make_member
from tests.support.merchant import merchant_client
from tests.support.people import Person, browser_of, make_person
from tests.support.staff import desk, words_after

CLAIMS, DESK, CAMPAIGNS = "/api/v1/claims", "/api/v1/admin/claims", "/api/v1/admin/cashback-campaigns"
BODY: dict[str, Any] = {
    "name": "老顾客返现",
    "platforms": ["taobao", "tmall"],
    "amount": {"mode": "random", "from_fen": 100, "to_fen": 800},
    "budget_fen": 10_000,
    "payout": "wallet",
    "hold_days": 0,
}
FORM: dict[str, Any] = {
    "name": "双十一返现",
    "platforms": ["jd", "taobao"],
    "mode": "percent",
    "percent": "2.5",
    "cap": "20",
    "budget": "500",
    "payout": "wallet",
    "hold_days": "8",
    "wait_days": "7",
    "active": "1",
}


def send(app: Flask, person: Person, order_no: str, **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"platform": "taobao", "order_no": order_no, **more}
    answer = app.test_client().post(CLAIMS, json=body, headers=person.headers)
    return answer.status_code, answer.get_json()


def follow(person: Person) -> None:
    now = clock.now()
    with transaction():
        openid = person.signed_in.openid
        note_following(appid=settings().wx_appid, openid=openid, following=True, at=now, now=now)


def test_a_pasted_text_is_claimed_and_strangers_hear_the_same(app: Flask) -> None:
    make_campaign(asks_tail=True)
    order, owner, stranger = bring_order(tail="5678"), make_person(), make_person()
    assert app.test_client().post(CLAIMS, json={}).status_code == 401
    pasted = f"【淘宝】订单编号：{order.order_no} 创建时间 2026-11-20"
    status, mine = send(app, owner, pasted, phone_tail="5678")
    assert (status, mine["status"], mine["amount_fen"], mine["reason"]) == (201, "on_hold", 500, None)
    assert mine["order_no"] == order.order_no
    wrong, unknown = (
        send(app, stranger, number, phone_tail="0000") for number in (order.order_no, new_number())
    )
    for name in ("id", "order_no", "submitted_at", "waits_until"):
        wrong[1].pop(name), unknown[1].pop(name)
    assert wrong == unknown
    assert wrong[1]["status"] == "submitted"
    assert send(app, stranger, order.order_no)[1]["code"] == "tail_needed"
    assert send(app, stranger, order.order_no, phone_tail="5678")[1]["code"] == "already_claimed"
    assert send(app, owner, "没有数字")[1]["code"] == "no_number"
    assert send(app, owner, new_number(), platform="jd")[1]["code"] == "no_campaign"
    client = app.test_client()
    assert client.get(f"{CLAIMS}/{mine['id']}", headers=owner.headers).get_json() == mine
    assert client.get(f"{CLAIMS}/{mine['id']}", headers=stranger.headers).status_code == 404
    listed = client.get(f"{CLAIMS}?limit=1", headers=stranger.headers).get_json()
    assert (len(listed["items"]), listed["next_cursor"]) == (1, listed["items"][0]["id"])


def test_guesses_are_limited(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make_campaign()
    monkeypatch.setattr(entry, "PER_PERSON", 2)
    person, other = make_person(), make_person()
    assert [send(app, person, new_number())[0] for _ in range(3)] == [201, 201, 429]
    assert send(app, other, new_number())[0] == 201
    assert db.session.query(CashbackClaim).count() == 3


def test_the_page_claims_shows_each_moment_and_invites(app: Flask) -> None:
    guest = app.test_client().get("/claim")
    assert (guest.status_code, "/auth/wechat" in guest.location) == (302, True)
    person = make_person()
    browser = browser_of(app, person)
    assert "现在没有返现活动" in browser.get("/claim").text
    make_campaign(intro="买过就能登记", asks_tail=True)
    page = browser.get("/claim").text
    assert "返 5 元" in page
    assert "/me/join?next=/claim" in page
    assert "关注公众号与否都能领" in page
    order = bring_order(tail="1234")
    form = {"platform": "taobao", "order_no": f"订单号 {order.order_no}", "phone_tail": "12"}
    refused = browser.post("/claim", data=form)
    assert (refused.status_code, "须是 4 个数字" in refused.text, order.order_no in refused.text) == (
        422,
        True,
        True,
    )
    sent = browser.post("/claim", data=form | {"phone_tail": "1234"})
    assert sent.status_code == 303
    one = browser.get(sent.location).text
    assert "已找到订单，退货期过后" in one
    assert 'aria-current="step"' in one
    assert browser_of(app, make_person()).get(sent.location.partition("?")[0]).status_code == 404
    assert "已找到订单" in browser.get("/claim").text
    member = browser_of(app, make_member())
    assert "/me/join?next=/claim" not in member.get("/claim").text


def test_one_browser_claiming_for_many_people_waits_for_the_desk(app: Flask) -> None:
    campaign = make_campaign(hold_days=0)
    people = [make_person() for _ in range(3)]
    made = [
        claim(person.id, bring_order().order_no, whence=Whence(device_hash="d" * 64)) for person in people
    ]
    assert [(one.review, one.signs) for one in made] == [(False, []), (False, []), (True, ["device"])]
    run_jobs(clock.now())
    held = claim_now(made[2])
    assert (held.status, books_of(campaign)) == (ClaimStatus.ON_HOLD, (5_00, 10_00))
    boss, clerk = desk(app), desk(app, Role.SERVICE)
    listed = boss.get("/admin/claims?review=1").text
    assert held.order_no in listed
    assert claim_now(made[0]).order_no not in listed
    shown = boss.get(f"/admin/claims/{held.public_id}").text
    assert "同一台设备上有其他人登记" in shown
    assert claim_now(made[0]).order_no in shown
    assert (
        clerk.post(f"/admin/claims/{held.public_id}/decision", data={"decision": "approve"}).status_code
        == 403
    )
    part = boss.get(f"/admin/claims/of/{people[2].signed_in.public_id}").text
    assert (held.order_no in part, claim_now(made[0]).order_no in part) == (True, False)
    words = words_after(
        boss, boss.post(f"/admin/claims/{held.public_id}/decision", data={"decision": "approve"})
    )
    assert "已放行" in words
    run_jobs(clock.now())
    assert claim_now(held).status is ClaimStatus.PAID
    assert (
        db.session.scalar(select(AuditEntry.action).where(AuditEntry.subject_id == held.public_id))
        == "claim.release"
    )


def test_a_rejected_claim_frees_budget_order_and_growth(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, order = make_campaign(), bring_order()
    thief, owner = make_person(), make_person()
    follow(thief)
    made = claim(thief.id, order.order_no)
    program = merchant_client(app, monkeypatch)
    decision = f"{DESK}/{made.public_id}/decision"
    assert program.post(decision, json={"decision": "reject"}).status_code == 422
    assert program.post(decision, json={"decision": "approve"}).status_code == 409
    answer = program.post(decision, json={"decision": "reject", "reason": "截图是别人的"}).get_json()
    assert (answer["status"], answer["customer_id"]) == ("rejected", thief.signed_in.public_id)
    assert books_of(campaign) == (0, 0)
    assert marketplace.orders_by_ids(ids=[order.id])[order.id].customer_id is None
    assert books.balance(purse=purse(customer_id=thief.id, unit=Unit.GROWTH), now=clock.now()).pending == 0
    deliver_due(now=clock.now())
    told = db.session.scalars(
        select(OutgoingMessage).where(OutgoingMessage.topic == "cashback_rejected")
    ).all()
    assert [one.openid for one in told] == [thief.signed_in.openid]
    assert claim(owner.id, order.order_no).status is ClaimStatus.ON_HOLD
    assert program.post(decision, json={"decision": "reject", "reason": "再来"}).status_code == 409
    (shown,) = program.get(f"{DESK}?status=rejected").get_json()["items"]
    assert shown["reason"] == "店家核对后没有通过：截图是别人的"


def test_a_program_makes_changes_and_stops_a_campaign(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    program = merchant_client(app, monkeypatch)
    made = program.post(CAMPAIGNS, json=BODY | {"intro": "关注公众号领现金"}).get_json()
    assert (made["amount"], made["budget_fen"], made["active"]) == (BODY["amount"], 10_000, True)
    assert made["require_follow"] is False
    assert made["warnings"]
    assert db.session.scalar(select(AuditEntry).where(AuditEntry.action == "wording.used")) is not None
    claimed = claim(make_person().id, bring_order().order_no)
    row = claim_now(claimed)
    assert row.amount is not None
    assert 100 <= row.amount.fen <= 800
    assert row.seed is not None
    address = f"{CAMPAIGNS}/{made['id']}"
    for wrong, field in (
        ({"budget_fen": 800}, None),
        ({"budget_fen": 99}, "budget_fen"),
        ({"amount": {"mode": "percent", "cap_fen": 100}}, "amount"),
        ({"payout": "points"}, "payout"),
        ({"payout": "coupon", "coupon_id": "none", "amount": {"mode": "fixed", "fen": 100}}, "coupon_id"),
        ({"platforms": ["nowhere"]}, "platforms"),
        ({"starts_at": "2026-05-01T00:00:00+08:00", "ends_at": "2026-04-01T00:00:00+08:00"}, "ends_at"),
    ):
        answer = program.put(address, json=BODY | wrong)
        found = answer.get_json()
        assert answer.status_code == (200 if field is None else 422), found
        assert field is None or field in found["details"]["fields"]
    stopped = program.put(address, json=BODY | {"active": False}).get_json()
    assert (stopped["active"], stopped["reserved_fen"]) == (False, row.amount.fen)
    jobs.pay_claims(clock.now())
    assert claim_now(claimed).status is ClaimStatus.ON_HOLD
    (listed,) = program.get(CAMPAIGNS).get_json()["items"]
    assert listed["id"] == made["id"]


def test_the_merchant_makes_a_campaign_in_the_console_and_stops_it(app: Flask) -> None:
    boss, analyst = desk(app), desk(app, Role.ANALYST)
    assert "还没有返现活动" in boss.get("/admin/cashback").text
    refused = boss.post("/admin/cashback/new", data=FORM | {"percent": "x", "platforms": []})
    assert (refused.status_code, "百分之几" in refused.text) == (422, True)
    sent = boss.post("/admin/cashback/new", data=FORM | {"intro": "关注后领红包", "require_follow": "1"})
    page = words_after(boss, sent)
    assert "容易出问题的说法" in page
    assert 'value="2.5"' in page
    assert analyst.post("/admin/cashback/new", data=FORM).status_code == 403
    assert analyst.post(f"{sent.location}/active").status_code == 403
    assert "立即停止" not in analyst.get(sent.location).text
    assert "活动已停止" in words_after(boss, boss.post(f"{sent.location}/active"))
    assert "已停止" in analyst.get("/admin/cashback?state=stopped").text
    saved = boss.post(sent.location, data=FORM | {"name": "双十二返现", "budget": "600"})
    assert "双十二返现" in words_after(boss, saved)


def test_following_is_asked_for_only_where_the_merchant_wants_it(app: Flask) -> None:
    make_campaign(hold_days=0, require_follow=True)
    person = make_person()
    made = claim(person.id, bring_order().order_no)
    run_jobs(clock.now())
    assert claim_now(made).status is ClaimStatus.ON_HOLD
    follow(person)
    run_jobs(clock.now() + timedelta(hours=2))
    assert claim_now(made).status is ClaimStatus.PAID
    (told,) = db.session.scalars(
        select(OutgoingMessage).where(OutgoingMessage.topic == "cashback_paid")
    ).all()
    assert told.openid == person.signed_in.openid


def test_whoever_is_forgotten_leaves_no_trace_and_no_amount(app: Flask) -> None:
    campaign, person = make_campaign(), make_person()
    going, waiting = claim(person.id, bring_order().order_no), claim(person.id, new_number(), tail="1234")
    exported = personal.export(person.id)
    assert [one["order_no"] for one in exported] == [going.order_no, waiting.order_no]
    assert all("tail" not in one for one in exported)
    assert personal.binds([person.id]) == {person.id}
    assert personal.obstacles(person.id) == []
    for _twice in range(2):
        with transaction():
            personal.erase(person.id, clock.now())
    for one in (going, waiting):
        row = claim_now(one)
        assert row.status is ClaimStatus.REJECTED
        assert (row.tail, row.phone_hash, row.address_hash, row.device_hash) == (None, None, None, None)
    assert books_of(campaign) == (0, 0)
    assert campaign_now(campaign).active


def test_an_unclear_refund_waits_for_the_desk(app: Flask) -> None:
    make_campaign(hold_days=0)
    order = bring_order(refund_unclear=True)
    made = claim(make_person().id, order.order_no)
    assert (made.review, made.signs) == (True, ["refund_unclear"])
    change_order(order, refunded_fen=100_00, refund_unclear=False)
    run_jobs(clock.now())
    assert claim_now(made).status is ClaimStatus.REJECTED
    assert db.session.get_one(MarketplaceOrder, order.id).customer_id is not None
