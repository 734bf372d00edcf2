"""Perks and cards in the storefront. Everything is a plain form, so that it works without script.

Buying a card is one that the store answers.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import Any

import segno
from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.loyalty.cards import queries as cards
from shopapp.loyalty.cards import services as card_services
from shopapp.loyalty.cards.guessing import count_guess
from shopapp.loyalty.cards.queries import PlanView
from shopapp.members.identity.pages import done_words
from shopapp.members.identity.queries import require_customer

from . import offers, queries, services
from .rules import PerkKind

PERKS = "/me/perks"
QR_SCALE = 6
DONE = {
    "redeem": _l("已领取。"),
    "trial": _l("试用已开始。"),
    "code": _l("会员卡已生效。"),
}
SHAPES = {
    PerkKind.TIER_PRICE: "wallet",
    PerkKind.POINTS_MULTIPLE: "coin",
    PerkKind.FREE_FREIGHT: "truck",
    PerkKind.COUPON: "ticket",
    PerkKind.MONTHLY_PACK: "box",
    PerkKind.BIRTHDAY_GIFT: "gift",
    PerkKind.POINTS: "coin",
    PerkKind.CONTACT: "talk",
}

blueprint = Blueprint("perk_pages", __name__)


@blueprint.get(PERKS)
def perks() -> str:
    customer_id, now = require_customer().customer_id, clock.now()
    page = show()
    if queries.has_unseen(customer_id=customer_id):
        with transaction():
            services.note_seen(customer_id=customer_id, now=now)
    return page


def show(problem: str = "", code: str = "") -> str:
    """The page, with why something was refused, and the `code` that was, so that it can be put right."""
    customer_id, now = require_customer().customer_id, clock.now()
    mine = offers.mine(customer_id=customer_id, now=now)
    tried = cards.tried(customer_id=customer_id, now=now)
    held = {card.plan_id for card in mine.cards}
    return render_template(
        "perks/perks.html",
        mine=mine,
        cards=mine.cards,
        plans=[_plan(plan, tried=tried, held=held) for plan in cards.plans(active=True)],
        shapes=SHAPES,
        done=done_words(DONE),
        problem=problem,
        code=code,
        send_url=PERKS,
    )


def _plan(plan: PlanView, *, tried: bool, held: Collection[str]) -> dict[str, Any]:
    content = plan.content
    length = (
        _("%(months)s 个月", months=content.months) if content.months else _("%(days)s 天", days=content.days)
    )
    return {
        "id": plan.id,
        "name": content.name,
        "words": content.words,
        "price_fen": content.price.fen,
        "length": length,
        "trial_days": 0 if tried else content.trial_days,
        "held": plan.id in held,
    }


@blueprint.post(PERKS)
def act() -> Response | tuple[str, int]:
    """`act` says what: redeem a perk, begin the trial of a plan, or turn a code into a card."""
    customer_id, now = require_customer().customer_id, clock.now()
    wanted, code = request.form.get("act", ""), request.form.get("code", "")[:60]
    try:
        if wanted == "code":
            count_guess()
        with transaction():
            if wanted == "redeem":
                services.redeem_own(customer_id=customer_id, perk_id=request.form.get("perk", ""), now=now)
            elif wanted == "trial":
                plan_id = request.form.get("plan", "")
                card_services.start_trial(customer_id=customer_id, plan_id=plan_id, now=now)
            elif wanted == "code":
                card_services.redeem_code(code=code, customer_id=customer_id, now=now)
    except ShopError as problem:
        return show(problem.message, code), problem.status
    return redirect(f"{PERKS}?done={wanted}" if wanted in DONE else PERKS, 303)


@blueprint.get(f"{PERKS}/<perk_id>.svg")
def contact_code(perk_id: str) -> Response:
    """The QR code of one's own contact, for nobody else's eyes."""
    customer_id, now = require_customer().customer_id, clock.now()
    mine = offers.mine(customer_id=customer_id, now=now)
    contact = found(
        next((one for one in (*mine.perks, *mine.left) if one.id == perk_id and one.contact_text), None)
    )
    drawn = io.BytesIO()
    segno.make(contact.contact_text, error="m", micro=False).save(
        drawn, kind="svg", scale=QR_SCALE, border=2, light="#fff", dark="#000"
    )
    response = make_response(drawn.getvalue())
    response.headers["Content-Type"] = "image/svg+xml"
    response.headers["Cache-Control"] = "private, no-store"
    return response
