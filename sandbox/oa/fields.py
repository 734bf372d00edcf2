"""Bounds on the values of typed template fields, shared by template messages and subscription notices."""

from __future__ import annotations

import re
from typing import Any

from .api import ApiError, Body

CHINESE = r"\u3400-\u9fff"
TIME = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}月\d{1,2}日)?\s?(\d{1,2}:\d{2}(:\d{2})?)?"
PATTERNS: dict[str, str] = {
    "thing": r"[\s\S]{1,20}",
    "short_thing": r"[\s\S]{1,5}",
    "character_string": rf"[^{CHINESE}\uff00-\uffef\u3000-\u303f]{{1,32}}",
    "number": r"-?\d{1,32}(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "amount": r"[¥￥$€£]?-?\d{1,10}(\.\d+)?元?",
    "time": rf"{TIME}(\s?~\s?{TIME})?",
    "date": rf"{TIME}(\s?~\s?{TIME})?",
    "phrase": rf"[{CHINESE}]{{1,5}}",
    "name": rf"([{CHINESE}·]{{1,10}}|[A-Za-z .]{{1,20}})",
    "phone_number": r"[\d+\- ()]{1,17}",
    "car_number": r"[\s\S]{1,8}",
}
WORDS: dict[str, str] = {
    "thing": "20 个字以内",
    "short_thing": "5 个字以内",
    "character_string": "32 位以内的数字、字母或符号，不能有汉字",
    "number": "32 位以内的数字",
    "letter": "32 位以内的字母",
    "symbol": "5 位以内的符号",
    "amount": "1 个币种符号加 10 位以内的数字，可带小数，可以 元 结尾",
    "time": "日期或时间，如 2026年1月1日 15:01",
    "date": "日期，如 2026年1月1日",
    "phrase": "5 个以内的汉字",
    "name": "10 个以内的汉字或 20 个以内的字母",
    "phone_number": "17 位以内的数字和符号",
    "car_number": "8 位以内",
}


def kind_of(field: str) -> str:
    """Type of a field by its name: `thing5` → `thing`; old templates have `keyword1`."""
    return re.sub(r"\d+$", "", field)


def invalid(field: str, words: str) -> ApiError:
    return ApiError(47003, f"argument invalid! data.{field}.value invalid", f"字段 {field} 不合要求：{words}")


def checked(names: list[str], data: Any, *, choices: dict[str, list[str]]) -> dict[str, str]:
    """Values by field as the user will see them; raises 47003 naming the first field that is out of bounds.

    `choices` lists what a `const` or `enum` field may hold.
    """
    if not isinstance(data, dict):
        raise ApiError(47003, "argument invalid! data is empty", "缺少 data")
    return {name: _value(name, data.get(name), choices) for name in names}


def _value(name: str, entry: Body | None, choices: dict[str, list[str]]) -> str:
    value = entry.get("value") if isinstance(entry, dict) else None
    if not isinstance(value, str | int | float) or isinstance(value, bool) or not str(value).strip():
        raise invalid(name, "没有值")
    text, kind = str(value), kind_of(name)
    if kind == "keyword":
        return text if len(text) <= 20 else text[:20] + "…"
    if kind in ("first", "remark"):
        return ""
    if kind in ("const", "enum"):
        if text not in choices.get(name, []):
            raise invalid(name, f"只能是 {'、'.join(choices.get(name, []))}")
        return text
    if kind in PATTERNS and not re.fullmatch(PATTERNS[kind], text):
        raise invalid(name, f"{WORDS[kind]}，收到 {text!r}")
    return text
