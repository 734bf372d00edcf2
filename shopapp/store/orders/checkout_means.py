"""The checkout's choice of coupons, points and wallet: kept in its address, so that it works without script too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import request

from shopapp.kernel.i18n import _, month_day
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons.rules import Effect
from shopapp.members.identity.queries import SignedIn
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.pricing import choices
from shopapp.store.pricing import queries as pricing
from shopapp.store.pricing.choices import CouponChoice, PointsChoice
from shopapp.store.pricing.queries import Asked, Priced

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
    quote = pricing.price_of(
        bought=bought, region_code=region_code, customer=customer, asked=asked, now=now
    ).quote
    points = choices.points_choice(quote=quote, customer=customer, now=now)
    wallet = choices.wallet_balance(customer=customer, now=now)
    using = points is not None and "points" in request.args
    used = points.most if points and using else 0
    worth = points.worth if points and using else ZERO
    from_wallet = min(wallet, quote.goods - worth + quote.freight) if "wallet" in request.args else ZERO
    return Chosen(
        asked=Asked(coupon_ids=asked.coupon_ids, points=used, wallet=from_wallet),
        coupons=offered,
        points=points,
        wallet=wallet,
    )


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
    """For the page: {coupons: [...], coupons_text, points, wallet}, each with the address that changes it."""
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
        "until": _("%(day)s前有效", day=month_day(one.coupon.valid_until)),
        "reason": "" if isinstance(one.does, Effect) else one.does.text,
        "taken": taken and usable,
        "url": here(coupons=",".join(ids) or NONE) if usable else "",
    }


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
    most, worth = means.points.most, means.points.worth
    text = (
        _("用 %(count)s 积分抵 ¥%(yuan)s", count=most, yuan=worth)
        if most
        else _("有 %(count)s 积分，这笔订单不能使用", count=means.points.available)
    )
    used = bool(means.asked.points)
    return {
        "text": text,
        "used": used,
        "url": here(points=None if used else "yes") if most else "",
    }


def _wallet(means: Chosen) -> dict[str, Any] | None:
    if not means.wallet:
        return None
    used = bool(means.asked.wallet)
    text = (
        _("已用 ¥%(used)s，余额 ¥%(yuan)s", used=means.asked.wallet, yuan=means.wallet)
        if used
        else _("余额 ¥%(yuan)s", yuan=means.wallet)
    )
    return {"text": text, "used": used, "url": here(wallet=None if used else "yes")}
