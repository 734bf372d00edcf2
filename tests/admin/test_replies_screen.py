"""The console's screens of automatic replies and of the account's menu."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock, preferences
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.outreach.replies import queries, services, wording
from shopapp.outreach.replies.models import Match
from shopapp.outreach.replies.rules import RuleContent
from shopapp.wechat.fakes import FakePlatform, refusal
from tests.support.queries import statements
from tests.support.staff import desk, words_after
from tests.support.wechat import fake_platform, opened_reply, push, text_message

CREATE, GET, DELETE = "/cgi-bin/menu/create", "/cgi-bin/menu/get", "/cgi-bin/menu/delete"
MENU = [
    {"name": "逛店铺", "type": "view", "url": "/"},
    {"name": "帮助", "sub_button": [{"name": "运费", "type": "click", "key": "运费"}]},
]


@pytest.fixture
def platform(app: Flask) -> Iterator[FakePlatform]:
    with fake_platform(app) as fake:
        yield fake


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def kept(name: str) -> Any:
    preferences.forget_read()
    return preferences.read(name)


def answer(app: Flask, text: str) -> str | None:
    got = push(app, text_message("oAnna", text, at=int(clock.now().timestamp())))
    return None if got.data == b"success" else opened_reply(got)["Content"]


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.SERVICE, Role.ANALYST])
def test_replies_and_menu_are_for_those_who_reach_out(app: Flask, platform: FakePlatform, role: Role) -> None:
    client = desk(app, role)
    for path in ("/admin/replies", "/admin/replies/new", "/admin/menu"):
        assert client.get(path).status_code == 403
    for path in ("/admin/replies/welcome", "/admin/replies/new", "/admin/menu", "/admin/menu/adopt"):
        assert client.post(path, data={"menu": "[]", "then": "push"}).status_code == 403
    assert platform.calls == []


def test_a_reply_is_written_tried_stopped_and_deleted(app: Flask) -> None:
    client = desk(app, Role.OPERATOR)
    assert "还没有关键词回复" in client.get("/admin/replies").text
    sent = client.post(
        "/admin/replies/new",
        data={"keyword": "发货", "match": "contains", "kind": "text", "reply": "48 小时内"},
    )
    assert "关键词回复已保存" in words_after(client, sent)
    tried = client.get("/admin/replies?say=什么时候发货").text
    assert "对上了“发货”（包含）" in tried
    assert "没有对上任何一条" in client.get("/admin/replies?say=你好").text
    assert answer(app, "什么时候发货") == "48 小时内"

    (row,) = queries.keyword_replies()
    stopped = client.post(f"/admin/replies/{row.public_id}/active")
    assert "已停用" in words_after(client, stopped)
    assert answer(app, "什么时候发货") is None
    assert "没有对上任何一条" in client.get("/admin/replies?say=什么时候发货").text
    client.post(f"/admin/replies/{row.public_id}/active", data={"active": "1"})
    assert answer(app, "什么时候发货") == "48 小时内"

    changed = client.post(
        f"/admin/replies/{row.public_id}",
        data={"keyword": "物流", "match": "exact", "kind": "text", "reply": "顺丰"},
    )
    assert changed.status_code == 303
    assert (answer(app, "什么时候发货"), answer(app, "物流")) == (None, "顺丰")
    client.post(f"/admin/replies/{row.public_id}/delete")
    assert queries.keyword_replies() == []
    assert [act for act in acts() if act.startswith("reply.")] == [
        "reply.create",
        "reply.deactivate",
        "reply.activate",
        "reply.update",
        "reply.delete",
    ]


def test_wrong_replies_are_told_at_their_fields_and_change_nothing(app: Flask) -> None:
    client = desk(app)
    wrong = client.post(
        "/admin/replies/new", data={"keyword": " ", "match": "contains", "kind": "text", "reply": "好" * 601}
    )
    assert wrong.status_code == 422
    assert 'id="e-keyword"' in wrong.text
    assert 'id="e-reply"' in wrong.text
    assert (
        client.post(
            "/admin/replies/new", data={"keyword": "a", "match": "x", "kind": "text", "reply": "b"}
        ).status_code
        == 422
    )
    long = client.post("/admin/replies/welcome", data={"welcome": "好" * 601})
    assert long.status_code == 422
    assert 'id="e-welcome"' in long.text
    assert client.get("/admin/replies/nobody").status_code == 404
    assert client.post("/admin/replies/nobody/active").status_code == 303
    assert (queries.keyword_replies(), kept("wechat.welcome")) == ([], "")
    assert not [act for act in acts() if act.startswith("reply.")]


def test_the_welcome_is_kept_and_its_risky_words_are_named(app: Flask) -> None:
    client = desk(app)
    sent = client.post("/admin/replies/welcome", data={"welcome": "关注就送红包，全网最低价"})
    page = words_after(client, sent)
    assert kept("wechat.welcome") == "关注就送红包，全网最低价"
    assert "诱导关注" in page
    assert "广告法" in page
    client.post("/admin/replies/welcome", data={"welcome": "您好，付款后 48 小时内寄出。"})
    assert "最好改一改" not in client.get("/admin/replies").text


@pytest.mark.parametrize(
    "text",
    ["满 99 元包邮，最近两天寄出", "第一次来可以先看看尺码表", "最晚 12 月 3 日寄到", "请把订单号发给客服"],
)
def test_ordinary_words_get_no_hint(text: str) -> None:
    assert wording.hints(text) == []


def test_the_list_of_replies_asks_no_more_for_more_rows(app: Flask) -> None:
    client = desk(app)
    client.get("/admin/replies?say=k1")

    def asked() -> int:
        with statements() as sent:
            client.get("/admin/replies?say=k1")
        return len(sent)

    few = asked()
    with transaction():
        for number in range(30):
            services.add_keyword(
                content=RuleContent(keyword=f"k{number}", match=Match.EXACT, reply="r"), now=clock.now()
            )
    assert asked() == few


def test_a_menu_is_kept_then_published(app: Flask, platform: FakePlatform) -> None:
    client = desk(app)
    sent = client.post("/admin/menu", data={"menu": json.dumps(MENU), "then": "keep"})
    page = words_after(client, sent)
    assert kept("wechat.menu") == MENU
    assert platform.calls == []
    assert "点了没有回应的按钮：运费" in page

    sent = client.post("/admin/menu", data={"menu": json.dumps(MENU), "then": "push"})
    assert "菜单已发布到公众号" in words_after(client, sent)
    (call,) = platform.made(CREATE)
    assert call.body["button"][0]["url"] == "http://localhost/"
    assert [act for act in acts() if act.startswith("menu.")] == ["menu.update", "menu.update", "menu.push"]


def test_a_refused_menu_is_explained_and_stays_in_the_shop(app: Flask, platform: FakePlatform) -> None:
    platform.answer(CREATE, refusal(48001))
    client = desk(app)
    sent = client.post("/admin/menu", data={"menu": json.dumps(MENU), "then": "push"})
    page = words_after(client, sent)
    assert "没有发布到公众号" in page
    assert "没有这个接口的权限" in page
    assert kept("wechat.menu") == MENU
    assert "menu.push" not in acts()


@pytest.mark.parametrize(
    ("menu", "words"),
    [
        ([{"name": "六个汉字太长", "type": "view", "url": "/"}], "最多 5 个汉字"),
        ([{"name": "甲", "type": "view", "url": "ftp://x"}], "https://"),
        ([{"name": "甲", "type": "click", "key": ""}], "关键词没有填写"),
        ([{"name": str(n), "type": "view", "url": "/"} for n in range(4)], "最多 3 个"),
        (
            [{"name": "甲", "sub_button": [{"name": str(n), "type": "view", "url": "/"} for n in range(6)]}],
            "最多 5 个",
        ),
        ("nonsense", "读不出来"),
        ([{"name": "\ud800", "type": "view", "url": "/"}], "读不出来"),
        ([{"name": "甲", "type": "view", "url": 5}], "读不出来"),
    ],
)
def test_a_wrong_menu_is_told_and_nothing_leaves_the_shop(
    app: Flask, platform: FakePlatform, menu: Any, words: str
) -> None:
    text = menu if isinstance(menu, str) else json.dumps(menu)
    refused = desk(app).post("/admin/menu", data={"menu": text, "then": "push"})
    assert refused.status_code == 422
    assert words in refused.text
    assert kept("wechat.menu") == []
    assert platform.calls == []


def test_the_accounts_menu_is_fetched_compared_and_taken_over(app: Flask, platform: FakePlatform) -> None:
    live = [
        {"type": "view", "name": "逛店铺", "url": "http://localhost/", "sub_button": []},
        {"name": "帮助", "sub_button": [{"type": "click", "name": "运费", "key": "运费", "sub_button": []}]},
    ]
    platform.always(GET, {"menu": {"button": live}})
    client = desk(app)
    assert "和店里的不一样" in client.get("/admin/menu?live=1").text
    assert "已换成公众号现在的菜单" in words_after(client, client.post("/admin/menu/adopt"))
    assert kept("wechat.menu") == MENU
    assert "和店里的一样" in client.get("/admin/menu?live=1").text
    assert platform.made(CREATE) == []


def test_a_platform_that_refuses_to_show_its_menu_is_explained(app: Flask, platform: FakePlatform) -> None:
    platform.always(GET, refusal(48001))
    client = desk(app)
    assert "没有这个接口的权限" in client.get("/admin/menu?live=1").text
    assert "店里的没有改动" in words_after(client, client.post("/admin/menu/adopt"))
    platform.always(GET, refusal(46003))
    assert "公众号上没有菜单" in client.get("/admin/menu?live=1").text
