"""The rules of the tiers as the shop sets them: levels, how long a term is, what happens at its end. No database."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, Self

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.i18n import _
from shopapp.loyalty.ledger.rules import Life

CODE = re.compile(r"[a-z][a-z0-9_]{0,15}")
LEVELS_MAX = 8
NAME_MAX = 12
GROWTH_MAX = 10**9
MONTHS_MAX, DAYS_MIN, DAYS_MAX = 36, 7, 1096
GRACE_MAX = 90
PER_YUAN_MAX = 1000
WHOLE = 10_000
DISCOUNT_MIN, POINTS_MAX = 1_000, 100_000


class Mode(StrEnum):
    """How long a tier is held before it is looked at again: months or days from entry, or to the end of the next year."""

    ROLLING = "rolling"
    CALENDAR_YEAR = "calendar_year"
    DAYS = "days"


class Drop(StrEnum):
    """Where a member goes who did not keep a tier: one level down, or to the highest that their growth keeps."""

    ONE_STEP = "one_step"
    REPLACE = "replace"


@dataclass(frozen=True, kw_only=True)
class Benefits:
    """What a level gives. Basis points: a discount of 9500 is 5% off, 10000 none; points of 12000 are ×1.2."""

    discount_bp: int = WHOLE
    points_bp: int = WHOLE
    free_freight: bool = False


@dataclass(frozen=True, kw_only=True)
class Level:
    """`entry` growth reaches it, `keep` growth within a term holds it."""

    code: str
    name: str
    entry: int
    keep: int
    benefits: Benefits = Benefits()


@dataclass(frozen=True, kw_only=True)
class TierTerms:
    """One version of the rules. `length` is of months or days, 0 for calendar years; levels go up from what everybody has."""

    mode: Mode
    length: int
    levels: tuple[Level, ...]
    grace_days: int
    drop: Drop
    growth_per_yuan: int

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Raises `KeyError`, `TypeError`, `ValueError` for what `to_json` did not write."""
        levels = tuple(
            Level(**{**level, "benefits": Benefits(**level["benefits"])}) for level in kept["levels"]
        )
        return cls(**{**kept, "mode": Mode(kept["mode"]), "drop": Drop(kept["drop"]), "levels": levels})

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "levels": [asdict(level) for level in self.levels]}

    def rank(self, code: str) -> int | None:
        """Which level from below, beginning with 0; None for one that is not in these rules."""
        return self._ranks.get(code)

    @cached_property
    def _ranks(self) -> dict[str, int]:
        return {level.code: rank for rank, level in enumerate(self.levels)}

    def level(self, code: str) -> Level | None:
        rank = self.rank(code)
        return None if rank is None else self.levels[rank]

    def reached(self, growth: int) -> int:
        """The rank that this much growth reaches."""
        return max(bisect_right(self._entries, growth) - 1, 0)

    @cached_property
    def _entries(self) -> list[int]:
        return [level.entry for level in self.levels]

    def kept(self, growth: int) -> int:
        """The highest rank that this much growth holds."""
        return max((rank for rank, level in enumerate(self.levels) if level.keep <= growth), default=0)

    def end(self, start: datetime) -> datetime:
        """The end of a term that is entered now: the beginning of a day of shop time."""
        if self.mode is Mode.CALENDAR_YEAR:
            return _year(shop_day(start).year + 2)
        return _end(self.mode, self.length, shop_day(start))

    def next_end(self, old: datetime) -> datetime:
        """The end of the term that follows one that ended at `old`. A year that had begun already counts whole."""
        if self.mode is Mode.CALENDAR_YEAR:
            day = shop_day(old)
            return _year(day.year + (1 if (day.month, day.day) == (1, 1) else 2))
        return _end(self.mode, self.length, shop_day(old))

    def counting_from(self, *, start: datetime, end: datetime) -> datetime:
        """From when on growth counts for keeping a tier with this term: with calendar years, the last of them."""
        if self.mode is Mode.CALENDAR_YEAR:
            return max(start, _year(shop_day(end).year - 1))
        return start

    def stops_counting(self, at: datetime) -> datetime:
        """Until when growth of this time counts for reaching a tier."""
        if self.mode is Mode.CALENDAR_YEAR:
            return _year(shop_day(at).year + 1)
        return _end(self.mode, self.length, shop_day(at))

    def counts_since(self, at: datetime) -> datetime:
        """The earliest time whose growth counts for reaching a tier at this time."""
        day = shop_day(at)
        return _year(day.year) if self.mode is Mode.CALENDAR_YEAR else _since(self.mode, self.length, day)

    def grace_end(self, end: datetime) -> datetime:
        return day_start(shop_day(end) + timedelta(days=self.grace_days))


@lru_cache(maxsize=256)
def _year(number: int) -> datetime:
    return day_start(date(number, 1, 1))


