"""What the account answers by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid, NotFound
from shopapp.outreach.replies import queries, rules, services
from shopapp.outreach.replies.models import Match, ReplyKind
from shopapp.outreach.replies.rules import RuleContent
from shopapp.store.catalogue import media as pictures
from shopapp.wechat.fakes import refusal
from tests.support.clocks import ShopClock
from tests.support.pictures import drawn
from tests.support.staff import desk, words_after
from tests.support.wechat import event, fake_platform, opened_reply, push, text_message

AT = 1767225600
MATERIAL = "/cgi-bin/material/add_material"


@dataclass
class Rule:
    keyword: str
    match: Match
    reply: str
    priority: int = 0
    from_minute: int = 0
    until_minute: int = 1440


RULES = [
    Rule("发货", Match.CONTAINS, "一般 48 小时内发货"),
    Rule("什么时候发货", Match.CONTAINS, "今天"),
    Rule("发货", Match.EXACT, "请提供订单号"),
    Rule("hi", Match.EXACT, "您好"),
]


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("发货", "请提供订单号"),
        (" 发 货 ", "请提供订单号"),
        ("怎么还不发货", "一般 48 小时内发货"),
        ("请问什么时候发货？", "今天"),
        ("ＨＩ", "您好"),
        ("hi there", None),
        ("", None),
        ("  ", None),
    ],
)
def test_the_closest_rule_answers(text: str, reply: str | None) -> None:
    rule = rules.pick(text, RULES)
    assert (rule.reply if rule else None) == reply


def add(
    clock: ShopClock, keyword: str = "发货", match: Match = Match.CONTAINS, reply: str = "48 小时内"
) -> str:
    with transaction():
        return services.add_keyword(
            content=RuleContent(keyword=keyword, match=match, reply=reply), now=clock.now()
        ).public_id


def ask(app: Flask, text: str) -> Any:
    answer = push(app, text_message("oAnna", text, at=AT))
    return None if answer.data == b"success" else opened_reply(answer)["Content"]


def test_without_rules_the_account_keeps_silent(app: Flask) -> None:
    assert ask(app, "在吗") is None
    assert push(app, event("oAnna", "subscribe", at=AT)).data == b"success"


def test_a_keyword_is_answered_in_a_text_and_behind_a_menu_key(app: Flask, clock: ShopClock) -> None:
    add(clock)
    assert ask(app, "什么时候发货呀") == "48 小时内"
    assert ask(app, "你好") is None
    assert opened_reply(push(app, event("oAnna", "CLICK", at=AT, EventKey="发货")))["Content"] == "48 小时内"
    assert push(app, event("oAnna", "VIEW", at=AT, EventKey="http://x/发货")).data == b"success"


def test_rules_can_be_changed_and_removed(app: Flask, clock: ShopClock) -> None:
    public_id = add(clock)
    other = add(clock, keyword="退款")
    with transaction():
        services.change_keyword(
            public_id=public_id, content=RuleContent(keyword=" 物 流 ", match=Match.EXACT, reply="顺丰")
        )
    with pytest.raises(services.KeywordTaken), transaction():
        services.change_keyword(
            public_id=other, content=RuleContent(keyword="物流", match=Match.EXACT, reply="x")
        )
    assert (ask(app, "发货"), ask(app, "物流")) == (None, "顺丰")
    with transaction():
        services.remove_keyword(public_id=public_id)
    assert [row.keyword for row in queries.keyword_replies()] == ["退款"]
    with pytest.raises(NotFound), transaction():
        services.remove_keyword(public_id=public_id)


def test_a_word_has_one_answer_for_each_way_of_looking(app: Flask, clock: ShopClock) -> None:
    add(clock)
    with pytest.raises(services.KeywordTaken):
        add(clock, keyword="发 货")
    add(clock, match=Match.EXACT)
    assert len(queries.keyword_replies()) == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"keyword": " "}, "keyword"),
        ({"keyword": "x" * 61}, "keyword"),
        ({"reply": ""}, "reply"),
        ({"reply": "好" * 601}, "reply"),
    ],
)
def test_wrong_fields_are_named(app: Flask, clock: ShopClock, values: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        add(clock, **values)  # type: ignore[arg-type]
    assert set(wrong.value.details["fields"]) == {field}


def test_the_number_of_rules_has_a_bound(app: Flask, clock: ShopClock) -> None:
    with transaction():
        for number in range(queries.RULES_MAX):
            services.add_keyword(
                content=RuleContent(keyword=f"k{number}", match=Match.EXACT, reply="r"), now=clock.now()
            )
    with pytest.raises(services.TooManyKeywords):
        add(clock)


def test_the_welcome_can_be_set_and_taken_away(app: Flask) -> None:
    with transaction():
        services.set_welcome(text=" 欢迎 ")
    assert opened_reply(push(app, event("oAnna", "subscribe", at=AT)))["Content"] == "欢迎"
    with transaction():
        services.set_welcome(text="")
    assert push(app, event("oBen", "subscribe", at=AT)).data == b"success"
    with pytest.raises(Invalid), transaction():
        services.set_welcome(text="好" * 601)


NIGHT = {"from_minute": 18 * 60, "until_minute": 9 * 60}
DAY = {"from_minute": 9 * 60, "until_minute": 18 * 60}


@pytest.mark.parametrize(
    ("minute", "reply"),
    [(0, "夜"), (539, "夜"), (540, "昼"), (1079, "昼"), (1080, "夜"), (1439, "夜")],
)
def test_the_hour_decides_between_day_and_night(minute: int, reply: str) -> None:
    both = [
        Rule("客服", Match.CONTAINS, "总"),
        Rule("客服", Match.CONTAINS, "夜", **NIGHT),
        Rule("客服", Match.CONTAINS, "昼", **DAY),
    ]
    found = rules.pick("找客服", both, minute=minute)
    assert found is not None
    assert found.reply == reply


def test_a_higher_priority_answers_before_a_closer_fit() -> None:
    found = rules.pick("发货", [*RULES, Rule("货", Match.CONTAINS, "大促期间发货会晚一天", priority=1)])
    assert found is not None
    assert found.reply == "大促期间发货会晚一天"


def test_the_callback_and_who_tries_it_out_get_the_same_rule(app: Flask, clock: ShopClock) -> None:
    """At 2026-01-01 08:00 and 20:00 of the shop."""
    with transaction():
        for reply, hours in (("下班了", NIGHT), ("马上来", DAY)):
            content = RuleContent(keyword="客服", match=Match.CONTAINS, reply=reply, **hours)
            services.add_keyword(content=content, now=clock.now())
    again = RuleContent(keyword="客服", match=Match.CONTAINS, reply="x", **NIGHT)
    with pytest.raises(services.KeywordTaken), transaction():
        services.add_keyword(content=again, now=clock.now())
    for hours, reply in ((8, "下班了"), (12, "马上来"), (20, "下班了")):
        at = AT + (hours - 8) * 3600
        answer = opened_reply(push(app, text_message("oAnna", "客服", at=at)))
        tried = queries.answering("客服", at=datetime.fromtimestamp(at, UTC))
        assert tried is not None
        assert (answer["Content"], tried.reply) == (reply, reply)
    with transaction():
        queries.keyword_replies()[0].active = False
    client = desk(app)
    assert "12:00 对上了“客服”" in client.get("/admin/replies?say=客服&at=12:00").text
    assert "20:00 没有对上任何一条" in client.get("/admin/replies?say=客服&at=20:00").text


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (RuleContent(keyword="a", match=Match.EXACT, kind=ReplyKind.PICTURE), "picture"),
        (RuleContent(keyword="a", match=Match.EXACT, kind=ReplyKind.ARTICLE, title="t", url="//x"), "url"),
        (
            RuleContent(
                keyword="a", match=Match.EXACT, kind=ReplyKind.ARTICLE, title="t", url="javascript:x"
            ),
            "url",
        ),
        (RuleContent(keyword="a", match=Match.EXACT, kind=ReplyKind.ARTICLE, url="/"), "title"),
        (RuleContent(keyword="a", match=Match.EXACT, reply="r", priority=100), "priority"),
        (RuleContent(keyword="a", match=Match.EXACT, reply="r", from_minute=60, until_minute=60), "from"),
        (RuleContent(keyword="a", match=Match.EXACT, reply="r", until_minute=1441), "from"),
    ],
)
def test_what_no_rule_may_be(app: Flask, clock: ShopClock, content: RuleContent, field: str) -> None:
    with pytest.raises(Invalid) as wrong, transaction():
        services.add_keyword(content=content, now=clock.now())
    assert set(wrong.value.details["fields"]) == {field}


def test_a_picture_answers_once_the_platform_has_it(app: Flask, clock: ShopClock) -> None:
    kept = pictures.prepare(drawn())
    with transaction():
        picture = pictures.remember(prepared=kept, now=clock.now()).public_id
    sent = {"keyword": "尺码", "match": "exact", "kind": "picture", "picture": picture}
    with fake_platform(app) as platform:
        platform.answer(MATERIAL, refusal(48001))
        client = desk(app)
        page = words_after(client, client.post("/admin/replies/new", data=sent))
        assert "图片没有传到微信" in page
        assert push(app, text_message("oAnna", "尺码", at=AT)).data == b"success"
        (row,) = queries.keyword_replies()
        assert "现在就生效" in words_after(client, client.post(f"/admin/replies/{row.public_id}", data=sent))
        client.post(f"/admin/replies/{row.public_id}", data=sent)
        calls = platform.made(MATERIAL)
        assert len(calls) == 2
        assert calls[1].file is not None
        assert calls[1].file.content.startswith(b"\xff\xd8")
    reply = opened_reply(push(app, text_message("oAnna", "尺码", at=AT + 1)))
    assert reply["MsgType"] == "image"
    assert reply["Image"]["MediaId"].startswith("media-")


def test_an_article_opens_a_page_of_the_shop_and_risky_words_leave_a_trail(app: Flask) -> None:
    sent = {"keyword": "返现", "match": "contains", "kind": "article", "title": "登记订单", "url": "/claim"}
    client = desk(app)
    client.post("/admin/replies/new", data=sent | {"reply": "关注就送红包", "from": "", "until": ""})
    reply = opened_reply(push(app, text_message("oAnna", "怎么返现", at=AT)))["Articles"]["item"]
    assert (reply["Title"], reply["Url"]) == ("登记订单", "http://localhost/claim")
    trail = select(AuditEntry.subject_kind).filter_by(action="wording.used")
    assert db.session.scalars(trail).all() == ["reply"]
    half = client.post("/admin/replies/new", data=sent | {"keyword": "x", "from": "9:00", "until": ""})
    assert half.status_code == 422
    assert "要一起填" in half.text
