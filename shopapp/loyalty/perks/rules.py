"""What a perk can promise, in which periods it is granted, and whose birthday is near. No database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.ledger.rules import Life

NAME_MAX, HOW_MAX, CONTACT_NAME_MAX, CONTACT_TEXT_MAX = 20, 80, 20, 200
POINTS_MAX, WORTH_MAX = 1_000_000, Money(1_000_000)
COUPONS_MAX, PIECES_MAX = 6, 20
DAYS_BEFORE_MAX, CLAIM_DAYS_MAX, LIFE_MONTHS_MAX = 30, 366, 60
POSITION_MAX, TARGETS_MAX = 999, 20


class PerkKind(StrEnum):
    """Of what kind a promise is. The first three are the tier's own benefits, which are only shown here."""

    TIER_PRICE = "tier_price"
    POINTS_MULTIPLE = "points_multiple"
    FREE_FREIGHT = "free_freight"
    COUPON = "coupon"
    MONTHLY_PACK = "monthly_pack"
    BIRTHDAY_GIFT = "birthday_gift"
    POINTS = "points"
    CONTACT = "contact"


SHOWN = frozenset({PerkKind.TIER_PRICE, PerkKind.POINTS_MULTIPLE, PerkKind.FREE_FREIGHT})
DEFINED = tuple(kind for kind in PerkKind if kind not in SHOWN)


class Period(StrEnum):
    """How often a perk is granted; a term is that of the tier, or of the card."""

    ONCE = "once"
    MONTH = "month"
    YEAR = "year"
    TERM = "term"


FIXED = {
    PerkKind.MONTHLY_PACK: Period.MONTH,
    PerkKind.BIRTHDAY_GIFT: Period.YEAR,
    PerkKind.CONTACT: Period.ONCE,
}
"""Kinds whose period is no choice."""


class GrantStatus(StrEnum):
    """Where a grant stands. `merged`: another of the same person counts for its period."""

    GRANTED = "granted"
    RESERVED = "reserved"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    MERGED = "merged"


@dataclass(frozen=True, kw_only=True)
class PerkTerms:
    """What is given. A grant keeps the terms of the moment it was made.

    `coupons`: (public id, pieces). `worth`: what the gift counts for in what membership has saved, coupons left out, which
    count when they are used. `points_months` 0: they live for ever. `days_before`: how many days ahead of the birthday the
    gift comes. `claim_days`: for how many days it can be taken, counted from the birthday or from the grant; None for no
    end but the period's. `automatic`: given without being asked for.
    """

    points: int = 0
    points_months: int = 12
    worth: Money = ZERO
    coupons: tuple[tuple[str, int], ...] = ()
    days_before: int = 0
    claim_days: int | None = None
    automatic: bool = False
    contact_name: str = ""
    contact_text: str = ""

    def dump(self) -> dict[str, Any]:
        return {**vars(self), "worth": self.worth.fen, "coupons": [list(pair) for pair in self.coupons]}

    @classmethod
    def load(cls, kept: dict[str, Any]) -> Self:
        coupons = tuple((coupon_id, pieces) for coupon_id, pieces in kept["coupons"])
        return cls(**{**kept, "worth": Money(kept["worth"]), "coupons": coupons})

    @property
    def life(self) -> Life:
        return Life(months=self.points_months)


@dataclass(frozen=True, kw_only=True)
class PerkContent:
    """Everything a merchant decides about a perk: to whom (codes of tiers, ids of card plans), what, how often.

    `how` is one sentence on how to use it; without one it is written from the kind.
    """

    name: str
    kind: PerkKind
    period: Period
    terms: PerkTerms
    tiers: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    how: str = ""
    position: int = 0
    active: bool = True


def problems(content: PerkContent) -> dict[str, list[str]]:
    """What is wrong with each field; whether the tiers, plans and coupons exist is asked elsewhere."""
    found: dict[str, list[str]] = {}

    def check(right: bool, field: str, message: str) -> None:
        if not right:
            found.setdefault(field, []).append(message)

    named = 0 < len(content.name.strip()) <= NAME_MAX and is_plain(content.name)
    check(named, "name", _("名称须为 1 到 %(max)s 个字。", max=NAME_MAX))
    check(
        len(content.how) <= HOW_MAX and is_plain(content.how),
        "how",
        _("最多 %(max)s 个字，不能有换行。", max=HOW_MAX),
    )
    check(content.kind in DEFINED, "kind", _("会员价、积分倍数和包邮在等级里设置。"))
    aimed = 0 < len(content.tiers) + len(content.plans) <= TARGETS_MAX
    check(aimed, "tiers", _("请选择给哪些等级或会员卡。"))
    fixed = FIXED.get(content.kind, content.period)
    check(content.period is fixed, "period", _("这种权益的周期是固定的。"))
    check(0 <= content.position <= POSITION_MAX, "position", _("排序须为 0 到 %(max)s。", max=POSITION_MAX))
    for right, field, message in _terms_checks(content):
        check(right, field, message)
    return found


