"""The wording check: what is warned of, what is not, and the trail of what was used all the same."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.members.wording import rules, services
from shopapp.members.wording.rules import check

FOLLOW, SHARE, REVIEW = rules.FOLLOW_FOR_REWARD, rules.SHARE_FOR_REWARD, rules.REVIEW_FOR_REWARD
PACKET, ABSOLUTE = rules.RED_PACKET, rules.ABSOLUTE_CLAIM

WARNED = [
    (FOLLOW, "关注公众号返现5元"),
    (FOLLOW, "关注即可领 ２０ 元"),
    (FOLLOW, "关注后领取现金"),
    (FOLLOW, "扫码关注，送好礼"),
    (FOLLOW, "关注公众号\n领取返现"),
    (FOLLOW, "加客服微信返现"),
    (FOLLOW, "領紅包先關注"),
    (FOLLOW, "关 注 返 现"),
    (FOLLOW, "关-注★返～现"),
    (FOLLOW, "关。注。返。现"),
    (FOLLOW, "关注🧧"),
    (SHARE, "转发朋友圈领券"),
    (SHARE, "分享给好友得礼品"),
    (SHARE, "邀请好友免费领"),
    (SHARE, "集 30 个赞"),
    (SHARE, "返现需分享到群"),
    (REVIEW, "好评返现"),
    (REVIEW, "好 评 返 ５ 元"),
    (REVIEW, "好。评。返。现"),
    (REVIEW, "五星好评截图送优惠券"),
    (REVIEW, "5星晒图领积分"),
    (REVIEW, "返现需好评"),
    (REVIEW, "晒图评价返2元"),
    (REVIEW, "差评联系客服返现"),
    (REVIEW, "評價返現"),
    (PACKET, "登记订单领红包"),
    (ABSOLUTE, "全网销量第一"),
    (ABSOLUTE, "国家级品质"),
    (ABSOLUTE, "最低价"),
    (ABSOLUTE, "最 佳 选 择"),
    (ABSOLUTE, "１００％ 有效"),
    (ABSOLUTE, "行业首选，独家配方"),
]
FINE = [
    "凭订单号登记，核实后返现到余额",
    "扫码登记您的订单，返现 5 元",
    "关注订单进度。返现 8 天后到账",
    "关注我们，看物流和会员权益",
    "关注微信公众号，随时看返现进度",
    "关注与否都能领返现",
    "不关注也能登记返现",
    "无需好评，登记即返现",
    "好评不返现，评价请如实写",
    "订单核实后，返现会在退货期过后到账，与是否关注、是否评价无关",
    "感谢您的五星好评",
    "欢迎如实评价",
    "邀请好友下单，首单后双方各得优惠券",
    "把链接分享给家人",
    "最近的订单",
    "最后一步",
    "最低消费 50 元",
    "最好在 30 天内登记",
    "第一次登录",
    "第一步：扫码",
    "100% 纯棉",
    "唯一编号",
    "",
]


@pytest.mark.parametrize(("code", "text"), WARNED)
def test_what_brings_trouble_is_warned_of(code: str, text: str) -> None:
    found = check(f"您好。{text}")
    assert code in {warning.code for warning in found}
    for warning in found:
        assert warning.phrase in warning.text
        assert "您好" not in warning.phrase


@pytest.mark.parametrize("text", FINE)
def test_honest_words_are_left_alone(text: str) -> None:
    assert check(text) == []


def test_a_phrase_is_shown_as_it_was_written_and_once() -> None:
    (warning,) = check("好 评，返 现；另外，好 评，返 现")
    assert (warning.code, warning.phrase) == (REVIEW, "好 评，返 现")


def test_a_long_text_is_looked_at_as_far_as_it_may_go() -> None:
    assert check("好" * rules.TEXT_LENGTH_MAX + "好评返现") == []
    assert len(check("关注" * 10_000)) == 0


@given(st.text(alphabet="关注好评返现红包最佳第一。， \n🧧１5元*", max_size=60))
def test_any_text_is_answered_with_phrases_out_of_it(text: str) -> None:
    squeezed = "".join(text.split())
    for warning in check(text):
        assert "".join(warning.phrase.split()) in squeezed


def test_a_text_used_in_spite_of_warnings_leaves_a_trail(app: Flask) -> None:
    with transaction():
        assert services.note_use(subject_kind="channel", subject_id="c1", texts={"welcome": "欢迎"}) == []
        used = services.note_use(
            subject_kind="channel", subject_id="c2", texts={"welcome": "好评返现", "name": "淘宝"}
        )
    assert [warning.code for warning in used] == [REVIEW]
    (entry,) = db.session.scalars(select(AuditEntry))
    assert (entry.action, entry.subject_id) == ("wording.used", "c2")
    assert entry.changes == {"phrases": ["好评返现"], "codes": [REVIEW]}
