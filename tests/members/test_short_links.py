"""Short links and ways in: counted once, led on safely, kept with the person whose browser it turns out to be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shopapp.kernel import clock
from shopapp.kernel.access import Permission
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.settings import settings
from shopapp.members.channels import personal, queries, rules, services, visits
from shopapp.members.channels.models import Channel, LinkVisit, Touch, TouchKind
from shopapp.members.identity import services as identity
from shopapp.wechat.fakes import FakePlatform
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.merchant import merchant_client
from tests.support.people import browser_of, make_person
from tests.support.staff import desk, words_after
from tests.support.wechat import event, fake_platform, push

ONE_PLACE = "/admin/channels"
SIGN_IN = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}


def channel(name: str = "淘宝包裹卡", **more: Any) -> Channel:
    with transaction():
        return services.create_channel(name=name, now=clock.now(), **more)


def visited(table: type[Any] = LinkVisit) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def open_link(browser: FlaskClient, of: Channel, query: str = "", **headers: str) -> str:
    answer = browser.get(f"/l/{of.short_code}{query}", headers=headers)
    assert answer.status_code == 302
    return answer.location


def sign_in(platform: FakePlatform, browser: FlaskClient, openid: str) -> int:
    """Sign in through WeChat in this browser; the customer's row id."""
    platform.answer(
        "/sns/oauth2/access_token", {"openid": openid, "access_token": "web-1", "expires_in": 7200}
    )
    begun = browser.get("/auth/wechat?next=/", headers=SIGN_IN)
    state = begun.location.partition("state=")[2].partition("&")[0].partition("#")[0]
    assert browser.get(f"/auth/wechat/callback?code=c-{openid}&state={state}").location == "/"
    with transaction():
        return identity.know_account(appid=settings().wx_appid, openid=openid, now=clock.now()).customer_id


def test_a_link_counts_a_browser_once_a_day_and_leads_on(app: Flask, clock: ShopClock) -> None:
    flyer = channel(landing="claim")
    browser = browser_of(app)
    for _ in range(3):
        assert open_link(browser, flyer) == "/claim"
    assert visited() == 1
    clock.forward(days=1)
    open_link(browser, flyer)
    open_link(browser_of(app), flyer)
    row = queries.find(public_id=flyer.public_id)
    assert row is not None
    assert (row.link_visits, row.people, row.first_touches, visited(Touch)) == (3, 0, 0, 0)
    assert row.link == f"http://localhost/l/{flyer.short_code}"


def test_a_link_leads_nowhere_but_into_the_shop(app: Flask, clock: ShopClock) -> None:
    browser = browser_of(app)
    home, goods = channel(), channel(landing="product", product_id="abc123")
    assert open_link(browser, home, "?next=https://evil.example/&url=//evil.example") == "/"
    assert open_link(browser, goods) == "/p/abc123"
    unknown = browser.get("/l/nothere")
    assert (unknown.status_code, "没有找到" in unknown.text) == (404, True)
    with pytest.raises(Invalid):
        channel(landing="product", product_id="//evil.example")
    for machine in ("Googlebot/2.1", "curl/8.5"):
        open_link(browser_of(app), home, **{"User-Agent": machine})
    browser_of(app).head(f"/l/{home.short_code}")
    assert visited() == 2


def test_printed_numbers_are_counted_and_anything_else_in_their_place_is_not(
    app: Flask, clock: ShopClock
) -> None:
    flyer = channel()
    browser = browser_of(app)
    for serial in ("K7Q2-000001", "k7q2-000001", "K7Q2-000002", "x" * 500, "K7Q2-9", "<script>"):
        open_link(browser, flyer, f"?s={serial}")
    serials = set(db.session.scalars(select(LinkVisit.serial)))
    assert serials == {"", "K7Q2-000001", "K7Q2-000002"}
    for last, seen in (("K7Q2-000002", 2), ("K7Q2-000001", 1)):
        numbers = queries.Numbers(channel_id=flyer.id, prefix="K7Q2-", last=last)
        assert queries.serials_seen(of=[numbers]) == {"K7Q2-": seen}
    assert queries.serials_seen(of=[]) == {}
    row = queries.find(public_id=flyer.public_id)
    assert row is not None
    assert row.link_visits == 1


