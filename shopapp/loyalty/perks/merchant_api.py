"""JSON for the merchant: perks."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found, writes
from shopapp.kernel.idempotency import once

from . import defining, queries
from .answers import content_from, perk_answer
from .schemas import PerkAnswer, PerkInput, PerkList

blp = ApiBlueprint("merchant_perks", __name__, url_prefix="/api/v1/admin", description="商家：会员权益")
guard_merchant_api(blp)


@blp.get("/perks")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, PerkList)
def list_perks() -> dict[str, Any]:
    counts = queries.counts()
    items = [perk_answer(perk, counts.get(perk.id, {})) for perk in queries.perks()]
    return {"items": items, "next_cursor": None}


@blp.post("/perks")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.arguments(PerkInput)
@blp.response(201, PerkAnswer)
def create_perk(data: dict[str, Any]) -> dict[str, Any]:
    """Promise a perk; the next run of the job grants it."""
    return _answer(defining.create(content=content_from(data), now=clock.now()).public_id)


@blp.get("/perks/<perk_id>")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, PerkAnswer)
def show_perk(perk_id: str) -> dict[str, Any]:
    return _answer(perk_id)


@blp.put("/perks/<perk_id>")
@requires(Permission.LOYALTY_EDIT)
@writes
@blp.arguments(PerkInput)
@blp.response(200, PerkAnswer)
def change_perk(data: dict[str, Any], perk_id: str) -> dict[str, Any]:
    """Write the whole perk anew, all but its kind and period. What was granted keeps its terms."""
    defining.change(public_id=perk_id, content=content_from(data), now=clock.now())
    return _answer(perk_id)


def _answer(perk_id: str) -> dict[str, Any]:
    return perk_answer(found(queries.perk(perk_id)), queries.counts().get(perk_id, {}))