# The same days come again and again over a million members.
@lru_cache(maxsize=8192)
def _end(mode: Mode, length: int, day: date) -> datetime:
    life = Life(months=length) if mode is Mode.ROLLING else Life(days=length)
    start = day_start(day)
    return life.end(start) or start


@lru_cache(maxsize=8192)
def _since(mode: Mode, length: int, day: date) -> datetime:
    """The beginning of the earliest day whose term has not ended on this day."""
    now = day_start(day)
    found = day - timedelta(days=length * 31 + 1 if mode is Mode.ROLLING else length + 1)
    while _end(mode, length, found) <= now:
        found += timedelta(days=1)
    return day_start(found)


DEFAULT = TierTerms(
    mode=Mode.ROLLING,
    length=12,
    levels=(
        Level(code="member", name="普通会员", entry=0, keep=0),
        Level(code="silver", name="银卡会员", entry=1_000, keep=800, benefits=Benefits(points_bp=11_000)),
        Level(code="gold", name="金卡会员", entry=5_000, keep=4_000, benefits=Benefits(points_bp=12_000)),
        Level(
            code="diamond",
            name="钻石会员",
            entry=20_000,
            keep=16_000,
            benefits=Benefits(points_bp=15_000, free_freight=True),
        ),
    ),
    grace_days=7,
    drop=Drop.ONE_STEP,
    growth_per_yuan=1,
)
"""Version 0: the rules of a shop that has set none. History rests on it, so it stays as it is."""


def problems(terms: TierTerms) -> dict[str, list[str]]:
    """What is wrong with these rules, by field; the fields of level N begin with `levels.N.`."""
    found: dict[str, list[str]] = {}

    def check(right: bool, field: str, message: str) -> None:
        if not right:
            found.setdefault(field, []).append(message)

    least, most = {
        Mode.ROLLING: (1, MONTHS_MAX),
        Mode.DAYS: (DAYS_MIN, DAYS_MAX),
        Mode.CALENDAR_YEAR: (0, 0),
    }[terms.mode]
    check(
        least <= terms.length <= most,
        "length",
        _("应在 %(least)s 到 %(most)s 之间。", least=least, most=most),
    )
    check(0 <= terms.grace_days <= GRACE_MAX, "grace_days", _("宽限最多 %(most)s 天。", most=GRACE_MAX))
    if terms.mode is Mode.DAYS:
        check(terms.grace_days < terms.length, "grace_days", _("宽限要比有效期短。"))
    elif terms.mode is Mode.ROLLING:
        check(terms.grace_days < 28 * terms.length, "grace_days", _("宽限要比有效期短。"))
    check(
        0 <= terms.growth_per_yuan <= PER_YUAN_MAX,
        "growth_per_yuan",
        _("应在 %(least)s 到 %(most)s 之间。", least=0, most=PER_YUAN_MAX),
    )
    check(1 <= len(terms.levels) <= LEVELS_MAX, "levels", _("等级要有 1 到 %(most)s 个。", most=LEVELS_MAX))
    for place, level in enumerate(terms.levels):
        for field, message in _level_problems(level, place=place, levels=terms.levels):
            check(False, f"levels.{place}.{field}", message)
    return found


def _level_problems(level: Level, *, place: int, levels: Sequence[Level]) -> list[tuple[str, str]]:
    below = levels[place - 1] if place else None
    perks = level.benefits
    rules = [
        (CODE.fullmatch(level.code) is not None, "code", _("代码用小写字母、数字和下划线，字母开头。")),
        (level.code not in {other.code for other in levels[:place]}, "code", _("和另一个等级重复了。")),
        (0 < len(level.name.strip()) <= NAME_MAX, "name", _("名称要有 1 到 %(most)s 个字。", most=NAME_MAX)),
        (level.name not in {other.name for other in levels[:place]}, "name", _("和另一个等级重复了。")),
        (place > 0 or level.entry == level.keep == 0, "entry", _("起步的等级人人都有，成长值填 0。")),
        (below is None or level.entry > below.entry, "entry", _("达到它要的成长值，要比下一级多。")),
        (level.entry <= GROWTH_MAX, "entry", _("数字太大。")),
        (0 <= level.keep <= level.entry, "keep", _("保级不能比达到它要得更多。")),
        (below is None or level.keep >= below.keep, "keep", _("保级要的成长值，不能比下一级少。")),
        (DISCOUNT_MIN <= perks.discount_bp <= WHOLE, "discount_bp", _("会员价要在 1 折到不打折之间。")),
        (WHOLE <= perks.points_bp <= POINTS_MAX, "points_bp", _("积分要在 1 到 10 倍之间。")),
    ]
    return [(field, message) for right, field, message in rules if not right]
