"""Coupons as the API gives them, and as it takes them."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.money import Money

from . import words
from .console import Offered
from .content import CouponContent, Giving, Moment, Period
from .queries import Holding, Offer
from .rules import CouponKind, CouponTerms, Scope

OFFER_TIMES = ("claim_from", "claim_until", "valid_from", "valid_until", "valid_days")
COUNTS = ("stock", "per_person", "per_period")


def terms_answer(terms: CouponTerms) -> dict[str, Any]:
    return {
        "name": terms.name,
        "kind": terms.kind.value,
        "value_fen": terms.value.fen,
        "basis_points": terms.basis_points,
        "cap_fen": None if terms.cap is None else terms.cap.fen,
        "sku_id": terms.sku_id,
        "min_spend_fen": terms.minimum.fen,
        "scope": {"kind": terms.scope.value, "ids": list(terms.scope_ids), "excludes": terms.excludes},
        "with_tier_price": terms.with_tier_price,
        "conditions": words.conditions(terms),
    }


def held_answer(held: Holding) -> dict[str, Any]:
    plain = ("id", "coupon_id", "valid_from", "valid_until", "order_no", "given_at", "used_at")
    return {
        **terms_answer(held.terms),
        **{name: getattr(held, name) for name in plain},
        "status": held.status.value,
        "source": held.source.value,
    }


def offer_answer(offer: Offer) -> dict[str, Any]:
    return {
        **terms_answer(offer.content.terms),
        **{name: getattr(offer.content, name) for name in OFFER_TIMES},
        "id": offer.id,
        "state": offer.state.value,
        "left": offer.left,
        "mine": offer.mine,
    }


def coupon_answer(coupon: Offered) -> dict[str, Any]:
    content = coupon.content
    return {
        **terms_answer(content.terms),
        **{name: getattr(content, name) for name in (*OFFER_TIMES, *COUNTS)},
        "id": coupon.id,
        "giving": content.giving.value,
        "moment": content.moment.value if content.moment else None,
        "period": content.period.value if content.period else None,
        "given": coupon.given,
        "used": coupon.used,
        "active": coupon.active,
        "created_at": coupon.created_at,
    }


def content_from(data: dict[str, Any]) -> CouponContent:
    """What `schemas.CouponInput` read, as the merchant's content."""
    scope = data["scope"]
    terms = CouponTerms(
        name=data["name"].strip(),
        kind=CouponKind(data["kind"]),
        value=Money(data["value_fen"]),
        basis_points=data["basis_points"],
        cap=None if data["cap_fen"] is None else Money(data["cap_fen"]),
        sku_id=data["sku_id"],
        minimum=Money(data["min_spend_fen"]),
        scope=Scope(scope["kind"]),
        scope_ids=tuple(dict.fromkeys(scope["ids"])),
        excludes=scope["excludes"],
        with_tier_price=data["with_tier_price"],
    )
    return CouponContent(
        terms=terms,
        giving=Giving(data["giving"]),
        moment=Moment(data["moment"]) if data["moment"] else None,
        period=Period(data["period"]) if data["period"] else None,
        **{name: data[name] for name in (*OFFER_TIMES, *COUNTS)},
    )
