"""The official account's server address: verified, opened in every mode, each push once, junk refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import func, select

from shopapp.kernel import outbox
from shopapp.kernel.db import db
from shopapp.wechat import crypto, xml
from shopapp.wechat.inbound.incoming import Incoming
from shopapp.wechat.inbound.replies import ArticleReply, Reply, TextReply
from shopapp.wechat.inbound.services import set_replier
from shopapp.wechat.models import Push, ServiceWindow
from tests.support.keys import vectors
from tests.support.wechat import (
    CALLBACK,
    MODES,
    TOKEN,
    event,
    opened_reply,
    post,
    push,
    sealed_push,
    text_message,
)

AT = 1767225600
OPENID = "oTEST_openid_000000000000001"


def pushes() -> list[Push]:
    db.session.expire_all()
    return list(db.session.scalars(select(Push).order_by(Push.id)))


def news(name: str) -> list[dict[str, Any]]:
    """The events published under this name."""
    db.session.rollback()
    rows = select(outbox.StoredEvent).filter_by(name=name).order_by(outbox.StoredEvent.id)
    return [row.payload for row in db.session.scalars(rows)]


@pytest.fixture
def reply_with(app: Flask) -> Iterator[Any]:
    """Lets a test choose the replier; the shop's own comes back afterwards."""
    own = app.extensions.get("replier")

    def use(replier: Any) -> None:
        set_replier(app, replier)

    yield use
    app.extensions["replier"] = own


def echo(incoming: Incoming) -> Reply | None:
    return TextReply(content=f"您说：{incoming.field('Content')}")


@pytest.mark.parametrize(
    "vector", [v for v in vectors()["callback_plain_signature"] if v["token"] == TOKEN], ids=lambda v: v["id"]
)
def test_the_address_is_proven_by_echoing_and_nothing_else(app: Flask, vector: dict[str, Any]) -> None:
    query = {name: vector[name] for name in ("signature", "timestamp", "nonce", "echostr")}
    answer = app.test_client().get(CALLBACK, query_string=query)
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, vector["expect_body_on_get"])
    for name in ("signature", "timestamp", "nonce"):
        wrong = app.test_client().get(CALLBACK, query_string=query | {name: vector[name][:-1] + "x"})
        assert wrong.status_code == 403
        assert vector["echostr"] not in wrong.get_data(as_text=True)


def test_an_echo_of_markup_is_never_a_page(app: Flask) -> None:
    query = {"timestamp": "1", "nonce": "2", "signature": crypto.sign(TOKEN, "1", "2"), "echostr": "<b>x</b>"}
    answer = app.test_client().get(CALLBACK, query_string=query)
    assert answer.mimetype == "text/plain"
    assert app.test_client().get(CALLBACK, query_string=query | {"echostr": ""}).status_code == 400
    assert app.test_client().get(CALLBACK).status_code == 403


@pytest.mark.parametrize("vector", vectors()["callback_crypto"][:2], ids=lambda v: v["id"])
def test_the_published_pushes_are_taken(app: Flask, vector: dict[str, Any]) -> None:
    query = {
        "timestamp": vector["timestamp"],
        "nonce": vector["nonce"],
        "signature": crypto.sign(TOKEN, vector["timestamp"], vector["nonce"]),
        "msg_signature": vector["msg_signature"],
        "encrypt_type": "aes",
    }
    body = xml.build({"ToUserName": "gh_0123456789ab", "Encrypt": vector["encrypt"]}).encode()
    answer = post(app, query=urlencode(query), body=body)
    assert (answer.status_code, answer.data) == (200, b"success")
    assert [row.content for row in pushes()] == [vector["plaintext"]]
    for name in ("msg_signature", "signature", "nonce", "timestamp"):
        forged = urlencode(query | {name: query[name][:-1] + "0" if query[name][-1] != "0" else "1"})
        assert post(app, query=forged, body=body).status_code == 403
    assert len(pushes()) == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_text_is_answered_in_the_mode_it_came_in(app: Flask, reply_with: Any, mode: str) -> None:
    reply_with(echo)
    answer = push(app, text_message(OPENID, "返现 😀 & <订单>", at=AT), mode=mode)
    assert ("Encrypt" in xml.parse(answer.get_data(as_text=True))) == (mode != "plain")
    reply = opened_reply(answer)
    assert (reply["ToUserName"], reply["FromUserName"]) == (OPENID, "gh_0123456789ab")
    assert (reply["MsgType"], reply["Content"]) == ("text", "您说：返现 😀 & <订单>")
    assert [(row.openid, row.kind) for row in pushes()] == [(OPENID, "text")]


def test_compatible_mode_believes_the_sealed_text_only(app: Flask) -> None:
    query, body = sealed_push(text_message(OPENID, "真的", at=AT), mode="compatible")
    forged = body.replace("真的".encode(), "假的".encode()).replace(OPENID.encode(), b"oSomebodyElse")
    assert post(app, query=query, body=forged).status_code == 200
    (row,) = pushes()
    assert (row.openid, "真的" in row.content, "假的" in row.content) == (OPENID, True, False)


def test_an_article_can_be_the_reply(app: Flask, reply_with: Any) -> None:
    reply_with(
        lambda _: ArticleReply(
            title="新品", description="来看]]>看", picture_url="http://p/1", url="http://u/"
        )
    )
    reply = opened_reply(push(app, text_message(OPENID, "新品", at=AT)))
    assert (reply["MsgType"], reply["ArticleCount"]) == ("news", "1")
    assert reply["Articles"]["item"]["Description"] == "来看]]>看"