def _terms_checks(content: PerkContent) -> Iterator[tuple[bool, str, str]]:
    terms, kind = content.terms, content.kind
    pieces = [count for _coupon, count in terms.coupons]
    yield 0 <= terms.points <= POINTS_MAX, "points", _("积分最多 %(max)s。", max=POINTS_MAX)
    yield (
        0 <= terms.points_months <= LIFE_MONTHS_MAX,
        "points_months",
        _("须为 0 到 %(max)s 个月，0 是永久。", max=LIFE_MONTHS_MAX),
    )
    yield ZERO <= terms.worth <= WORTH_MAX, "worth_fen", _("金额须在 0 到 1 万元之间。")
    yield (
        len(pieces) <= COUPONS_MAX and sum(pieces) <= PIECES_MAX and all(count > 0 for count in pieces),
        "coupons",
        _("最多 %(kinds)s 种、共 %(pieces)s 张优惠券。", kinds=COUPONS_MAX, pieces=PIECES_MAX),
    )
    different = len({coupon for coupon, _count in terms.coupons}) == len(pieces)
    yield different, "coupons", _("同一种优惠券请写在一行，改张数。")
    if kind is PerkKind.COUPON:
        yield pieces == [1], "coupons", _("请选择一张优惠券。")
    if kind is PerkKind.MONTHLY_PACK:
        yield bool(pieces), "coupons", _("请至少选择一张优惠券。")
    if kind is PerkKind.POINTS:
        yield terms.points > 0, "points", _("请填写送多少积分。")
    if kind is PerkKind.BIRTHDAY_GIFT:
        yield terms.points > 0 or bool(pieces), "points", _("生日礼要送积分或优惠券，至少一样。")
        yield (
            0 <= terms.days_before <= DAYS_BEFORE_MAX,
            "days_before",
            _("提前 0 到 %(max)s 天。", max=DAYS_BEFORE_MAX),
        )
        yield terms.claim_days is not None, "claim_days", _("请填写生日后多少天内可以领取。")
    if kind is PerkKind.CONTACT:
        named = 0 < len(terms.contact_name.strip()) <= CONTACT_NAME_MAX and is_plain(terms.contact_name)
        yield named, "contact_name", _("名称须为 1 到 %(max)s 个字。", max=CONTACT_NAME_MAX)
        told = 0 < len(terms.contact_text.strip()) <= CONTACT_TEXT_MAX and is_plain(terms.contact_text)
        yield (
            told,
            "contact_text",
            _("请填写微信号或二维码里的链接，最多 %(max)s 个字。", max=CONTACT_TEXT_MAX),
        )
    if terms.claim_days is not None:
        yield (
            1 <= terms.claim_days <= CLAIM_DAYS_MAX,
            "claim_days",
            _("须为 1 到 %(max)s 天。", max=CLAIM_DAYS_MAX),
        )
        bounded = content.period in (Period.MONTH, Period.YEAR) and kind is not PerkKind.BIRTHDAY_GIFT
        yield not bounded, "claim_days", _("按月和按年的权益，当期结束就过期，不用填天数。")


@dataclass(frozen=True, kw_only=True)
class Span:
    """One period: `key` names it in the grants, it is over at `ends`, if ever."""

    key: str
    ends: datetime | None


def month_of(day: date) -> Span:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return Span(key=f"{day:%Y-%m}", ends=day_start(following))


def year_of(year: int) -> Span:
    return Span(key=str(year), ends=day_start(date(year + 1, 1, 1)))


def term_of(until: datetime | None) -> Span:
    """The term that ends then; what has no end is one term. An end names it, since a new beginning gives no new term."""
    return Span(key="term" if until is None else f"until {shop_day(until)}", ends=until)


def spans(period: Period, *, until: datetime | None, since: datetime | None, now: datetime) -> list[Span]:
    """The periods that have come since `since`, when grants were last made, and the present one, the oldest first.

    `until` is the end of the member's term.
    """
    if period is Period.ONCE:
        return [Span(key="once", ends=None)]
    if period is Period.TERM:
        return [term_of(until)]
    today = shop_day(now)
    first = min(today, shop_day(since)) if since is not None else today
    if period is Period.YEAR:
        return [year_of(year) for year in range(first.year, today.year + 1)]
    months = range(first.year * 12 + first.month - 1, today.year * 12 + today.month)
    return [month_of(date(number // 12, number % 12 + 1, 1)) for number in months]


def over_at(span: Span, terms: PerkTerms, *, now: datetime) -> datetime | None:
    """Until when what is granted now for this period can be taken; None for ever, and for what need not be taken."""
    if terms.automatic:
        return None
    if terms.claim_days is None:
        return span.ends
    last = day_start(shop_day(now) + timedelta(days=terms.claim_days))
    return last if span.ends is None else min(span.ends, last)


@dataclass(frozen=True, kw_only=True)
class Birthday:
    """One celebration: its gift comes on the day `given_on` and can be taken until `ends`, if it has to be taken."""

    day: date
    given_on: date
    span: Span
    ends: datetime | None


def celebration(day: date, terms: PerkTerms) -> Birthday:
    """The gift for a birthday on this day. It never comes in the year before, so that a calendar year has one gift."""
    given_on = max(day - timedelta(days=terms.days_before), date(day.year, 1, 1))
    last = day_start(day + timedelta(days=terms.claim_days or 1))
    return Birthday(
        day=day, given_on=given_on, span=year_of(day.year), ends=None if terms.automatic else last
    )


def celebrations(terms: PerkTerms, *, since: datetime | None, now: datetime) -> list[Birthday]:
    """The birthdays whose gift is due: those ahead by up to `days_before`, and those since gifts were last given.

    29 February is never among them: who was born on it celebrates on the 28th, every year.
    """
    today = shop_day(now)
    first = min(today, shop_day(since) + timedelta(days=1)) if since is not None else today
    count = (today - first).days + terms.days_before + 1
    days = (first + timedelta(days=number) for number in range(count))
    found = [celebration(day, terms) for day in days if (day.month, day.day) != (2, 29)]
    return [one for one in found if one.given_on <= today]
