"""What a coupon can be: what a merchant writes about it, what can be wrong with that, and how long it lasts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _
from shopapp.kernel.ids import ALPHABET, ID_LENGTH
from shopapp.kernel.money import ZERO, Money

from .rules import CouponKind, CouponTerms, Scope

NAME_MAX = 30
VALUE_MAX = Money(10_000_000)
COUNT_MAX = 10_000_000
DAYS_MAX = 3650
SCOPE_IDS_MAX = 200
LOWEST_BP, HIGHEST_BP = 100, 9_900
CODE = re.compile(r"[A-Z0-9\u4e00-\u9fff]{4,24}")
PUBLIC_ID = re.compile(f"[{ALPHABET}]{{{ID_LENGTH}}}")


class CouponStatus(StrEnum):
    """Where a coupon of a customer stands."""

    AVAILABLE = "available"
    HELD = "held"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Giving(StrEnum):
    """How a coupon reaches people: taken in the coupon centre, by a code, by itself at a moment, or handed out by a perk,
    by staff, or in the points mall."""

    CLAIM = "claim"
    CODE = "code"
    PUSH = "push"
    PERK = "perk"
    STAFF = "staff"
    POINTS = "points"


class Moment(StrEnum):
    """What a pushed coupon waits for."""

    JOINED = "joined"
    FIRST_ORDER = "first_order"


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True)
class CouponContent:
    """Everything a merchant decides about a coupon.

    None for `stock`, `per_person`, `per_period` means without a limit; `claim_from` and `claim_until` bound taking it
    oneself. Valid from `valid_from` to before `valid_until`, or for `valid_days` days once given: one of the two.
    """

    terms: CouponTerms
    giving: Giving
    moment: Moment | None = None
    stock: int | None = None
    per_person: int | None = 1
    per_period: int | None = None
    period: Period | None = None
    claim_from: datetime | None = None
    claim_until: datetime | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    valid_days: int | None = None


@dataclass
class _Problems:
    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        self.found.setdefault(name, []).append(text)

    def unless(self, good: bool, name: str, text: str) -> None:
        if not good:
            self.add(name, text)


def problems(content: CouponContent) -> dict[str, list[str]]:
    """What is wrong with each field; empty when the coupon can be offered."""
    wrong = _Problems()
    _check_terms(content.terms, wrong)
    _check_scope(content.terms, wrong)
    _check_giving(content, wrong)
    _check_times(content, wrong)
    return wrong.found


def _check_terms(terms: CouponTerms, wrong: _Problems) -> None:
    named = terms.name.strip() and len(terms.name) <= NAME_MAX and is_plain(terms.name)
    wrong.unless(bool(named), "name", _("名称须为 1 到 %(max)s 个字。", max=NAME_MAX))
    wrong.unless(ZERO <= terms.minimum <= VALUE_MAX, "minimum", _("金额须在 0 到 10 万元之间。"))
    if terms.kind is CouponKind.AMOUNT:
        wrong.unless(ZERO < terms.value <= VALUE_MAX, "value", _("请填写减多少元，大于 0，不超过 10 万。"))
    if terms.kind is CouponKind.PERCENT:
        good = LOWEST_BP <= terms.basis_points <= HIGHEST_BP
        wrong.unless(good, "basis_points", _("折扣须在 0.1 折到 9.9 折之间。"))
        capped = terms.cap is not None and ZERO < terms.cap <= VALUE_MAX
        wrong.unless(capped, "cap", _("请填写最多减多少元，以免一单减得太多。"))
    if terms.kind in (CouponKind.GIFT, CouponKind.EXCHANGE):
        known = terms.sku_id is not None and PUBLIC_ID.fullmatch(terms.sku_id) is not None
        wrong.unless(known, "sku_id", _("请选择一个商品款式。"))
    if terms.kind is CouponKind.EXCHANGE:
        wrong.unless(ZERO <= terms.value <= VALUE_MAX, "value", _("金额须在 0 到 10 万元之间。"))


def _check_scope(terms: CouponTerms, wrong: _Problems) -> None:
    if terms.scope is Scope.ALL:
        wrong.unless(not terms.scope_ids, "scope_ids", _("全店可用的优惠券不用选商品或分类。"))
        return
    wrong.unless(
        0 < len(terms.scope_ids) <= SCOPE_IDS_MAX,
        "scope_ids",
        _("请选择 1 到 %(max)s 个商品或分类。", max=SCOPE_IDS_MAX),
    )
    odd = [one for one in terms.scope_ids if not PUBLIC_ID.fullmatch(one)]
    wrong.unless(not odd, "scope_ids", _("没有这个编号：%(ids)s", ids="、".join(odd[:3])))


def _check_giving(content: CouponContent, wrong: _Problems) -> None:
    pushed = content.giving is Giving.PUSH
    wrong.unless(pushed is (content.moment is not None), "moment", _("自动发放要选在什么时候发。"))
    for name, count in (
        ("stock", content.stock),
        ("per_person", content.per_person),
        ("per_period", content.per_period),
    ):
        good = count is None or 1 <= count <= COUNT_MAX
        wrong.unless(good, name, _("请填写 1 到 %(max)s 的整数，不限就空着。", max=COUNT_MAX))
    both = (content.per_period is None) is (content.period is None)
    wrong.unless(both, "per_period", _("每天、每周或每月领几张，两项要一起填。"))


def _check_times(content: CouponContent, wrong: _Problems) -> None:
    by_days = content.valid_days is not None
    if by_days is (content.valid_until is not None) or (by_days and content.valid_from is not None):
        wrong.add("valid_until", _("请填写使用期限：一段日期，或领取后几天，二选一。"))
    if content.valid_days is not None:
        good = 1 <= content.valid_days <= DAYS_MAX
        wrong.unless(good, "valid_days", _("请填写 1 到 %(max)s 的整数。", max=DAYS_MAX))
    for first, last, name in (
        (content.valid_from, content.valid_until, "valid_until"),
        (content.claim_from, content.claim_until, "claim_until"),
    ):
        ordered = first is None or last is None or first < last
        wrong.unless(ordered, name, _("结束要晚于开始。"))


def validity(
    *, valid_from: datetime | None, valid_until: datetime | None, valid_days: int | None, now: datetime
) -> tuple[datetime, datetime]:
    """(first moment, first moment after) of a coupon given now. N days end with the N-th day of shop time after today."""
    if valid_days is not None:
        return now, clock.day_start(clock.shop_day(now) + timedelta(days=valid_days + 1))
    if valid_until is None:
        raise ValueError("a coupon without an end")
    return (now if valid_from is None else max(valid_from, now)), valid_until


def period_start(period: Period | None, *, now: datetime) -> datetime:
    """When the day, the week (from Monday) or the month of shop time began; the day's for no period."""
    day = clock.shop_day(now)
    if period is Period.WEEK:
        day -= timedelta(days=day.weekday())
    if period is Period.MONTH:
        day = day.replace(day=1)
    return clock.day_start(day)


def fold_code(text: str) -> str:
    """A code as it is compared: full-width letters, case, blanks and dashes do not matter."""
    return re.sub(r"[\s\-‐-―_]", "", unicodedata.normalize("NFKC", text)).upper()


def code_in_groups(code: str) -> str:
    """ABCD2345EFGH -> ABCD-2345-EFGH, as it is printed."""
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def columns(content: CouponContent) -> dict[str, Any]:
    """The content as the columns of a coupon."""
    values = {name: getattr(content, name) for name in content.__dataclass_fields__ if name != "terms"}
    terms = content.terms
    return {**{name: getattr(terms, name) for name in terms.__dataclass_fields__}, **values} | {
        "scope_ids": list(terms.scope_ids)
    }
