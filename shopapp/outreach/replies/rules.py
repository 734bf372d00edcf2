"""Which of the keyword replies fits a text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Protocol, TypeVar

from .models import Match


class Rule(Protocol):
    """A word and how it is looked for."""

    @property
    def keyword(self) -> str: ...

    @property
    def match(self) -> Match: ...

    @property
    def reply(self) -> str: ...


R = TypeVar("R", bound=Rule)


def plain(text: str) -> str:
    """The form in which texts are compared: full-width letters, capitals and blanks make no difference."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def rank(rule: Rule) -> tuple[bool, int, str]:
    """Of several rules that fit, the one with the highest rank answers: the whole text before a part of it, a longer part
    before a shorter one."""
    return rule.match is Match.EXACT, len(rule.keyword), rule.keyword


def pick(text: str, rules: Iterable[R]) -> R | None:
    """The rule that answers this text, if one fits."""
    said = plain(text)
    if not said:
        return None
    fitting = [
        rule
        for rule in rules
        if (rule.keyword == said if rule.match is Match.EXACT else rule.keyword in said)
    ]
    return max(fitting, key=rank, default=None)


def choose(text: str, rules: Iterable[Rule]) -> str | None:
    """The reply to this text."""
    rule = pick(text, rules)
    return None if rule is None else rule.reply
