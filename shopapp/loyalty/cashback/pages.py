"""Claiming in the storefront. Everything is a plain form, so that it works without script."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l, month_day
from shopapp.kernel.ids import new_token
from shopapp.kernel.settings import settings
from shopapp.members.identity import services as identity
from shopapp.members.identity.pages import done_words
from shopapp.members.identity.queries import SignedIn, require_customer
from shopapp.members.marketplace.rules import PLATFORMS

from . import entry, payout_words, queries, rules, standing, words
from .models import CashbackCampaign, CashbackClaim
from .states import ClaimStatus, Payout

CLAIM = "/claim"
PAGE_SIZE = 10
COOKIE_LIVES = timedelta(days=180)
DONE = {"submitted": _l("已登记。进度会在这里更新，不用重复登记。")}
GOOD = (ClaimStatus.PAID,)
ENDED = (ClaimStatus.REJECTED, ClaimStatus.EXPIRED)
LEADS = {
    Payout.WALLET: ("/me/wallet", _l("看余额")),
    Payout.POINTS: ("/me/points", _l("看积分")),
    Payout.COUPON: ("/me/coupons", _l("看优惠券")),
}

blueprint = Blueprint("claim_pages", __name__)


@blueprint.get(CLAIM)
def claim() -> Response:
    return _with_device(show(require_customer()))


def _with_device(page: str) -> Response:
    """The page, with the cookie by which claims from one browser are counted together."""
    response = make_response(page)
    if not request.cookies.get(entry.DEVICE_COOKIE):
        response.set_cookie(
            entry.DEVICE_COOKIE,
            new_token()[: entry.DEVICE_LENGTH_MAX],
            max_age=int(COOKIE_LIVES.total_seconds()),
            path=CLAIM,
            secure=settings().base_url.startswith("https://"),
            httponly=True,
            samesite="Lax",
        )
    return response


def show(customer: SignedIn, *, problem: str = "", typed: dict[str, str] | None = None) -> str:
    """The page, with why something was refused and what was typed, so that it can be put right."""
    typed = typed or {}
    campaigns = [campaign for campaign in queries.running(now=clock.now()) if campaign.left >= campaign.most]
    offered = [name for name in PLATFORMS if any(name in campaign.platforms for campaign in campaigns)]
    rows, cursor = queries.claims_of(
        customer_id=customer.customer_id, before=request.args.get("cursor"), limit=PAGE_SIZE
    )
    chosen = typed.get("platform", "") or (offered[0] if len(offered) == 1 else "")
    return render_template(
        "cashback/claim.html",
        campaigns=[_campaign(campaign) for campaign in campaigns],
        platforms=[
            {"value": name, "label": words.platform(name), "chosen": name == chosen} for name in offered
        ],
        where=[{"name": words.platform(name), "text": str(words.WHERE[name])} for name in offered],
        follow_needed=any(campaign.require_follow for campaign in campaigns),
        asks_tail=any(campaign.asks_tail for campaign in campaigns),
        claims=[_card(*row) for row in rows],
        next_url=f"{CLAIM}?cursor={cursor}" if cursor else None,
        member=customer.is_member,
        problem=problem,
        typed=typed,
    )


def _campaign(campaign: CashbackCampaign) -> dict[str, str]:
    return {
        "name": campaign.name,
        "amount": words.amount_text(campaign),
        "platforms": _("、").join(words.platform(name) for name in campaign.platforms),
        "way": str(words.PAYOUTS[campaign.payout]),
        "until": _("%(day)s结束", day=month_day(campaign.ends_at)) if campaign.ends_at else "",
        "intro": campaign.intro,
        "follow": _("发放时需要关注公众号") if campaign.require_follow else "",
    }


def _card(claim: CashbackClaim, campaign: CashbackCampaign | None) -> dict[str, Any]:
    payout = campaign.payout if campaign else None
    held_up = standing.held_up(claim, campaign, now=clock.now())
    return {
        "url": f"{CLAIM}/{claim.public_id}",
        "platform": words.platform(claim.platform),
        "order_no": claim.order_no,
        "status": words.status(claim, payout=payout, held_up=held_up),
        "tone": "good" if claim.status in GOOD else "quiet" if claim.status in ENDED else "",
        "text": words.says(claim, payout=payout, held_up=held_up),
        "amount_fen": claim.due.fen if claim.amount and claim.status not in ENDED else None,
    }


@blueprint.post(CLAIM)
def submit() -> Response | tuple[str, int]:
    customer, now = require_customer(), clock.now()
    typed = {name: request.form.get(name, "")[:500] for name in ("platform", "order_no", "phone_tail")}
    problem = _missing(typed)
    if problem:
        return show(customer, problem=problem, typed=typed), 422
    try:
        entry.count_guess()
        with transaction():
            identity.note_use(customer=customer, now=now)
            made = entry.submit(
                platform=typed["platform"], text=typed["order_no"], tail=typed["phone_tail"] or None, now=now
            )
            public_id = made.public_id
    except ShopError as refusal:
        return show(customer, problem=refusal.message, typed=typed), refusal.status
    return redirect(f"{CLAIM}/{public_id}?done=submitted", 303)


def _missing(typed: dict[str, str]) -> str:
    tail = typed["phone_tail"]
    if typed["platform"] not in PLATFORMS:
        return _("请先选择在哪里买的。")
    if not typed["order_no"].strip():
        return _("请粘贴或输入订单号。")
    if tail and not (tail.isascii() and tail.isdigit() and len(tail) == rules.TAIL_LENGTH):
        return _("手机号后 4 位须是 4 个数字。")
    return ""


@blueprint.get(f"{CLAIM}/<claim_id>")
def one(claim_id: str) -> str:
    """Where one claim stands, and what happens next."""
    customer_id = require_customer().customer_id
    claim, campaign = found(queries.claim_of(customer_id=customer_id, public_id=claim_id))
    payout = campaign.payout if campaign else None
    return render_template(
        "cashback/one.html",
        claim=_card(claim, campaign),
        steps=words.steps(claim),
        ended=claim.status in ENDED,
        again=claim.status is ClaimStatus.EXPIRED,
        paid=claim.status in GOOD,
        lead=LEADS.get(payout) if payout and claim.status in GOOD else None,
        campaign=_campaign(campaign) if campaign else None,
        done=done_words(DONE),
        back_url=CLAIM,
        receiving=payout_words.receiving(claim) if payout is Payout.TRANSFER else None,
        jssdk_url=settings().wx_jssdk_url,
    )
