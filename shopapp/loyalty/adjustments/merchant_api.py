"""JSON for the merchant: balances changed by hand."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.idempotency import once
from shopapp.loyalty.ledger import Unit
from shopapp.members.identity import queries as customers

from . import queries, services
from .schemas import (
    AdjustmentAnswer,
    AdjustmentList,
    AdjustmentPageInput,
    BalanceAdjustmentInput,
    DecisionInput,
)

blp = ApiBlueprint("merchant_adjustments", __name__, url_prefix="/api/v1/admin", description="商家：账户调整")
guard_merchant_api(blp)


@blp.post("/customers/<customer_id>/adjustments")
@requires(Permission.LEDGER_ADJUST)
@once
@blp.arguments(BalanceAdjustmentInput)
@blp.response(201, AdjustmentAnswer)
def adjust(data: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """Change a balance; above the limit of one person it waits for a decision."""
    row = services.propose(
        customer=customer_id,
        unit=Unit(data["unit"]),
        amount=data["amount"],
        reason=data["reason"],
        expires_at=data["expires_at"],
        now=clock.now(),
    )
    return queries.answer(row, customer=customer_id)


@blp.get("/customers/<customer_id>/adjustments")
@requires(Permission.LEDGER_VIEW)
@blp.arguments(AdjustmentPageInput, location="query")
@blp.response(200, AdjustmentList)
def list_adjustments(data: dict[str, Any], customer_id: str) -> dict[str, Any]:
    person = found(customers.find(public_id=customer_id))
    before = None
    if "cursor" in data:
        before = queries.place_of(customer_id=person.id, public_id=data["cursor"])
        if before is None:
            raise Invalid({"cursor": [_("没有这个位置，请从头读起。")]})
    rows, following = queries.of_customer(customer_id=person.id, before=before, limit=data["limit"])
    return {
        "items": [queries.answer(row, customer=customer_id) for row in rows],
        "next_cursor": rows[-1].public_id if following else None,
    }


@blp.post("/adjustments/<adjustment_id>/decision")
@requires(Permission.LEDGER_APPROVE)
@once
@blp.arguments(DecisionInput)
@blp.response(200, AdjustmentAnswer)
def decide(data: dict[str, Any], adjustment_id: str) -> dict[str, Any]:
    """For staff signed in to the console, other than who proposed; tokens are refused."""
    row = services.decide(
        public_id=adjustment_id,
        approve=data["decision"] == "approve",
        note=data["note"],
        now=clock.now(),
    )
    return queries.answer(
        row, customer=customers.by_ids(customer_ids=[row.customer_id])[row.customer_id].public_id
    )
