"""Coupons over the API: one's own, those on offer, taking one, and typing a code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import request

from shopapp.kernel import clock, limits
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.idempotency import once
from shopapp.members.identity.queries import require_customer, signed_in

from . import queries, services
from .answers import held_answer, offer_answer
from .content import CouponStatus
from .schemas import CodeInput, CouponHeldAnswer, CouponHeldArguments, CouponHeldList, OfferList

P = ParamSpec("P")
R = TypeVar("R")

CODES_PER_PERSON = 10
CODES_PER_ADDRESS = 60
WINDOW = timedelta(hours=1)

blp = ApiBlueprint("coupons", __name__, url_prefix="/api/v1", description="优惠券")


def _counts_guesses(view: Callable[P, R]) -> Callable[P, R]:
    """Outside of the view's transaction, so that a refused code is counted as well."""

    @wraps(view)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        who = require_customer().public_id
        limits.spend(what="coupon-code", who=who, limit=CODES_PER_PERSON, window=WINDOW)
        address = request.remote_addr or ""
        limits.spend(what="coupon-code-from", who=address, limit=CODES_PER_ADDRESS, window=WINDOW)
        return view(*args, **kwargs)

    return counted


@blp.get("/me/coupons")
@blp.arguments(CouponHeldArguments, location="query")
@blp.response(200, CouponHeldList)
def list_own(data: dict[str, Any]) -> dict[str, Any]:
    """What the customer holds or held, the newest first."""
    found, cursor = queries.coupons_of(
        customer_id=require_customer().customer_id,
        statuses=[CouponStatus(data["status"])] if "status" in data else (),
        before=data.get("cursor"),
        limit=data["limit"],
        now=clock.now(),
    )
    return {"items": [held_answer(held) for held in found], "next_cursor": cursor}


@blp.post("/me/coupons")
@_counts_guesses
@once
@blp.arguments(CodeInput)
@blp.response(201, CouponHeldAnswer)
def redeem_code(data: dict[str, Any]) -> dict[str, Any]:
    """Type a code. Unknown and used codes get the same answer; tries are limited."""
    customer = require_customer()
    held = services.claim_by_code(code=data["code"], customer_id=customer.customer_id, now=clock.now())
    return held_answer(held)


@blp.get("/coupons")
@blp.response(200, OfferList)
def list_offers() -> dict[str, Any]:
    """What can be taken in the coupon centre; guests see it too."""
    customer = signed_in()
    offers = queries.claimable(customer_id=customer.customer_id if customer else None, now=clock.now())
    return {"items": [offer_answer(offer) for offer in offers], "next_cursor": None}


@blp.post("/coupons/<coupon_id>/claims")
@once
@blp.response(201, CouponHeldAnswer)
def claim(coupon_id: str) -> dict[str, Any]:
    """Take one piece of a coupon on offer."""
    customer = require_customer()
    held = services.claim(coupon_id=coupon_id, customer_id=customer.customer_id, now=clock.now())
    return held_answer(held)
