"""Coupons in words: how much, on what condition, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shopapp.kernel.i18n import _, _l, day, language, month_day
from shopapp.kernel.money import Money

from .content import CouponContent, Giving, Moment, Period
from .rules import WHOLE_BP, CouponKind, CouponTerms, Scope

BP_OF_ZHE = 1_000

KINDS: dict[CouponKind, Any] = {
    CouponKind.AMOUNT: _l("满减券"),
    CouponKind.PERCENT: _l("折扣券"),
    CouponKind.FREE_FREIGHT: _l("免运费券"),
    CouponKind.GIFT: _l("赠品券"),
    CouponKind.EXCHANGE: _l("换购券"),
}
GIVINGS: dict[Giving, Any] = {
    Giving.CLAIM: _l("领券中心自己领"),
    Giving.CODE: _l("凭兑换码领"),
    Giving.PUSH: _l("到时自动发"),
    Giving.PERK: _l("作为会员权益发"),
    Giving.STAFF: _l("店里的人发"),
    Giving.POINTS: _l("积分兑换"),
}
MOMENTS: dict[Moment, Any] = {Moment.JOINED: _l("入会时"), Moment.FIRST_ORDER: _l("第一张订单过了售后期时")}
PERIODS: dict[Period, Any] = {Period.DAY: _l("每天"), Period.WEEK: _l("每周"), Period.MONTH: _l("每月")}


def yuan(amount: Money) -> str:
    """3000 -> 30, 3050 -> 30.50"""
    return str(amount.fen // 100) if amount.fen % 100 == 0 else str(amount)


def value_parts(terms: CouponTerms) -> dict[str, str]:
    """What stands big on the coupon: {before, figure, after}."""
    if terms.kind in (CouponKind.AMOUNT, CouponKind.EXCHANGE):
        return {"before": "¥", "figure": yuan(terms.value), "after": ""}
    if terms.kind is CouponKind.PERCENT:
        return {"before": "", "figure": _rate(terms), "after": _("折")}
    return {
        "before": "",
        "figure": _("包邮") if terms.kind is CouponKind.FREE_FREIGHT else _("赠品"),
        "after": "",
    }


def _rate(terms: CouponTerms) -> str:
    """8500 basis points: 8.5 tenths to pay in Chinese, 15 of a hundred off in English."""
    if language() == "en":
        return f"{(WHOLE_BP - terms.basis_points) / 100:g}"
    return f"{terms.basis_points / BP_OF_ZHE:g}"


def promise(terms: CouponTerms) -> str:
    """满 200 元减 30 元 · 满 99 元打 8.5 折，最多减 50 元 …"""
    least = yuan(terms.minimum) if terms.minimum else ""
    rate = _rate(terms)
    cap = yuan(terms.cap) if terms.cap else ""
    value = yuan(terms.value)
    with_least: dict[CouponKind, str] = {
        CouponKind.AMOUNT: _("满 %(least)s 元减 %(value)s 元", least=least, value=value),
        CouponKind.PERCENT: _(
            "满 %(least)s 元打 %(rate)s 折，最多减 %(cap)s 元", least=least, rate=rate, cap=cap
        ),
        CouponKind.FREE_FREIGHT: _("满 %(least)s 元免运费", least=least),
        CouponKind.GIFT: _("满 %(least)s 元送一件赠品", least=least),
        CouponKind.EXCHANGE: _("满 %(least)s 元可用 %(value)s 元换购一件", least=least, value=value),
    }
    without: dict[CouponKind, str] = {
        CouponKind.AMOUNT: _("减 %(value)s 元，没有门槛", value=value),
        CouponKind.PERCENT: _("打 %(rate)s 折，最多减 %(cap)s 元", rate=rate, cap=cap),
        CouponKind.FREE_FREIGHT: _("免运费，没有门槛"),
        CouponKind.GIFT: _("下单送一件赠品"),
        CouponKind.EXCHANGE: _("%(value)s 元换购一件", value=value),
    }
    return (with_least if least else without)[terms.kind]


def conditions(terms: CouponTerms) -> str:
    """One sentence: what it promises, for which goods, and whether beside a member price."""
    beside = _("可与会员价同享") if terms.with_tier_price else _("不与会员价同享")
    return _("，").join([promise(terms), goods(terms), beside])


def goods(terms: CouponTerms) -> str:
    if terms.scope is Scope.ALL:
        return _("全店可用")
    if terms.excludes:
        return _("部分商品除外")
    return _("限指定商品") if terms.scope is Scope.PRODUCTS else _("限指定分类")


def lasts(*, valid_from: datetime, valid_until: datetime, now: datetime) -> str:
    """Until when a coupon that somebody holds can be used; the end itself is the first moment after."""
    last = _last_day(valid_until)
    if valid_from > now:
        return _("%(first)s 起可用，到 %(last)s", first=day(valid_from), last=last)
    return _("有效期到 %(last)s", last=last)


def validity_words(content: CouponContent) -> str:
    """For how long it will be valid, as the offer says."""
    if content.valid_days is not None:
        return _("领取后 %(days)s 天内有效", days=content.valid_days)
    if content.valid_until is None:
        return ""
    last = _last_day(content.valid_until)
    if content.valid_from is None:
        return _("有效期到 %(last)s", last=last)
    return _("%(first)s 到 %(last)s 有效", first=day(content.valid_from), last=last)


def limit_words(content: CouponContent) -> str:
    """每人限领 1 张，每月 1 张"""
    parts = []
    if content.per_person is not None:
        parts.append(_("每人限领 %(count)s 张", count=content.per_person))
    if content.per_period is not None and content.period is not None:
        parts.append(
            _("%(period)s限领 %(count)s 张", period=PERIODS[content.period], count=content.per_period)
        )
    return _("，").join(parts)


def begins(moment: datetime) -> str:
    return _("%(day)s 开始领取", day=month_day(moment))


def _last_day(until: datetime) -> str:
    """The last day on which something holds that ends before this moment."""
    return day(until - timedelta(seconds=1))
