"""JSON for the merchant: campaigns, and the desk of claims."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found, writes
from shopapp.kernel.i18n import _
from shopapp.kernel.idempotency import once
from shopapp.kernel.money import ZERO, Money

from . import console, deciding, offering, queries
from .answers import campaign_answer, desk_answer
from .content import CampaignContent
from .models import CashbackCampaign
from .offering import content_of
from .rules import AmountTerms
from .schemas import (
    CashbackCampaignAnswer,
    CashbackCampaignInput,
    CashbackCampaignList,
    ClaimDecisionInput,
    ClaimPageArguments,
    DeskArguments,
    DeskClaimAnswer,
    DeskClaimList,
)
from .states import AmountMode, ClaimStatus, Payout

NEEDED = {
    AmountMode.FIXED: ("fen",),
    AmountMode.RANDOM: ("from_fen", "to_fen"),
    AmountMode.PERCENT: ("basis_points", "cap_fen"),
}
NAMES_HERE = {
    "most": "amount",
    "least": "amount",
    "basis_points": "amount",
    "mode": "amount",
    "budget": "budget_fen",
}

blp = ApiBlueprint("merchant_cashback", __name__, url_prefix="/api/v1/admin", description="商家：返现")
guard_merchant_api(blp)


@blp.get("/cashback-campaigns")
@requires(Permission.LOYALTY_VIEW)
@blp.arguments(ClaimPageArguments, location="query")
@blp.response(200, CashbackCampaignList)
def list_campaigns(data: dict[str, Any]) -> dict[str, Any]:
    rows, cursor = console.campaigns_page(before=data.get("cursor"), limit=data["limit"])
    return {"items": [_shown(row) for row in rows], "next_cursor": cursor}


@blp.post("/cashback-campaigns")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.arguments(CashbackCampaignInput)
@blp.response(201, CashbackCampaignAnswer)
def create_campaign(data: dict[str, Any]) -> dict[str, Any]:
    """`warnings` in the answer is what the wording check says: nothing is refused for it, and it is recorded."""
    now = clock.now()
    wanted = _content(data, starts_at=now)
    try:
        row = offering.create(wanted=wanted, active=data["active"], now=now)
    except Invalid as problem:
        raise _in_names_here(problem) from problem
    return _shown(row)


@blp.get("/cashback-campaigns/<campaign_id>")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, CashbackCampaignAnswer)
def show_campaign(campaign_id: str) -> dict[str, Any]:
    return _shown(found(console.campaign(public_id=campaign_id)))


@blp.put("/cashback-campaigns/<campaign_id>")
@requires(Permission.LOYALTY_EDIT)
@writes
@blp.arguments(CashbackCampaignInput)
@blp.response(200, CashbackCampaignAnswer)
def change_campaign(data: dict[str, Any], campaign_id: str) -> dict[str, Any]:
    """Write the whole campaign anew; `active: false` stops it at once. What was set aside stays as it was promised."""
    was = found(console.campaign(public_id=campaign_id))
    wanted = _content(data, starts_at=was.starts_at)
    try:
        row = offering.change(public_id=campaign_id, wanted=wanted, active=data["active"])
    except Invalid as problem:
        raise _in_names_here(problem) from problem
    return _shown(row)


@blp.get("/claims")
@requires(Permission.LOYALTY_VIEW)
@blp.arguments(DeskArguments, location="query")
@blp.response(200, DeskClaimList)
def list_claims(data: dict[str, Any]) -> dict[str, Any]:
    """The newest first; with `review` those alone that wait for a decision."""
    rows, cursor = console.claims_page(
        before=data.get("cursor"),
        limit=data["limit"],
        statuses=[ClaimStatus(data["status"])] if "status" in data else [],
        review=data.get("review", False),
        campaign_id=data.get("campaign_id", ""),
    )
    return {"items": [desk_answer(*row) for row in rows], "next_cursor": cursor}


@blp.get("/claims/<claim_id>")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, DeskClaimAnswer)
def show_claim(claim_id: str) -> dict[str, Any]:
    return _claim(claim_id)


@blp.post("/claims/<claim_id>/decision")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.arguments(ClaimDecisionInput)
@blp.response(200, DeskClaimAnswer)
def decide(data: dict[str, Any], claim_id: str) -> dict[str, Any]:
    """Approve a claim that was held, or have a lapsed one paid anew; reject one with a reason, which the customer reads."""
    if data["decision"] == "approve":
        deciding.approve(public_id=claim_id, note=data["reason"], now=clock.now())
    else:
        deciding.reject(public_id=claim_id, note=data["reason"], now=clock.now())
    return _claim(claim_id)


def _claim(claim_id: str) -> dict[str, Any]:
    claim, campaign = found(queries.claim(public_id=claim_id))
    return desk_answer(claim, campaign, console.people_of([claim])[claim.customer_id])


def _shown(row: CashbackCampaign) -> dict[str, Any]:
    db.session.refresh(row)
    return campaign_answer(row, warnings=offering.warnings_of(content_of(row)))


def _content(data: dict[str, Any], *, starts_at: datetime) -> CampaignContent:
    """Raises `Invalid` for an amount that lacks what its mode needs."""
    same = (
        "name",
        "intro",
        "per_person",
        "per_phone",
        "per_address",
        "hold_days",
        "wait_days",
        "asks_tail",
        "coupon_id",
        "points_per_yuan",
        "ends_at",
        "orders_paid_from",
        "require_follow",
    )
    return CampaignContent(
        **{name: data[name] for name in same},
        platforms=tuple(dict.fromkeys(data["platforms"])),
        title_words=tuple(data["title_words"]),
        skus=tuple(data["skus"]),
        amount=_amount(data["amount"]),
        budget=Money(data["budget_fen"]),
        payout=Payout(data["payout"]),
        starts_at=data["starts_at"] or starts_at,
    )


def _amount(told: dict[str, Any]) -> AmountTerms:
    mode = AmountMode(told["mode"])
    missing = [name for name in NEEDED[mode] if name not in told]
    if missing:
        raise Invalid({"amount": {name: [_("请填写这一项。")] for name in missing}})
    if mode is AmountMode.FIXED:
        return AmountTerms(mode=mode, least=Money(told["fen"]), most=Money(told["fen"]))
    if mode is AmountMode.RANDOM:
        return AmountTerms(mode=mode, least=Money(told["from_fen"]), most=Money(told["to_fen"]))
    return AmountTerms(mode=mode, least=ZERO, most=Money(told["cap_fen"]), basis_points=told["basis_points"])


def _in_names_here(problem: Invalid) -> Invalid:
    fields: dict[str, list[str]] = {}
    for name, messages in problem.details["fields"].items():
        fields.setdefault(NAMES_HERE.get(name, name), []).extend(messages)
    return Invalid(fields)
