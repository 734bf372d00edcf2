"""The customer's perks over the API."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.db import transaction
from shopapp.kernel.idempotency import once
from shopapp.members.identity.queries import require_customer

from . import offers, queries, services
from .answers import grant_answer, my_perk_answer
from .schemas import MyPerkList, PerkGrantAnswer

blp = ApiBlueprint("perks", __name__, url_prefix="/api/v1", description="会员权益")


@blp.get("/me/perks")
@blp.response(200, MyPerkList)
def list_own() -> dict[str, Any]:
    """What membership gives, how to use it, and where each grant stands; what is shown here counts as seen."""
    customer_id, now = require_customer().customer_id, clock.now()
    mine = offers.mine(customer_id=customer_id, now=now)
    if queries.has_unseen(customer_id=customer_id):
        with transaction():
            services.note_seen(customer_id=customer_id, now=now)
    return {
        "items": [my_perk_answer(one) for one in (*mine.perks, *mine.left)],
        "next_cursor": None,
        "tier": mine.tier,
        "next_tier": None
        if mine.next is None
        else {
            "name": mine.next.name,
            "missing": mine.next.missing,
            "perks": [my_perk_answer(one) for one in mine.next.perks],
        },
        "cards": mine.cards,
        "saved_fen": mine.saved.total.fen,
        "saved_this_year_fen": mine.saved.year.fen,
    }


@blp.post("/me/perks/<perk_id>/redemptions")
@once
@blp.response(201, PerkGrantAnswer)
def redeem(perk_id: str) -> dict[str, Any]:
    """Take what was granted of this perk; of several grants the one that ends first."""
    customer = require_customer()
    grant = services.redeem_own(customer_id=customer.customer_id, perk_id=perk_id, now=clock.now())
    return grant_answer(grant)
