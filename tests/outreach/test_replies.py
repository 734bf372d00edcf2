"""What the account answers by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid, NotFound
from shopapp.outreach.replies import queries, rules, services
from shopapp.outreach.replies.models import Match
from tests.support.clocks import ShopClock
from tests.support.wechat import event, opened_reply, push, text_message

AT = 1767225600


@dataclass
class Rule:
    keyword: str
    match: Match
    reply: str


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
    assert rules.choose(text, RULES) == reply


def add(
    clock: ShopClock, keyword: str = "发货", match: Match = Match.CONTAINS, reply: str = "48 小时内"
) -> str:
    with transaction():
        return services.add_keyword(keyword=keyword, match=match, reply=reply, now=clock.now()).public_id


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
        services.change_keyword(public_id=public_id, keyword=" 物 流 ", match=Match.EXACT, reply="顺丰")
    with pytest.raises(services.KeywordTaken), transaction():
        services.change_keyword(public_id=other, keyword="物流", match=Match.EXACT, reply="x")
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
            services.add_keyword(keyword=f"k{number}", match=Match.EXACT, reply="r", now=clock.now())
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
