"""The member card: plain values for `tiers/_card.html` and the page behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopapp.kernel.i18n import _, last_day

from . import words
from .files import MemberFile, file_of


def card(*, customer_id: int, now: datetime) -> dict[str, Any] | None:
    """What `tiers/_card.html` shows; None for who is no member."""
    file = file_of(customer_id=customer_id, now=now)
    return None if file is None else card_of(file)


def card_of(file: MemberFile) -> dict[str, Any]:
    history = file.history
    above = history.next
    return {
        "code": history.level.code,
        "name": history.level.name,
        "level": history.rank,
        "growth": history.growth,
        "until_text": _("有效期到 %(until)s", until=last_day(history.current.until))
        if history.current.until
        else "",
        "bar": None if above is None else _bar(history.growth, above.level.entry, above.level.name),
        "next_text": words.next_text(file) or _("已经是本店的顶层等级。"),
        "keep_text": words.keep_text(file),
        "benefits": words.benefit_texts(history.level.benefits),
        "url": "/me/tier",
    }


def _bar(growth: int, entry: int, name: str) -> dict[str, Any]:
    text = _("成长值 %(growth)s，升为%(name)s要 %(entry)s", growth=growth, name=name, entry=entry)
    return {"value": min(growth, entry), "max": entry, "text": text}