def test_a_long_reply_is_cut_between_characters(app: Flask, reply_with: Any) -> None:
    reply_with(lambda _: TextReply(content="字" * 1000))
    content = opened_reply(push(app, text_message(OPENID, "长", at=AT)))["Content"]
    assert content == "字" * 682


def test_a_failing_replier_loses_no_push(app: Flask, reply_with: Any) -> None:
    reply_with(lambda _: 1 / 0)
    answer = push(app, text_message(OPENID, "在吗", at=AT))
    assert (answer.status_code, answer.data) == (200, b"success")
    assert len(pushes()) == 1


def test_a_repeat_gets_the_first_reply_and_does_nothing_again(app: Flask, reply_with: Any) -> None:
    said: list[str] = []

    def once(incoming: Incoming) -> Reply:
        said.append(incoming.field("Content"))
        return TextReply(content=f"第 {len(said)} 次")

    reply_with(once)
    message = text_message(OPENID, "在吗", at=AT)
    answers = [opened_reply(push(app, message))["Content"] for _ in range(3)]
    assert answers == ["第 1 次"] * 3
    assert len(pushes()) == 1


def test_of_copies_that_arrive_together_one_counts_and_all_get_its_reply(app: Flask, reply_with: Any) -> None:
    reply_with(echo)
    follow = event(OPENID, "subscribe", at=AT, EventKey="qrscene_c.one", Ticket="t")
    message = text_message(OPENID, "在吗", at=AT)
    answers: list[tuple[int, str]] = []

    def send(fields: dict[str, Any]) -> None:
        with app.app_context():
            answer = push(app, fields)
            answers.append((answer.status_code, opened_reply(answer)["Content"]))

    threads = [threading.Thread(target=send, args=(fields,)) for fields in (follow, message) * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(answers)) == [(200, "您说："), (200, "您说：在吗")]
    assert len(answers) == 16
    assert len(pushes()) == 2
    assert len(news("AccountFollowed")) == 1


def test_follow_unfollow_and_scan_are_told_with_scene_and_time(app: Flask) -> None:
    push(app, event(OPENID, "subscribe", at=AT, EventKey="qrscene_c.flyer.1", Ticket="t"))
    push(app, event(OPENID, "SCAN", at=AT + 1, EventKey="c.flyer.2", Ticket="t"))
    push(app, event(OPENID, "unsubscribe", at=AT + 2, EventKey=""))
    push(app, event(OPENID, "subscribe", at=AT + 3, EventKey=""))
    moments = [datetime.fromtimestamp(AT + n, tz=UTC).isoformat() for n in range(4)]
    assert news("AccountFollowed") == [
        {"openid": OPENID, "scene": "c.flyer.1", "at": moments[0]},
        {"openid": OPENID, "scene": None, "at": moments[3]},
    ]
    assert news("SceneScanned") == [{"openid": OPENID, "scene": "c.flyer.2", "at": moments[1]}]
    assert news("AccountUnfollowed") == [{"openid": OPENID, "at": moments[2]}]


def test_two_different_events_of_one_second_both_count(app: Flask) -> None:
    for key in ("menu-a", "menu-b", "menu-a"):
        push(app, event(OPENID, "CLICK", at=AT, EventKey=key))
    push(app, event(OPENID, "TEMPLATESENDJOBFINISH", at=AT, MsgID=1, Status="success"))
    push(app, event(OPENID, "TEMPLATESENDJOBFINISH", at=AT, MsgID=2, Status="success"))
    assert [row.kind for row in pushes()] == ["click", "click", *["templatesendjobfinish"] * 2]


def test_events_nobody_knows_are_kept_and_answered(app: Flask, reply_with: Any) -> None:
    reply_with(lambda _: None)
    nested = {"List": {"TemplateId": "T", "SubscribeStatusString": "accept", "PopupScene": 1}}
    names = ["subscribe_msg_popup_event", "user_info_modified", "a_thing_of_2031", "LOCATION"]
    for name in names:
        answer = push(app, event(OPENID, name, at=AT, SubscribeMsgPopupEvent=nested))
        assert (answer.status_code, answer.data) == (200, b"success")
    assert [row.kind for row in pushes()] == [name.lower() for name in names]


def test_acts_open_windows_and_late_copies_do_not_move_them_back(app: Flask) -> None:
    push(app, text_message(OPENID, "后", at=AT + 60))
    push(app, text_message(OPENID, "前", at=AT))
    push(app, event(OPENID, "CLICK", at=AT, EventKey="k"))
    push(app, event(OPENID, "VIEW", at=AT, EventKey="http://x/"))
    push(app, event(OPENID, "SCAN", at=AT, EventKey="c.x"))
    start = datetime.fromtimestamp(AT, tz=UTC)
    db.session.expire_all()
    windows = {row.act: (row.left, row.until - start) for row in db.session.scalars(select(ServiceWindow))}
    minute = timedelta(minutes=1)
    assert windows == {
        "message": (5, timedelta(hours=48) + minute),
        "menu": (3, minute),
        "scan": (3, minute),
    }
    push(app, event(OPENID, "unsubscribe", at=AT + 61, EventKey=""))
    db.session.expire_all()
    assert db.session.scalar(select(func.count()).select_from(ServiceWindow)) == 0


def test_personal_data_is_not_readable_in_the_table(app: Flask, reply_with: Any) -> None:
    reply_with(echo)
    push(app, text_message(OPENID, "我住在杭州", at=AT))
    kept = db.session.connection().exec_driver_sql("SELECT content, reply FROM pushes").one()
    assert "杭州" not in json.dumps(list(kept), ensure_ascii=False)
