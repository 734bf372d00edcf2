"""Perks in words: what they give, how to use them, and where a grant stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shopapp.kernel.clock import shop_day
from shopapp.kernel.i18n import _, _l, day, language, month_day
from shopapp.loyalty.coupons import words as coupon_words
from shopapp.loyalty.coupons.content import CouponContent
from shopapp.loyalty.tiers.terms import WHOLE, Benefits

from .queries import GrantView
from .rules import GrantStatus, Period, PerkContent, PerkKind, PerkTerms

KINDS: dict[PerkKind, Any] = {
    PerkKind.TIER_PRICE: _l("会员价"),
    PerkKind.POINTS_MULTIPLE: _l("积分倍数"),
    PerkKind.FREE_FREIGHT: _l("包邮"),
    PerkKind.COUPON: _l("优惠券"),
    PerkKind.MONTHLY_PACK: _l("每月礼包"),
    PerkKind.BIRTHDAY_GIFT: _l("生日礼"),
    PerkKind.POINTS: _l("送积分"),
    PerkKind.CONTACT: _l("专属客服"),
}
PERIODS: dict[Period, Any] = {
    Period.ONCE: _l("一次"),
    Period.MONTH: _l("每月一次"),
    Period.YEAR: _l("每年一次"),
    Period.TERM: _l("每个会员期一次"),
}
STATUSES: dict[GrantStatus, Any] = {
    GrantStatus.GRANTED: _l("待领取"),
    GrantStatus.RESERVED: _l("使用中"),
    GrantStatus.REDEEMED: _l("已领取"),
    GrantStatus.EXPIRED: _l("已过期"),
    GrantStatus.REVOKED: _l("已收回"),
    GrantStatus.MERGED: _l("合并时并作一份"),
}
BENEFIT_HOWS: dict[PerkKind, Any] = {
    PerkKind.TIER_PRICE: _l("下单时自动按会员价算，不用领取。"),
    PerkKind.POINTS_MULTIPLE: _l("下单时自动多算积分，不用领取。"),
    PerkKind.FREE_FREIGHT: _l("下单时自动免运费，不用领取。"),
}


def benefits(given: Benefits) -> dict[PerkKind, str]:
    """What a tier itself gives, kind by kind: 95 折, 1.2 倍积分, 包邮."""
    found = {}
    if given.discount_bp < WHOLE:
        rate = (
            f"{(WHOLE - given.discount_bp) / 100:g}"
            if language() == "en"
            else f"{given.discount_bp / 1000:g}"
        )
        found[PerkKind.TIER_PRICE] = _("全店 %(rate)s 折", rate=rate)
    if given.points_bp > WHOLE:
        found[PerkKind.POINTS_MULTIPLE] = _("%(times)s 倍积分", times=f"{given.points_bp / WHOLE:g}")
    if given.free_freight:
        found[PerkKind.FREE_FREIGHT] = _("每单包邮")
    return found


def gives(terms: PerkTerms, coupons: Mapping[str, CouponContent]) -> str:
    """100 积分 + 满 100 元减 10 元（2 张）"""
    parts = [_("%(points)s 积分", points=f"{terms.points:,}")] if terms.points else []
    for coupon_id, pieces in terms.coupons:
        coupon = coupons.get(coupon_id)
        promise = coupon_words.promise(coupon.terms) if coupon is not None else _("优惠券")
        parts.append(_("%(what)s（%(pieces)s 张）", what=promise, pieces=pieces) if pieces > 1 else promise)
    if terms.contact_name:
        parts.append(terms.contact_name)
    return " + ".join(parts)


def how(content: PerkContent) -> str:
    """One sentence on how to use a perk: the merchant's own, else by its kind."""
    if content.how:
        return content.how
    terms = content.terms
    if content.kind is PerkKind.CONTACT:
        return _("加上微信，有事直接问。")
    if content.kind is PerkKind.BIRTHDAY_GIFT:
        return _birthday(terms)
    if content.kind is PerkKind.POINTS:
        return _("自动到账，不用领取。") if terms.automatic else _("点“领取”，积分马上到账。")
    if terms.automatic:
        return _("自动放进您的优惠券，下单时选用。")
    return _("点“领取”放进您的优惠券，下单时选用。")


def _birthday(terms: PerkTerms) -> str:
    ahead = _("生日前 %(days)s 天发放", days=terms.days_before) if terms.days_before else _("生日当天发放")
    if terms.automatic:
        return _("%(ahead)s，自动到账。", ahead=ahead)
    return _("%(ahead)s，生日起 %(days)s 天内点“领取”。", ahead=ahead, days=terms.claim_days or 1)


def period(key: str) -> str:
    """The period of a grant: 2026-11, 2026, once, or a term by its end."""
    if key == "once":
        return str(PERIODS[Period.ONCE])
    if key == "term":
        return _("会员期")
    until = key.removeprefix("until ")
    return _("会员期到 %(day)s", day=until) if until != key else key


def state(grant: GrantView | None) -> str:
    """Where somebody's grant stands, for themselves; empty where there is nothing to say."""
    if grant is None:
        return ""
    if grant.status is GrantStatus.REDEEMED and grant.redeemed_at is not None:
        return _("%(day)s 已领取", day=month_day(grant.redeemed_at))
    if grant.status is not GrantStatus.GRANTED:
        return str(STATUSES[grant.status])
    return (
        _("待领取") if grant.valid_until is None else last_day(grant.valid_until, seen_from=grant.granted_at)
    )


def last_day(until: datetime, *, seen_from: datetime) -> str:
    """11月30日 截止; with the year if it is another one."""
    last = until - timedelta(seconds=1)
    same = shop_day(last).year == shop_day(seen_from).year
    return _("%(day)s 截止", day=month_day(last) if same else day(last))


def audience(content: PerkContent, *, levels: Mapping[str, str], plans: Mapping[str, str]) -> str:
    """金卡会员、钻石会员、年卡: whom a perk is for, by the names of tiers and plans."""
    names = [levels.get(code, code) for code in content.tiers]
    names += [plans.get(plan_id, plan_id) for plan_id in content.plans]
    return _("、").join(names)


def sentence(content: PerkContent, *, whom: str, coupons: Mapping[str, CouponContent]) -> str:
    """The whole rule as one sentence for staff."""
    what = gives(content.terms, coupons)
    if content.kind is PerkKind.CONTACT:
        return _("给%(whom)s：专属客服 %(what)s", whom=whom, what=what)
    if content.kind is PerkKind.BIRTHDAY_GIFT:
        return _("给%(whom)s，生日时：%(what)s", whom=whom, what=what)
    return _("给%(whom)s，%(period)s：%(what)s", whom=whom, period=PERIODS[content.period], what=what)
