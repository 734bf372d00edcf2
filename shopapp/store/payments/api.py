"""JSON: getting ready to pay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shopapp.kernel import clock, limits
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.idempotency import repeatable
from shopapp.members.identity.queries import require_customer

from . import exchanges
from .schemas import PaymentStartSchema

blp = ApiBlueprint("payments", __name__, url_prefix="/api/v1", description="Paying")

STARTS_MAX = 20


@blp.post("/orders/<no>/payment")
@repeatable
@blp.response(200, PaymentStartSchema)
def start_payment(no: str) -> dict[str, Any]:
    """Get an order ready for WeChat's cashier."""
    customer = require_customer()
    limits.spend(what="pay", who=customer.public_id, limit=STARTS_MAX, window=timedelta(minutes=1))
    ready = exchanges.start_payment(no=no, customer=customer, now=clock.now())
    if ready is None:
        return {"paid": True}
    return {"jsapi": ready.request.as_json(), "expires_at": ready.expires_at}
