"""JSON: the customer asks for the money of a claim."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shopapp.kernel import clock, limits
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.idempotency import repeatable
from shopapp.members.identity.queries import require_customer

from . import confirming
from .payout_schemas import ConfirmationSchema

blp = ApiBlueprint(
    "cashback_payouts", __name__, url_prefix="/api/v1", description="Being paid a cash-back claim"
)

ASKED_MAX = 20


@blp.post("/claims/<claim_id>/confirmation")
@repeatable
@blp.response(200, ConfirmationSchema)
def confirm(claim_id: str) -> dict[str, Any]:
    """Get the WeChat transfer of an own claim ready to be confirmed; one that lapsed is sent anew."""
    customer = require_customer()
    limits.spend(what="claim-confirm", who=customer.public_id, limit=ASKED_MAX, window=timedelta(minutes=1))
    ready = confirming.confirm(public_id=claim_id, customer=customer, now=clock.now())
    return {"status": ready.status.value, "transfer": ready.request, "expires_at": ready.expires_at}
