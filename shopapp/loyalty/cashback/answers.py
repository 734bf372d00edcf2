"""Claims and campaigns as the API gives them and pages show them."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock

from . import standing, words
from .models import CashbackCampaign, CashbackClaim
from .states import AmountMode


def claim_answer(claim: CashbackClaim, campaign: CashbackCampaign | None) -> dict[str, Any]:
    """A claim as its owner sees it. What led to a verdict stays inside."""
    payout = campaign.payout if campaign else None
    held_up = standing.held_up(claim, campaign, now=clock.now())
    return {
        "id": claim.public_id,
        "platform": claim.platform,
        "order_no": claim.order_no,
        "status": claim.status.value,
        "amount_fen": None if claim.amount is None else claim.due.fen,
        "payout": payout.value if payout else None,
        "reason": words.reason(claim) or words.waits_for(held_up),
        "reason_code": claim.reason.value if claim.reason else None,
        "text": words.says(claim, payout=payout, held_up=held_up),
        "submitted_at": claim.submitted_at,
        "waits_until": claim.expires_at,
        "hold_until": claim.hold_until,
        "paid_at": claim.paid_at,
    }


def desk_answer(claim: CashbackClaim, campaign: CashbackCampaign | None, customer: str) -> dict[str, Any]:
    """A claim as the merchant sees it; `customer` is the public id."""
    return {
        **claim_answer(claim, campaign),
        "customer_id": customer,
        "campaign_id": campaign.public_id if campaign else None,
        "verdict": claim.verdict.value,
        "signs": claim.signs,
        "review": claim.review,
        "note": claim.note,
        "taken_back_fen": claim.taken_back.fen,
        "seed": claim.seed,
    }


def amount_answer(campaign: CashbackCampaign) -> dict[str, Any]:
    """{mode, fen} or {mode, from_fen, to_fen} or {mode, basis_points, cap_fen}"""
    if campaign.mode is AmountMode.RANDOM:
        return {"mode": "random", "from_fen": campaign.least.fen, "to_fen": campaign.most.fen}
    if campaign.mode is AmountMode.PERCENT:
        return {"mode": "percent", "basis_points": campaign.basis_points, "cap_fen": campaign.most.fen}
    return {"mode": "fixed", "fen": campaign.most.fen}


def campaign_answer(campaign: CashbackCampaign, *, warnings: dict[str, list[Any]]) -> dict[str, Any]:
    """A campaign with what the wording check says about each of its texts."""
    plain = (
        "name",
        "intro",
        "platforms",
        "title_words",
        "skus",
        "per_person",
        "per_phone",
        "per_address",
        "hold_days",
        "wait_days",
        "asks_tail",
        "coupon_id",
        "points_per_yuan",
        "starts_at",
        "ends_at",
        "orders_paid_from",
        "require_follow",
        "active",
        "created_at",
    )
    return {
        "id": campaign.public_id,
        **{name: getattr(campaign, name) for name in plain},
        "amount": amount_answer(campaign),
        "payout": campaign.payout.value,
        "budget_fen": campaign.budget.fen,
        "reserved_fen": campaign.reserved.fen,
        "paid_fen": campaign.paid.fen,
        "warnings": [
            {"field": name, "code": one.code, "phrase": one.phrase, "text": one.text}
            for name, found in warnings.items()
            for one in found
        ],
    }
