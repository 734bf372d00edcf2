"""The form of a keyword reply: read, filled, and its hours in words."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, half_width
from shopapp.store.catalogue import console as catalogue

from . import rules
from .models import KeywordReply, Match, ReplyKind
from .rules import DAY_MINUTES, RuleContent

MATCHES: dict[str, Any] = {Match.CONTAINS.value: _l("包含"), Match.EXACT.value: _l("完全一样")}
KINDS: dict[str, Any] = {
    ReplyKind.TEXT.value: _l("文字"),
    ReplyKind.PICTURE.value: _l("图片"),
    ReplyKind.ARTICLE.value: _l("图文链接"),
}
CLOCK = re.compile(r"([01]?\d|2[0-4])[:：]([0-5]\d)", re.ASCII)


def empty(*, keyword: str) -> Form:
    values = {"keyword": keyword, "match": Match.CONTAINS.value, "kind": ReplyKind.TEXT.value, "priority": 0}
    return Form.filled(values | {"from": "", "until": ""})


def filled(row: KeywordReply) -> Form:
    picture = catalogue.picture(file=row.picture) if row.picture else None
    limited = not rules.all_day(row)
    return Form.filled(
        {
            "keyword": row.keyword,
            "match": row.match.value,
            "kind": row.kind.value,
            "reply": row.reply,
            "title": row.title,
            "url": row.url,
            "picture": picture.id if picture else "",
            "priority": row.priority,
            "from": clock_words(row.from_minute) if limited else "",
            "until": clock_words(row.until_minute % DAY_MINUTES) if limited else "",
        }
    )


def rule(form: Form) -> RuleContent:
    """What was sent. Raises `Invalid`."""
    match, kind = form.choice("match", MATCHES), form.choice("kind", KINDS)
    picture = catalogue.picture(public_id=form.value("picture")) if form.value("picture") else None
    begins, ends = _minute(form, "from"), _minute(form, "until")
    if (begins is None) != (ends is None):
        form.wrong("from", _("开始和结束时间要一起填，或者都留空。"))
    told = form.value("priority").strip()
    priority = form.whole("priority", least=0, most=rules.PRIORITY_MAX) if told else 0
    texts = {
        "reply": form.text("reply", longest=rules.REPLY_LENGTH_MAX),
        "title": form.text("title", longest=rules.TITLE_LENGTH_MAX),
        "url": form.text("url", longest=rules.URL_LENGTH_MAX),
    }
    keyword = form.text("keyword", longest=rules.KEYWORD_LENGTH_MAX, needed=True)
    form.check()
    return RuleContent(
        keyword=keyword,
        match=Match(match),
        kind=ReplyKind(kind),
        picture="" if picture is None or kind == ReplyKind.TEXT.value else picture.file,
        priority=priority,
        from_minute=0 if begins is None else begins % DAY_MINUTES,
        until_minute=ends or DAY_MINUTES,
        **texts,
    )


def _minute(form: Form, name: str) -> int | None:
    """18:30 -> 1110; None where nothing is written."""
    text = half_width(form.value(name))
    if not text:
        return None
    fit = CLOCK.fullmatch(text)
    minute = int(fit[1]) * 60 + int(fit[2]) if fit else DAY_MINUTES + 1
    if minute > DAY_MINUTES:
        form.wrong(name, _("请填写时间，例如 18:30。"))
        return 0
    return minute


def clock_words(minute: int) -> str:
    """1110 -> 18:30"""
    return f"{minute // 60:02}:{minute % 60:02}"


def hours_of(row: rules.Rule) -> str:
    """全天, 18:30–次日 09:00"""
    if rules.all_day(row):
        return _("全天")
    begins, ends = clock_words(row.from_minute), clock_words(row.until_minute)
    if row.from_minute < row.until_minute:
        return f"{begins}–{ends}"
    return _("%(begins)s–次日 %(ends)s", begins=begins, ends=ends)


def moment_of(text: str, *, now: datetime) -> datetime:
    """Today at this time of the shop; now where it is no time."""
    fit = CLOCK.fullmatch(half_width(text))
    if fit is None or fit[1] == "24":
        return now
    return day_start(shop_day(now)) + timedelta(hours=int(fit[1]), minutes=int(fit[2]))


def audited(row: KeywordReply) -> dict[str, Any]:
    """What the trail of changes tells of a rule."""
    values: dict[str, Any] = {
        "keyword": row.keyword,
        "match": row.match.value,
        "kind": row.kind.value,
        "reply": row.reply,
    }
    values |= {"title": row.title, "url": row.url, "picture": row.picture[:12], "priority": row.priority}
    return values | {"hours": hours_of(row)}
