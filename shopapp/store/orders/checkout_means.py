"""The checkout's choice of coupons, points and wallet: kept in its address, so that it works without script too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import request

from shopapp.kernel.i18n import _, month_day
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons.rules import Effect
from shopapp.loyalty.coupons.words import promise
from shopapp.members.identity.queries import SignedIn
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.pricing import choices
from shopapp.store.pricing import queries as pricing
from shopapp.store.pricing.choices import CouponChoice, PointsChoice
from shopapp.store.pricing.queries import Asked, Priced
from shopapp.store.pricing.rules import Quote

PATH = "/checkout"
NONE = "none"
KEPT = ("sku", "quantity", "address", "coupons", "points", "wallet")
COUPONS_MAX = 2


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What is used, and what could be."""

    asked: Asked
    coupons: Sequence[CouponChoice]
    points: PointsChoice | None
    wallet: Money
    freight_by_points: Money = ZERO
    """What freight costs more since points brought the goods below the bound where it is free."""


def chosen(
    *, items: Sequence[tuple[str, int]], region_code: str | None, customer: SignedIn, now: datetime
) -> Chosen:
    """By the address of the page; without a word about coupons the best ones are used."""
    skus = catalogue.sellable(sku_ids=[sku_id for sku_id, _pieces in items])
    bought = [(skus[sku_id], pieces) for sku_id, pieces in items if sku_id in skus and skus[sku_id].on_sale]
    offered, best = choices.coupon_choices(bought=bought, customer=customer, now=now)
    wanted = request.args.get("coupons")
    ids = best if wanted is None else [one[:40] for one in wanted.split(",") if one not in ("", NONE)]
    asked = Asked(coupon_ids=tuple(ids[:COUPONS_MAX]))

    def quoted(asked: Asked) -> Quote:
        return pricing.price_of(
            bought=bought, region_code=region_code, customer=customer, asked=asked, now=now
        ).quote

    quote = quoted(asked)
    points = choices.points_choice(quote=quote, customer=customer, now=now)
    wallet = choices.wallet_balance(customer=customer, now=now)
    used = _points_wanted(points) if points else 0
    after = quoted(Asked(coupon_ids=asked.coupon_ids, points=used)) if used else quote
    from_wallet = min(wallet, after.total) if "wallet" in request.args else ZERO
    return Chosen(
        asked=Asked(coupon_ids=asked.coupon_ids, points=used, wallet=from_wallet),
        coupons=offered,
        points=points,
        wallet=wallet,
        freight_by_points=max(after.freight - quote.freight, ZERO),
    )


def _points_wanted(points: PointsChoice) -> int:
    """As many as the address of the page says; without a number there as many as can be used."""
    said = request.args.get("points")
    if said is None:
        return 0
    if not re.fullmatch(r"-?[0-9]{1,12}", said):
        return points.most
    return points.nearest(int(said))


def here(**changes: str | None) -> str:
    """This page again with something chosen otherwise; None takes a choice away."""
    given: dict[str, str | None] = {name: request.args[name] for name in KEPT if name in request.args}
    given |= changes
    kept = {name: value for name, value in given.items() if value is not None}
    return f"{PATH}?{urlencode(kept)}" if kept else PATH


def body(asked: Asked) -> dict[str, Any]:
    """What the API is asked for."""
    return {
        **({"coupon_ids": list(asked.coupon_ids)} if asked.coupon_ids else {}),
        **({"points": asked.points} if asked.points else {}),
        **({"wallet_fen": asked.wallet.fen} if asked.wallet else {}),
    }


def shown(means: Chosen, priced: Priced) -> dict[str, Any]:
    """For the page: {coupons: [...], coupons_text, points, wallet}, each with the address that changes it.

    `points` has, once used, `field`: what the form for another number of points needs.
    """
    return {
        "coupons": [_coupon(one, means) for one in means.coupons],
        "coupons_text": _coupons_text(means, priced),
        "no_coupon_url": here(coupons=NONE),
        "points": _points(means),
        "wallet": _wallet(means),
    }