def test_who_signs_in_after_a_visit_came_that_way(app: Flask, clock: ShopClock) -> None:
    old, flyer, later = channel("旧"), channel("包裹卡"), channel("直播")
    browser = browser_of(app)
    open_link(browser, old)
    clock.forward(days=31)
    open_link(browser, flyer, "?s=K7Q2-000007")
    with fake_platform(app) as platform:
        anna = sign_in(platform, browser, "oAnna")
        came = queries.touch_of(customer_id=anna, now=clock.now())
        assert came.first is not None
        assert (came.first.channel_id, came.first.kind, came.first.serial) == (
            flyer.id,
            TouchKind.LINK,
            "K7Q2-000007",
        )
        assert came.last == came.first
        open_link(browser, later)
        came = queries.touch_of(customer_id=anna, now=clock.now())
        assert came.first is not None
        assert came.last is not None
        assert (came.first.channel_id, came.last.channel_id) == (flyer.id, later.id)
        clock.forward(days=31)
        came = queries.touch_of(customer_id=anna, now=clock.now())
        assert came.first is not None
        assert came.last is None
        ben = sign_in(platform, browser, "oBen")
    assert queries.touch_of(customer_id=ben, now=clock.now()).first is None
    assert visited(Touch) == 2


def test_follows_and_scans_are_ways_in_and_an_old_customer_keeps_none(app: Flask, clock: ShopClock) -> None:
    first, second = channel("一", code="one"), channel("二", code="two")
    regular = make_person(openid="oRegular")
    clock.forward(days=40)
    at = int(clock.now().timestamp())
    push(app, event("oNew", "SCAN", at=at + 60, EventKey="c.two"))
    push(app, event("oNew", "subscribe", at=at, EventKey="qrscene_c.one"))
    push(app, event("oRegular", "SCAN", at=at, EventKey="c.one"))
    clock.forward(minutes=5)
    with transaction():
        new = identity.know_account(appid=settings().wx_appid, openid="oNew", now=clock.now()).customer_id
    came = queries.touch_of(customer_id=new, now=clock.now())
    assert came.first is not None
    assert came.last is not None
    assert (came.first.channel_id, came.first.kind) == (first.id, TouchKind.FOLLOW)
    assert (came.last.channel_id, came.last.kind) == (second.id, TouchKind.SCAN)
    came = queries.touch_of(customer_id=regular.id, now=clock.now())
    assert came.first is None
    assert came.last is not None
    assert came.last.channel_id == first.id
    with transaction():
        services.set_window(days=60)
    came = queries.touch_of(customer_id=regular.id, now=clock.now())
    assert came.first is not None


def test_one_browser_at_once_is_counted_once(app: Flask, clock: ShopClock) -> None:
    flyer, person = channel(), make_person()

    def visit() -> None:
        with transaction():
            visits.note_link_visit(
                channel_id=flyer.id, visitor="v" * 64, serial="", customer_id=None, now=clock.now()
            )

    def adopt() -> None:
        with transaction():
            visits.adopt_visits(customer_id=person.id, visitor="v" * 64, now=clock.now())

    at_once(app, [visit] * 8, threads=8)
    at_once(app, [adopt] * 8, threads=8)
    assert (visited(), visited(Touch)) == (1, 1)


