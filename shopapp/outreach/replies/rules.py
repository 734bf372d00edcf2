"""Which of the keyword replies fits a text, and what makes a rule good."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.i18n import _

from .models import Match, ReplyKind

KEYWORD_LENGTH_MAX = 60
REPLY_LENGTH_MAX = 600
TITLE_LENGTH_MAX = 64
URL_LENGTH_MAX = 512
PRIORITY_MAX = 99
DAY_MINUTES = 1440


@dataclass(frozen=True, kw_only=True)
class RuleContent:
    """What a rule says. `reply` is the text, or the words below an article's title; `picture` one of our files.

    `from_minute` and `until_minute` are of the shop's day; the rule answers past midnight where the first is the larger.
    """

    keyword: str
    match: Match
    reply: str = ""
    kind: ReplyKind = ReplyKind.TEXT
    title: str = ""
    url: str = ""
    picture: str = ""
    priority: int = 0
    from_minute: int = 0
    until_minute: int = DAY_MINUTES


class Rule(Protocol):
    """A word, how it is looked for, and when it answers."""

    @property
    def keyword(self) -> str: ...

    @property
    def match(self) -> Match: ...

    @property
    def priority(self) -> int: ...

    @property
    def from_minute(self) -> int: ...

    @property
    def until_minute(self) -> int: ...


R = TypeVar("R", bound=Rule)


def plain(text: str) -> str:
    """The form in which texts are compared: full-width letters, capitals and blanks make no difference."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def rank(rule: Rule) -> tuple[int, bool, int, bool, str]:
    """Of several rules that fit, the one with the highest rank answers: the higher priority, then the whole text before a
    part of it, a longer part before a shorter one, one with hours before one for all day."""
    return rule.priority, rule.match is Match.EXACT, len(rule.keyword), not all_day(rule), rule.keyword


def all_day(rule: Rule) -> bool:
    return (rule.from_minute, rule.until_minute) == (0, DAY_MINUTES)


def minute_of(moment: datetime) -> int:
    """The minute of the shop's day, 0 to 1439."""
    local = moment.astimezone(SHOP_ZONE)
    return local.hour * 60 + local.minute


def answers_at(rule: Rule, minute: int) -> bool:
    if rule.from_minute < rule.until_minute:
        return rule.from_minute <= minute < rule.until_minute
    return minute >= rule.from_minute or minute < rule.until_minute


def pick(text: str, rules: Iterable[R], *, minute: int | None = None) -> R | None:
    """The rule that answers this text at this minute of the shop's day, or at any, if one fits."""
    said = plain(text)
    if not said:
        return None
    fitting = [
        rule
        for rule in rules
        if (rule.keyword == said if rule.match is Match.EXACT else rule.keyword in said)
        and (minute is None or answers_at(rule, minute))
    ]
    return max(fitting, key=rank, default=None)


def problems(content: RuleContent) -> dict[str, list[str]]:
    """What is wrong with a rule, by field; its keyword is in the plain form already."""
    wrong: dict[str, list[str]] = {}
    if not 0 < len(content.keyword) <= KEYWORD_LENGTH_MAX:
        wrong["keyword"] = [_("请填写关键词，最多 60 个字。")]
    words = len(content.reply)
    if words > REPLY_LENGTH_MAX or (content.kind is ReplyKind.TEXT and not words):
        wrong["reply"] = [_("请填写回复内容，最多 600 个字。")]
    if content.kind is ReplyKind.PICTURE and not content.picture:
        wrong["picture"] = [_("请上传要回复的图片。")]
    if content.kind is ReplyKind.ARTICLE:
        wrong |= _article_problems(content)
    if not 0 <= content.priority <= PRIORITY_MAX:
        wrong["priority"] = [_("优先级填 0 到 %(most)s。", most=PRIORITY_MAX)]
    if not _hours_fit(content):
        wrong["from"] = [_("开始和结束不能是同一个时间。")]
    return wrong


def _article_problems(content: RuleContent) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if not 0 < len(content.title) <= TITLE_LENGTH_MAX:
        wrong["title"] = [_("请填写标题，最多 %(max)s 个字。", max=TITLE_LENGTH_MAX)]
    whole = content.url.startswith(("https://", "http://", "/")) and not content.url.startswith("//")
    if not whole or len(content.url) > URL_LENGTH_MAX or any(sign.isspace() for sign in content.url):
        wrong["url"] = [_("请填写网址，以 https:// 开头，店内页面以 / 开头。")]
    return wrong


def _hours_fit(content: RuleContent) -> bool:
    inside = 0 <= content.from_minute < DAY_MINUTES and 0 < content.until_minute <= DAY_MINUTES
    return inside and content.from_minute != content.until_minute