def _coupon(one: CouponChoice, means: Chosen) -> dict[str, Any]:
    taken = one.coupon.id in means.asked.coupon_ids
    slots = {other.coupon.id: other.coupon.terms.slot for other in means.coupons}
    others = [
        held
        for held in means.asked.coupon_ids
        if held != one.coupon.id and slots.get(held) is not one.coupon.terms.slot
    ]
    ids = others if taken else [*others, one.coupon.id]
    usable = isinstance(one.does, Effect)
    return {
        "name": one.coupon.terms.name,
        "promise": promise(one.coupon.terms),
        "until": _("%(day)s前有效", day=month_day(one.coupon.valid_until)),
        "does": _does(one.does, freight=one.freight) if isinstance(one.does, Effect) else "",
        "note": _more_freight(one.freight),
        "best": one.best,
        "reason": "" if isinstance(one.does, Effect) else one.does.text,
        "taken": taken and usable,
        "url": here(coupons=",".join(ids) or NONE) if usable else "",
    }


def _more_freight(freight: Money) -> str:
    return _("用后不满包邮，运费多 ¥%(yuan)s", yuan=freight) if freight > ZERO else ""


def _does(effect: Effect, *, freight: Money) -> str:
    """What a coupon takes off this order, in a few words."""
    if effect.gift_sku_id is not None:
        return _("送一件赠品")
    if effect.free_freight:
        return _("省运费 ¥%(yuan)s", yuan=ZERO - freight) if freight else _("本单已包邮")
    return _("减 ¥%(yuan)s", yuan=effect.reduction)


def _coupons_text(means: Chosen, priced: Priced) -> str:
    fen = sum(
        one.amount.fen for line in priced.quote.lines for one in line.reductions if one.kind == "coupon"
    )
    if priced.quote.coupon_ids:
        return _("已减 ¥%(yuan)s", yuan=Money(fen)) if fen else _("已用")
    usable = sum(isinstance(one.does, Effect) for one in means.coupons)
    return _("%(count)s 张可用", count=usable) if usable else _("没有可用的")


def _points(means: Chosen) -> dict[str, Any] | None:
    if means.points is None:
        return None
    most, used = means.points.most, means.asked.points
    return {
        "text": _points_text(means.points, used=used),
        "used": bool(used),
        "url": here(points=None if used else "yes") if most else "",
        "note": _more_freight(means.freight_by_points),
        "field": _points_field(means.points, used=used) if used else None,
    }


def _points_text(points: PointsChoice, *, used: int) -> str:
    if not points.most:
        if points.available < points.terms.step and points.terms.most_share_bp:
            return _("有 %(count)s 积分，满 %(least)s 可用", count=points.available, least=points.terms.step)
        return _("有 %(count)s 积分，这笔订单不能使用", count=points.available)
    count = used or points.most
    words = {"count": count, "yuan": points.worth(count)}
    return (
        _("用 %(count)s 积分抵 ¥%(yuan)s", **words)
        if used
        else _("最多用 %(count)s 积分抵 ¥%(yuan)s", **words)
    )


def _points_field(points: PointsChoice, *, used: int) -> dict[str, Any]:
    step, most = points.terms.step, points.most
    rule = (
        _("每次用 %(step)s 的整数倍，最多 %(most)s", step=step, most=most)
        if step > 1
        else _("最多 %(most)s", most=most)
    )
    kept = {name: request.args[name] for name in KEPT if name in request.args and name != "points"}
    return {"value": used, "most": most, "step": step, "rule": rule, "kept": kept}


def _wallet(means: Chosen) -> dict[str, Any] | None:
    if not means.wallet:
        return None
    used = bool(means.asked.wallet)
    text = (
        _("已用 ¥%(used)s，共有 ¥%(yuan)s", used=means.asked.wallet, yuan=means.wallet)
        if used
        else _("有 ¥%(yuan)s", yuan=means.wallet)
    )
    return {"text": text, "used": used, "url": here(wallet=None if used else "yes")}
