"""Values of template fields, brought within the bounds of their type.

The type is the field's name without its number: `thing5` is a thing. A value out of bounds makes the platform refuse the
whole message (47003), so texts are cut and cleaned here; what cannot be made to fit, such as an amount that is none, is
refused by name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.money import Money

NOTHING = "无"
DASH = "-"
CHINESE = "\u3400-\u9fff"
DAY = r"(?:\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}月\d{1,2}日)"
HOUR = r"\d{1,2}:\d{2}(?::\d{2})?"
MOMENT = rf"(?:{DAY}(?:\s?{HOUR})?|{HOUR})"


class FieldRefused(ValueError):
    """This value cannot be made to fit; the text names the type and says why."""


def time_text(moment: datetime) -> str:
    """2026年1月1日 15:01, in shop time."""
    local = moment.astimezone(SHOP_ZONE)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def day_text(moment: datetime) -> str:
    """2026年1月1日, in shop time."""
    local = moment.astimezone(SHOP_ZONE)
    return f"{local.year}年{local.month}月{local.day}日"


def money_text(amount: Money) -> str:
    """¥12.80"""
    return f"¥{amount}"


def clean_field(name: str, value: str) -> str:
    """The value as a field of this name may hold it, e.g. `clean_field("thing5", title)`. Raises `FieldRefused`."""
    kind = re.sub(r"\d+$", "", name)
    printable = "".join(char if unicodedata.category(char)[0] != "C" else " " for char in value)
    return CLEANERS.get(kind, _as_it_is)(" ".join(printable.split()))


def _cut(length: int) -> Callable[[str], str]:
    """Longer texts end with an ellipsis that counts."""

    def clean(text: str) -> str:
        return (text if len(text) <= length else text[: length - 1] + "…") or NOTHING

    return clean


def _keep(unwanted: str, length: int, *, empty: str = "") -> Callable[[str], str]:
    """Drop what the type does not allow, then cut."""
    drop = re.compile(unwanted)

    def clean(text: str) -> str:
        kept = drop.sub("", unicodedata.normalize("NFKC", text)).strip()[:length].strip() or empty
        if not kept:
            raise FieldRefused(f"nothing is left of {text[:20]!r}")
        return kept

    return clean


def _fits(pattern: str, *, drop: str = "") -> Callable[[str], str]:
    """Only what has this form; a figure or a time must never be cut."""
    form = re.compile(pattern)

    def clean(text: str) -> str:
        kept = re.sub(drop, "", unicodedata.normalize("NFKC", text)) if drop else text
        if not form.fullmatch(kept):
            raise FieldRefused(f"{text[:20]!r} does not have the form of this field")
        return kept

    return clean


def _phrase(text: str) -> str:
    return re.sub(rf"[^{CHINESE}]", "", text)[:5] or NOTHING


def _name(text: str) -> str:
    """Ten Chinese characters or twenty letters; a mixture keeps its Chinese part."""
    chinese = re.sub(rf"[^{CHINESE}·]", "", text)
    return chinese[:10] or re.sub(r"[^A-Za-z .]", "", text)[:20].strip() or NOTHING


def _as_it_is(text: str) -> str:
    if not text:
        raise FieldRefused("the value is empty")
    return text


CLEANERS: dict[str, Callable[[str], str]] = {
    "thing": _cut(20),
    "short_thing": _cut(5),
    "keyword": _cut(20),
    "first": _cut(20),
    "remark": _cut(20),
    "character_string": _keep(r"[^\x21-\x7e ]", 32, empty=DASH),
    "number": _fits(r"-?\d{1,32}(\.\d+)?", drop=r"[,\s]"),
    "letter": _keep(r"[^A-Za-z]", 32),
    "symbol": _keep(r"[\w\s]", 5, empty=DASH),
    "amount": _fits(r"[¥$€£]?-?\d{1,10}(\.\d+)?元?", drop=r"[,\s]"),
    "time": _fits(rf"{MOMENT}(\s?~\s?{MOMENT})?"),
    "date": _fits(rf"{MOMENT}(\s?~\s?{MOMENT})?"),
    "phrase": _phrase,
    "name": _name,
    "phone_number": _keep(r"[^\d+\- ()]", 17, empty=DASH),
    "car_number": _cut(8),
}
