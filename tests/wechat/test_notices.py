"""Subscription notices: each yes allows one, told by the platform alone; sent to who agreed, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import preferences
from shopapp.kernel.access import Role
from shopapp.kernel.db import db, transaction
from shopapp.wechat import notices, retention
from shopapp.wechat.fakes import FakePlatform, refusal, silence
from shopapp.wechat.messages import queue_template, sending
from shopapp.wechat.models import MessageState, NoticeGrant, OutgoingMessage
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.staff import desk, words_after
from tests.support.wechat import event, push

SEND, SHELF = "/cgi-bin/message/subscribe/bizsend", "/wxaapi/newtmpl/gettemplate"
TEMPLATE = "SHIPPED_NOTICE"


def answered(app: Flask, openid: str, answer: str, *, at: int = 1767225600) -> None:
    """The person answered the question so."""
    popup = {"List": {"TemplateId": TEMPLATE, "SubscribeStatusString": answer, "PopupScene": 1}}
    push(app, event(openid, "subscribe_msg_popup_event", at=at, SubscribeMsgPopupEvent=popup))


def grants() -> dict[str, tuple[int, int, int]]:
    db.session.rollback()
    db.session.expire_all()
    rows = db.session.scalars(select(NoticeGrant))
    return {row.openid: (row.granted, row.used, row.left) for row in rows}


def states() -> list[MessageState]:
    db.session.rollback()
    db.session.expire_all()
    return [row.state for row in db.session.scalars(select(OutgoingMessage).order_by(OutgoingMessage.id))]


def map_topic(**more: Any) -> None:
    with transaction():
        mapping = {"template_id": TEMPLATE, "fields": {"number": "character_string1"}, "notice": True}
        preferences.write("wechat.templates", {"order_shipped": mapping | more})


def queue(clock: ShopClock, key: str, openid: str = "oAnna") -> None:
    with transaction():
        queue_template(
            key=key,
            openid=openid,
            topic="order_shipped",
            data={"number": "2026"},
            path="/orders/1",
            now=clock.now(),
        )


def test_each_yes_counts_once_and_switching_off_takes_the_rest(app: Flask) -> None:
    answered(app, "oAnna", "accept")
    answered(app, "oAnna", "accept")
    answered(app, "oAnna", "accept", at=1767225700)
    answered(app, "oAnna", "reject", at=1767225800)
    answered(app, "oBen", "reject")
    assert grants() == {"oAnna": (2, 0, 2), "oBen": (0, 0, 0)}
    off = {"List": {"TemplateId": TEMPLATE, "SubscribeStatusString": "reject"}}
    push(app, event("oAnna", "subscribe_msg_change_event", at=1767225900, SubscribeMsgChangeEvent=off))
    assert grants()["oAnna"] == (2, 0, 0)
    push(app, event("oEva", "subscribe_msg_popup_event", at=1, SubscribeMsgPopupEvent={"List": "x"}))
    assert "oEva" not in grants()


def test_who_agreed_once_gets_one_notice(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    map_topic()
    answered(app, "oAnna", "accept")
    for key in ("first", "second"):
        queue(clock, key)
    queue(clock, "other", openid="oBen")
    sending.send_due(clock.now())
    assert states() == [MessageState.SENT, MessageState.SKIPPED, MessageState.SKIPPED]
    (call,) = platform.made(SEND)
    assert call.body == {
        "touser": "oAnna",
        "template_id": TEMPLATE,
        "data": {"character_string1": {"value": "2026"}},
        "page": "http://localhost/orders/1",
    }
    assert grants() == {"oAnna": (1, 1, 0)}
    done = {"List": {"TemplateId": TEMPLATE, "MsgID": "9", "ErrorCode": "0", "ErrorStatus": "success"}}
    push(app, event("oAnna", "subscribe_msg_sent_event", at=1767226000, SubscribeMsgSentEvent=done))
    assert states()[0] is MessageState.DELIVERED


@pytest.mark.parametrize(
    ("answer", "grant", "state"),
    [
        (refusal(43101), (1, 0, 0), MessageState.SKIPPED),
        (refusal(47003), (1, 0, 1), MessageState.FAILED),
        (refusal(-1), (1, 0, 1), MessageState.QUEUED),
        (silence(in_doubt=False), (1, 0, 1), MessageState.QUEUED),
        (silence(), (1, 1, 0), MessageState.QUEUED),
    ],
)
def test_what_a_refusal_does_to_the_ledger(
    app: Flask,
    platform: FakePlatform,
    clock: ShopClock,
    answer: Any,
    grant: tuple[int, int, int],
    state: MessageState,
) -> None:
    map_topic()
    answered(app, "oAnna", "accept")
    platform.answer(SEND, answer)
    queue(clock, "one")
    sending.send_due(clock.now())
    assert (grants()["oAnna"], states()) == (grant, [state])


def test_a_notice_in_doubt_is_not_sent_twice(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    map_topic()
    answered(app, "oAnna", "accept")
    answered(app, "oAnna", "accept", at=1767225700)
    platform.answer(SEND, silence())
    queue(clock, "one")
    sending.send_due(clock.now())
    clock.forward(minutes=1)
    sending.send_due(clock.now())
    assert (states(), len(platform.made(SEND))) == ([MessageState.FAILED], 1)


def test_many_workers_use_one_consent_once(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    map_topic()
    answered(app, "oAnna", "accept")
    for number in range(6):
        queue(clock, f"m{number}")
    at_once(app, [lambda: sending.send_due(clock.now())] * 4, threads=4)
    assert sorted(states()) == [MessageState.SENT] + [MessageState.SKIPPED] * 5
    assert len(platform.made(SEND)) == 1
    assert grants() == {"oAnna": (1, 1, 0)}


def test_what_is_switched_off_is_not_sent(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    map_topic(off=True)
    answered(app, "oAnna", "accept")
    queue(clock, "one")
    sending.send_due(clock.now())
    assert (states(), platform.made(SEND)) == ([MessageState.SKIPPED], [])
    assert "这种通知已经关掉" in desk(app, Role.OPERATOR).get("/admin/messages").text


def test_the_message_centre_tells_ledger_windows_and_quotas(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    platform.always(
        SHELF,
        {
            "data": [
                {
                    "priTmplId": TEMPLATE,
                    "title": "发货通知",
                    "content": "单号:{{character_string1.DATA}}\n时间:{{time2.DATA}}",
                }
            ]
        },
    )
    now = int(clock.now().timestamp())
    push(app, event("oAnna", "subscribe", at=now))
    answered(app, "oAnna", "accept")
    client = desk(app)
    ledger = client.get(f"/admin/messages/notices?template={TEMPLATE}").text
    assert "发货通知" in ledger
    assert "oAnna" not in ledger
    limits = client.get("/admin/messages/limits").text
    assert "1 分钟内关注" in limits
    shown = client.get(f"/admin/setup/templates/order_shipped?template={TEMPLATE}").text
    assert "2026年11月22日 15:01" in shown or "202611220000000018" in shown
    sent = {"template": TEMPLATE, "field-character_string1": "number", "field-time2": "time"}
    client.post("/admin/setup/templates/order_shipped", data=sent)
    preferences.forget_read()
    assert preferences.read("wechat.templates")["order_shipped"]["notice"] is True
    off = words_after(client, client.post("/admin/setup/templates/order_shipped/active"))
    assert "已关掉" in off
    preferences.forget_read()
    assert preferences.read("wechat.templates")["order_shipped"]["off"] is True
    for path in ("", "/notices", "/limits"):
        assert desk(app, Role.SERVICE).get(f"/admin/messages{path}").status_code == 403
    assert desk(app, Role.OPERATOR).post("/admin/setup/templates/order_shipped/active").status_code == 403


def test_consents_are_exported_and_forgotten_with_the_person(app: Flask) -> None:
    answered(app, "oAnna", "accept")
    exported = retention.export(openids=["oAnna"])
    assert {"notices_allowed", "subscribe_msg_popup_event"} == {one["kind"] for one in exported}
    with transaction():
        retention.forget(openids=["oAnna"])
    assert (grants(), notices.totals()) == ({}, [])