def test_ways_in_are_handed_over_and_forgotten(app: Flask, clock: ShopClock) -> None:
    flyer, person = channel(), make_person()
    open_link(browser_of(app, person), flyer, "?s=K7Q2-000003")
    (known,) = personal.export_touches(person.id)
    assert (known["channel"], known["kind"], known["serial"]) == ("淘宝包裹卡", "link", "K7Q2-000003")
    with transaction():
        personal.erase_touches(person.id, clock.now())
    assert set(db.session.scalars(select(Touch.serial))) == {""}
    (visit,) = db.session.scalars(select(LinkVisit))
    assert visit.visitor.startswith("erased:")
    assert visit.serial == ""
    assert list(queries.strangers()) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", (0, 0)),
        ("字" * 70, (70, 1)),
        ("字" * 71, (71, 2)),
        ("字" * 134, (134, 2)),
        ("字" * 135, (135, 3)),
        ("🙂", (2, 1)),
    ],
)
def test_messages_of_70_then_67_characters_each(text: str, size: tuple[int, int]) -> None:
    counted = rules.sms_size(text)
    assert (counted.characters, counted.parts) == size


def test_the_console_keeps_what_a_channel_is_for(app: Flask, clock: ShopClock) -> None:
    client = desk(app)
    sent = {
        "name": "双十一卡片",
        "code": "d11",
        "kind": "print_run",
        "platform": "taobao",
        "shop": "小满旗舰店",
        "staff": "不该留下",
        "cost": "120.5",
        "landing": "product",
        "product_id": "http://localhost/p/abc123?from=x",
        "welcome": "您好，好评返现 5 元",
    }
    with fake_platform(app):
        page = words_after(client, client.post(f"{ONE_PLACE}/new", data=sent))
    row = queries.listing()[0]
    assert (row.kind.value, row.platform, row.shop, row.staff) == ("print_run", "taobao", "小满旗舰店", "")
    assert (row.cost.fen, row.product_id, row.qr_url is not None) == (12_050, "abc123", True)
    for words in ("好评返现", row.link, "个字，算", "双十一卡片"):
        assert words in page
    acts = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert acts[-2:] == ["channel.create", "wording.used"]
    wrong = client.post(
        f"{ONE_PLACE}/{row.public_id}", data={**sent, "cost": "x", "product_id": "http://evil"}
    )
    assert wrong.status_code == 422
    assert 'id="e-cost"' in wrong.text
    assert 'id="e-product_id"' in wrong.text
    assert client.get(f"{ONE_PLACE}/{row.public_id}/screen.png?of=link").data.startswith(b"\x89PNG")
    assert row.link in client.get(f"{ONE_PLACE}?as=csv").text
    words_after(client, client.post(f"{ONE_PLACE}/window", data={"window_days": "45"}))
    assert queries.window() == timedelta(days=45)


def test_a_program_of_the_merchants_keeps_channels(app: Flask, clock: ShopClock, monkeypatch: Any) -> None:
    client = merchant_client(app, monkeypatch)
    asked = {"name": "京东卡片", "kind": "marketplace", "platform": "jd", "cost_fen": 900, "code": "jd1"}
    made = client.post("/api/v1/admin/channels", json=asked).json
    assert (made["scene"], made["cost_fen"], made["qr_text"], made["warnings"]) == ("c.jd1", 900, None, [])
    place = f"/api/v1/admin/channels/{made['id']}"
    with fake_platform(app) as platform:
        first = client.post(f"{place}/code").json["qr_text"]
        assert client.post(f"{place}/code").json["qr_text"] == first
        assert len(platform.made("/cgi-bin/qrcode/create")) == 1
    changed = client.put(place, json={"name": "京东", "welcome": "关注就送红包"}).json
    assert {warning["code"] for warning in changed["warnings"]} == {"follow_for_reward", "red_packet"}
    assert (changed["link"], changed["kind"]) == (made["link"], "other")
    channel("另一个")
    page = client.get("/api/v1/admin/channels?limit=1").json
    rest = client.get(f"/api/v1/admin/channels?limit=1&cursor={page['next_cursor']}").json
    assert [one["name"] for one in (*page["items"], *rest["items"])] == ["另一个", "京东"]
    assert rest["next_cursor"] is None
    assert client.put(place, json={"name": "x", "landing": "product"}).status_code == 422
    reader = merchant_client(app, monkeypatch, Permission.CHANNELS_VIEW)
    assert reader.get(place).status_code == 200
    assert reader.post("/api/v1/admin/channels", json=asked).status_code == 403
