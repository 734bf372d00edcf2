"""Perks and cards as people meet them: over the API, in the storefront without script, and in the console."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, Role
from shopapp.kernel.db import db, transaction
from shopapp.kernel.outbox import deliver_due
from shopapp.loyalty.cards import queries as cards
from shopapp.loyalty.cards.models import CardCodeBatch
from shopapp.loyalty.perks import queries, savings
from shopapp.loyalty.perks.rules import GrantStatus, Period, PerkKind
from shopapp.members.identity.models import WeChatAccount
from shopapp.wechat.models import OutgoingMessage
from tests.support.clocks import ShopClock
from tests.support.merchant import merchant_client
from tests.support.orders import Store
from tests.support.people import browser_of, make_person
from tests.support.perks import (
    grants,
    joined,
    make_perk,
    make_plan,
    on,
    perk_coupon,
    points_of,
    put_in_tier,
    run,
)
from tests.support.staff import desk, words_after

PERK: dict[str, Any] = {
    "name": "月积分",
    "kind": "points",
    "period": "month",
    "tiers": ["member", "gold"],
    "points": 20,
}
PLAN: dict[str, Any] = {"name": "年卡", "price_fen": 9900, "months": 12, "tier_code": "gold"}


def test_the_api_tells_what_membership_gives_and_takes_a_perk_once(app: Flask) -> None:
    person, client = joined(), app.test_client()
    put_in_tier(person, "silver")
    perk = make_perk(tiers=("silver",), points=30)
    make_perk(tiers=("gold",), name="金卡礼")
    make_perk(
        tiers=("silver",), kind=PerkKind.CONTACT, name="专属客服", contact_name="小满", contact_text="wx-1"
    )
    run(clock.now())
    told = client.get("/api/v1/me/perks", headers=person.headers).get_json()
    assert told["tier"]["code"] == "silver"
    assert [(one["kind"], one["id"] is None) for one in told["items"]] == [
        ("points_multiple", True),
        ("points", False),
        ("contact", False),
    ]
    assert told["items"][0]["gives"] == "1.1 倍积分"
    assert told["items"][1]["can_redeem"] is True
    assert told["items"][1]["grant"]["status"] == "granted"
    assert told["items"][2]["contact"] == {"name": "小满", "text": "wx-1"}
    assert told["next_tier"]["name"] == "金卡会员"
    assert "金卡礼" in [one["name"] for one in told["next_tier"]["perks"]]
    assert (told["saved_fen"], told["next_cursor"]) == (0, None)
    assert grants(person)[0].seen_at is not None
    path = f"/api/v1/me/perks/{perk}/redemptions"
    headers = {**person.headers, "Idempotency-Key": "k1"}
    first = client.post(path, headers=headers)
    again = client.post(path, headers=headers)
    assert (first.status_code, first.get_json()["gave"]) == (201, {"points": 30, "coupons": []})
    assert again.get_json() == first.get_json()
    assert points_of(person) == 30
    assert client.post(path, headers=person.headers).get_json()["code"] == "perk_used"
    assert client.post(path).status_code == 401


def test_a_guest_who_is_signed_in_has_no_perks_and_no_error(app: Flask) -> None:
    guest = make_person()
    make_perk()
    told = app.test_client().get("/api/v1/me/perks", headers=guest.headers).get_json()
    assert (told["tier"], told["items"], told["next_tier"]) == (None, [], None)
    assert "入会" in browser_of(app, guest).get("/me/perks").text


def test_the_merchant_writes_perks_over_the_api(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = merchant_client(app, monkeypatch)
    made = client.post("/api/v1/admin/perks", json=PERK)
    assert made.status_code == 201, made.text
    perk = made.get_json()
    assert (perk["points"], perk["tiers"], perk["active"]) == (20, ["member", "gold"], True)
    assert client.get("/api/v1/admin/perks").get_json()["items"] == [perk]
    url = f"/api/v1/admin/perks/{perk['id']}"
    changed = client.put(url, json={**PERK, "points": 25, "active": False}).get_json()
    assert (changed["points"], changed["active"]) == (25, False)
    assert client.put(url, json={**PERK, "period": "year"}).status_code == 422
    refused = client.post("/api/v1/admin/perks", json={**PERK, "coupons": [{"coupon_id": "nothing"}]})
    assert refused.get_json()["details"]["fields"].keys() == {"coupons"}
    assert len(queries.perks()) == 1


def test_a_token_that_may_only_read_writes_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = merchant_client(app, monkeypatch, Permission.LOYALTY_VIEW)
    assert client.get("/api/v1/admin/perks").status_code == 200
    assert client.post("/api/v1/admin/perks", json=PERK).status_code == 403
    assert client.post("/api/v1/admin/card-plans", json=PLAN).status_code == 403
    assert queries.perks() == []


def test_the_merchant_writes_plans_and_codes_over_the_api(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = merchant_client(app, monkeypatch)
    plan = client.post("/api/v1/admin/card-plans", json=PLAN).get_json()
    assert (plan["price_fen"], plan["holders"]) == (9900, 0)
    batches = f"/api/v1/admin/card-plans/{plan['id']}/code-batches"
    batch = client.post(batches, json={"name": "年会", "count": 2}).get_json()
    export = f"/api/v1/admin/card-code-batches/{batch['id']}/export"
    codes = client.post(export).get_json()["codes"]
    assert len(codes) == 2
    assert client.post(export).get_json()["code"] == "codes_taken_out"
    person = joined()
    body = {"code": codes[0]}
    answer = app.test_client().post("/api/v1/me/cards/codes", json=body, headers=person.headers)
    assert answer.status_code == 201, answer.text
    assert client.get(batches).get_json()["items"][0]["used"] == 1
    assert client.get(f"/api/v1/admin/card-plans/{plan['id']}").get_json()["holders"] == 1
    assert (
        client.post(batches, json={"name": "年会", "count": 2, "expires_on": "9999-12-31"}).status_code == 422
    )


def test_codes_cannot_be_guessed_for_long(app: Flask) -> None:
    person, client = joined(), app.test_client()
    answers = [
        client.post("/api/v1/me/cards/codes", json={"code": f"guess {number}"}, headers=person.headers)
        for number in range(11)
    ]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]


def test_a_trial_over_the_api(app: Flask) -> None:
    person, client, plan = joined(), app.test_client(), make_plan(trial_days=7)
    offered = client.get("/api/v1/me/cards", headers=person.headers).get_json()
    assert (offered["plans"][0]["trial_days"], offered["can_try"]) == (7, True)
    body = {"plan_id": plan}
    begun = client.post("/api/v1/me/cards/trials", json=body, headers=person.headers)
    assert (begun.status_code, begun.get_json()["source"]) == (201, "trial")
    again = client.post("/api/v1/me/cards/trials", json=body, headers=person.headers)
    assert again.get_json()["code"] == "trial_taken"


def test_the_page_shows_perks_and_takes_them_by_a_plain_form(app: Flask) -> None:
    person, store = joined(birthday=date(1990, 5, 1)), Store.open(app)
    perk = make_perk(name="月积分", points=30)
    make_perk(tiers=("silver",), name="银卡专享", points=5)
    contact = make_perk(
        kind=PerkKind.CONTACT, name="专属客服", contact_name="小满", contact_text="https://u.wechat.com/x"
    )
    run(clock.now())
    order = store.order(by=person)
    with transaction():
        savings.note(customer_id=person.id, order_id=order.id, fen=1234, at=clock.now())
    browser = browser_of(app, person)
    page = browser.get("/me/perks").text
    for words in (
        "会员已为您省下",
        "普通会员的权益",
        "月积分",
        "30 积分",
        "升到银卡会员，还会有",
        "银卡专享",
        "小满",
    ):
        assert words in page
    assert page.count('value="redeem"') == 1, "a button only where there is something to take"
    assert browser.get(f"/me/perks/{contact}.svg").mimetype == "image/svg+xml"
    assert browser.get(f"/me/perks/{perk}.svg").status_code == 404
    taken = browser.post("/me/perks", data={"act": "redeem", "perk": perk})
    assert taken.location.endswith("done=redeem")
    assert "已领取" in browser.get(taken.location).text
    again = browser.post("/me/perks", data={"act": "redeem", "perk": perk})
    assert (again.status_code, points_of(person)) == (409, 30)
    assert "已经领过" in again.text
    assert "已省 ¥12.34" in browser.get("/me").text
    assert browser.get("/me/perks?lang=en").status_code == 200


def test_what_a_former_tier_granted_stands_apart_from_what_the_present_one_gives(
    app: Flask, clock: ShopClock
) -> None:
    person = joined()
    put_in_tier(person, "silver", days=2)
    make_perk(name="人人有", points=5)
    perk = make_perk(tiers=("silver",), name="银卡礼", points=30, period=Period.ONCE)
    run(clock.now())
    browser = browser_of(app, person)
    page = browser.get("/me/perks").text
    assert "还可以领取" not in page
    clock.forward(days=3)
    page = browser.get("/me/perks").text
    left, rest = page.split("普通会员的权益")
    assert "银卡礼" in left.split("还可以领取")[1]
    assert "人人有" not in left
    own = rest.split("</section>")[0]
    assert "人人有" in own
    assert "银卡礼" not in own
    told = app.test_client().get("/api/v1/me/perks", headers=person.headers).get_json()
    assert perk in [one["id"] for one in told["items"]]
    assert browser.post("/me/perks", data={"act": "redeem", "perk": perk}).status_code == 303
    assert "还可以领取" not in browser.get("/me/perks").text


def test_the_page_tries_a_card_and_takes_a_code(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    person, plan = joined(), make_plan(trial_days=7, name="季卡", months=3)
    browser = browser_of(app, person)
    assert "免费试用 7 天" in browser.get("/me/perks").text
    assert browser.post("/me/perks", data={"act": "trial", "plan": plan}).status_code == 303
    assert "免费试用" not in browser.get("/me/perks").text
    wrong = browser.post("/me/perks", data={"act": "code", "code": "nothing"})
    assert (wrong.status_code, 'value="nothing"' in wrong.text) == (422, True)
    assert len(cards.cards_of(customer_id=person.id)) == 1


def test_a_birthday_gift_is_told_once_to_who_follows(app: Flask) -> None:
    person = joined(birthday=date(1990, 5, 1))
    make_perk(kind=PerkKind.BIRTHDAY_GIFT, points=88, name="生日礼")
    make_perk()
    with transaction():
        for account in db.session.scalars(select(WeChatAccount)):
            account.following = True
    run(on(2027, 5, 1))
    run(on(2027, 5, 1))
    deliver_due(now=clock.now())
    told = db.session.scalars(select(OutgoingMessage).where(OutgoingMessage.topic == "perk_granted")).all()
    assert [message.key for message in told] == [
        f"perk_granted:{grant.id}" for grant in grants(person) if grant.kind is PerkKind.BIRTHDAY_GIFT
    ]


def test_the_console_makes_changes_and_counts_perks(app: Flask) -> None:
    owner, member = desk(app), joined()
    coupon = perk_coupon(name="五元券")
    assert "生日礼" in owner.get("/admin/perks/new").text
    assert owner.get("/admin/perks/new?kind=monthly_pack").status_code == 200
    pack = {
        "kind": "monthly_pack",
        "name": "月礼包",
        "tiers": "member",
        "coupon_0": coupon,
        "pieces_0": "2",
        "active": "1",
    }
    saved = owner.post("/admin/perks/new", data=pack)
    assert "月礼包" in words_after(owner, saved)
    run(clock.now())
    page = owner.get("/admin/perks").text
    assert "给普通会员，每月一次：减 5 元，没有门槛（2 张）" in page
    (perk,) = queries.perks()
    url = f"/admin/perks/{perk.id}"
    assert 'value="2"' in owner.get(url).text
    refused = owner.post(url, data={**pack, "name": ""})
    assert (refused.status_code, "请填写这一项" in refused.text) == (422, True)
    assert owner.post(url, data={**pack, "tiers": ["member", "gold"], "active": ""}).status_code == 303
    (changed,) = queries.perks()
    assert (changed.content.tiers, changed.content.active) == (("member", "gold"), False)
    assert changed.content.terms.coupons == ((coupon, 2),)
    assert len(grants(member)) == 1


@pytest.mark.parametrize("kind", [kind.value for kind in PerkKind][3:])
def test_every_kind_of_perk_can_be_made_in_the_console(app: Flask, kind: str) -> None:
    owner, coupon = desk(app), perk_coupon()
    assert owner.get(f"/admin/perks/new?kind={kind}").status_code == 200
    sent = {
        "kind": kind,
        "name": "权益",
        "tiers": "gold",
        "period": "year",
        "points": "10" if kind in ("points", "birthday_gift") else "",
        "worth": "0.10",
        "coupon_0": coupon,
        "claim_days": "30" if kind == "birthday_gift" else "",
        "days_before": "3",
        "contact_name": "小满",
        "contact_text": "wx-1",
        "active": "1",
    }
    saved = owner.post("/admin/perks/new", data=sent)
    assert saved.status_code == 303, saved.text
    (perk,) = queries.perks()
    assert perk.content.kind.value == kind
    page = owner.get(f"/admin/perks/{perk.id}")
    assert page.status_code == 200
    again = owner.post(f"/admin/perks/{perk.id}", data={**sent, "period": perk.content.period.value})
    assert again.status_code == 303
    assert queries.perks()[0].content == perk.content


def test_staff_give_and_revoke_on_the_page_of_a_customer(app: Flask) -> None:
    owner, person = desk(app), joined()
    perk, plan = make_perk(tiers=("gold",), name="金卡礼"), make_plan()
    part = f"/admin/perks/of/{person.signed_in.public_id}"
    assert "金卡礼" in owner.get(part).text
    owner.post(f"{part}/grants", data={"perk": perk, "reason": "补偿"})
    (grant,) = grants(person)
    assert (grant.reason, grant.status) == ("补偿", GrantStatus.GRANTED)
    assert "补偿" in owner.get(part).text
    owner.post(f"{part}/grants/{grant.id}/revoke", data={"reason": "发错"})
    assert grants(person)[0].status is GrantStatus.REVOKED
    owner.post(
        f"/admin/card-plans/of/{person.signed_in.public_id}/cards", data={"plan": plan, "reason": "老客户"}
    )
    (card,) = cards.cards_of(customer_id=person.id)
    assert (card.source.value, card.reason) == ("staff", "老客户")
    other = f"/admin/perks/of/{joined().signed_in.public_id}"
    assert owner.post(f"{other}/grants/{grant.id}/revoke", data={"reason": "x"}).status_code == 404
    service = desk(app, Role.SERVICE)
    assert service.get(part).status_code == 200
    assert service.post(f"{part}/grants", data={"perk": perk, "reason": "x"}).status_code == 403


def test_the_console_makes_plans_and_takes_codes_out_once(app: Flask) -> None:
    owner = desk(app)
    plan = {
        "name": "年卡",
        "price": "99",
        "months": "12",
        "tier_code": "gold",
        "trial_days": "7",
        "active": "1",
    }
    assert owner.get("/admin/card-plans/new").status_code == 200
    wrong = owner.post("/admin/card-plans/new", data={**plan, "days": "5"})
    assert wrong.status_code == 422
    assert "年卡" in words_after(owner, owner.post("/admin/card-plans/new", data=plan))
    (made,) = cards.plans()
    url = f"/admin/card-plans/{made.id}"
    assert 'value="99.00"' in owner.get(url).text
    assert owner.post(url, data={**plan, "price": "88"}).status_code == 303
    assert cards.plans()[0].price.fen == 8800
    assert owner.post(f"{url}/code-batches", data={"batch_name": "", "batch_count": "0"}).status_code == 422
    sent = {"batch_name": "年会", "batch_count": "3", "batch_until": "2099-01-01"}
    assert owner.post(f"{url}/code-batches", data=sent).status_code == 303
    batch = db.session.scalars(select(CardCodeBatch)).one()
    export = f"/admin/card-plans/code-batches/{batch.public_id}/export"
    first = owner.post(export)
    assert (first.mimetype, len(first.text.splitlines())) == ("text/csv", 4)
    assert owner.post(export).status_code == 409


def test_what_is_kept_of_a_person_holds_their_perks(app: Flask, clock: ShopClock) -> None:
    person = joined()
    make_perk(period=Period.ONCE)
    run(clock.now())
    parts = {part.name: part for part in app.extensions["personal"]}
    assert [grant["perk"] for grant in parts["perks"].export(person.id)["grants"]] == ["会员礼"]
    assert parts["cards"].export(person.id) == []
