"""The points mall in words."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _, _l, month_day
from shopapp.kernel.money import Money

from .queries import MallOffer
from .rules import MallContent, MallKind, Standing

KINDS: dict[MallKind, Any] = {MallKind.GOODS: _l("商品"), MallKind.COUPON: _l("优惠券")}


def price_text(*, points: int, cash: Money) -> str:
    """500 积分 + ¥9.90"""
    told = _("%(n)s 积分", n=f"{points:,}")
    return f"{told} + ¥{cash}" if cash else told


def limit_text(content: MallContent) -> str:
    """每人限兑 2 份，每人每月限兑 1 份"""
    parts = []
    if content.per_person is not None:
        parts.append(_("每人限兑 %(count)s 份", count=content.per_person))
    if content.per_month is not None:
        parts.append(_("每人每月限兑 %(count)s 份", count=content.per_month))
    return _("，").join(parts)


def left_text(offer: MallOffer) -> str:
    return "" if offer.left is None else _("剩 %(count)s 份", count=offer.left)


def tier_text(offer: MallOffer) -> str:
    return _("%(tier)s及以上", tier=offer.tier_name) if offer.tier_name else ""


def state_text(offer: MallOffer) -> str:
    """Why it cannot be taken now, points included; empty when it can."""
    if offer.standing is Standing.SOON and offer.content.starts_at is not None:
        return _("%(day)s 开始兑换", day=month_day(offer.content.starts_at))
    words = {
        Standing.GONE: _("已兑完"),
        Standing.LIMIT: _("已到限兑"),
        Standing.TIER: _("限%(tier)s及以上", tier=offer.tier_name),
    }
    if offer.standing in words:
        return words[offer.standing]
    if offer.missing:
        return _("还差 %(n)s 积分", n=f"{offer.missing:,}")
    return ""


def offering_state(active: bool, standing: Standing) -> tuple[str, str]:
    """(words, tone) for the merchant: whether it is offered, and if not, why."""
    if not active:
        return _("已停用"), "warn"
    return {
        Standing.CLOSED: (_("兑不了：已结束，或东西已下架、停发、低于加的钱"), "bad"),
        Standing.SOON: (_("未开始"), ""),
        Standing.GONE: (_("已兑完"), "warn"),
    }.get(standing, (_("兑换中"), "good"))
