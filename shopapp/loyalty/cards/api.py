"""The customer's cards over the API: to see them, to try one, to turn a code into one."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.idempotency import once
from shopapp.members.identity.queries import require_customer

from . import queries, services
from .guessing import counts_guesses
from .queries import CardView, PlanView
from .schemas import CardAnswer, CardCodeInput, CardTrialInput, MyCardList

blp = ApiBlueprint("cards", __name__, url_prefix="/api/v1", description="会员卡")


@blp.get("/me/cards")
@blp.response(200, MyCardList)
def list_own() -> dict[str, Any]:
    customer_id = require_customer().customer_id
    return {
        "items": queries.cards_of(customer_id=customer_id),
        "next_cursor": None,
        "plans": [_offer(plan) for plan in queries.plans(active=True)],
        "can_try": not queries.tried(customer_id=customer_id, now=clock.now()),
    }


@blp.post("/me/cards/trials")
@once
@blp.arguments(CardTrialInput)
@blp.response(201, CardAnswer)
def start_trial(data: dict[str, Any]) -> CardView:
    """Try a card for nothing, once per person."""
    customer_id = require_customer().customer_id
    return services.start_trial(customer_id=customer_id, plan_id=data["plan_id"], now=clock.now())


@blp.post("/me/cards/codes")
@counts_guesses
@once
@blp.arguments(CardCodeInput)
@blp.response(201, CardAnswer)
def redeem_code(data: dict[str, Any]) -> CardView:
    """Unknown, used and expired codes get the same answer; tries are limited."""
    customer_id = require_customer().customer_id
    return services.redeem_code(code=data["code"], customer_id=customer_id, now=clock.now())


def _offer(plan: PlanView) -> dict[str, Any]:
    content = plan.content
    return {
        "id": plan.id,
        "name": content.name,
        "words": content.words,
        "price_fen": content.price.fen,
        "months": content.months,
        "days": content.days,
        "trial_days": content.trial_days,
    }
