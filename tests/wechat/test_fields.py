"""Template values are brought within the bounds of their type, or refused by name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.oa import fields as bounds
from shopapp.kernel.money import Money
from shopapp.wechat.messages import FieldRefused, clean_field, day_text, money_text, time_text

LONG = "婴儿有机棉连体衣春秋款三件套礼盒装送小熊玩偶一只"


@pytest.mark.parametrize(
    ("name", "value", "cleaned"),
    [
        ("thing2", "手冲咖啡豆 250g", "手冲咖啡豆 250g"),
        ("thing2", LONG, LONG[:19] + "…"),
        ("thing2", LONG[:20], LONG[:20]),
        ("thing2", " 一\n二\t三\x00四 ", "一 二 三 四"),
        ("thing2", "", "无"),
        ("thing2", " \n ", "无"),
        ("short_thing1", "红色大号加厚", "红色大号…"),
        ("character_string1", "202601010000000001", "202601010000000001"),
        ("character_string1", "订单 ＳＦ-123", "SF-123"),
        ("character_string1", "中文", "-"),
        ("character_string1", "x" * 40, "x" * 32),
        ("number3", "1,288", "1288"),
        ("number3", "-3.5", "-3.5"),
        ("amount3", "￥12.80", "¥12.80"),
        ("amount3", "1,288.00元", "1288.00元"),
        ("time4", "2026年1月1日 15:01", "2026年1月1日 15:01"),
        ("time4", "15:01", "15:01"),
        ("time4", "2026-01-01 15:01:30", "2026-01-01 15:01:30"),
        ("time4", "2026年1月1日 15:01~2026年1月2日 15:01", "2026年1月1日 15:01~2026年1月2日 15:01"),
        ("date1", "2026年1月1日", "2026年1月1日"),
        ("phrase1", "已发货 (部分)", "已发货部分"),
        ("phrase1", "shipped", "无"),
        ("name1", "王小明 Ming", "王小明"),
        ("name1", "Ming Wang 123", "Ming Wang"),
        ("name1", "123", "无"),
        ("phone_number1", "电话 138-0000-0000", "138-0000-0000"),
        ("phone_number1", "", "-"),
        ("car_number1", "浙A12345", "浙A12345"),
        ("letter1", "ab12c", "abc"),
        ("symbol1", "★a", "★"),
        ("keyword1", LONG, LONG[:19] + "…"),
        ("const2", "已同意", "已同意"),
    ],
)
def test_values_fit_their_field(name: str, value: str, cleaned: str) -> None:
    assert clean_field(name, value) == cleaned


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount3", ""),
        ("amount3", "很多钱"),
        ("amount3", "12345678901.00"),
        ("number3", ""),
        ("number3", "一二三"),
        ("time4", ""),
        ("time4", "昨天"),
        ("date1", "2026"),
        ("letter1", "12"),
        ("const2", ""),
        ("enum2", " "),
    ],
)
def test_a_figure_or_a_time_is_never_made_up(name: str, value: str) -> None:
    with pytest.raises(FieldRefused):
        clean_field(name, value)


def test_our_own_words_for_times_and_amounts_fit() -> None:
    moment = datetime(2026, 1, 1, 7, 1, tzinfo=UTC)
    assert clean_field("time4", time_text(moment)) == "2026年1月1日 15:01"
    assert clean_field("date4", day_text(moment)) == "2026年1月1日"
    assert clean_field("amount3", money_text(Money(128000))) == "¥1280.00"


@given(kind=st.sampled_from([*bounds.PATTERNS, "keyword"]), value=st.text(max_size=60))
def test_what_is_not_refused_passes_the_platforms_own_bounds(kind: str, value: str) -> None:
    name = f"{kind}1"
    try:
        cleaned = clean_field(name, value)
    except FieldRefused:
        return
    assert bounds.checked([name], {name: {"value": cleaned}}, choices={})
