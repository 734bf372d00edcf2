"""JSON for the merchant: principal goes back to a customer."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found
from shopapp.kernel.idempotency import once
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.members.identity import queries as customers

from . import queries, services, wording
from .schemas import MerchantPrincipalRefundInput, PrincipalRefundAnswer, PrincipalRefundList

blp = ApiBlueprint("merchant_top_ups", __name__, url_prefix="/api/v1/admin", description="商家：储值")
guard_merchant_api(blp)


@blp.get("/customers/<customer_id>/principal-refunds")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, PrincipalRefundList)
def list_refunds(customer_id: str) -> dict[str, Any]:
    person = found(customers.find(public_id=customer_id))
    rows = queries.refunds_of(customer_id=person.id)
    numbers = queries.numbers(rows)
    found_now = queries.refundable(customer_id=person.id, now=clock.now())
    return {
        "items": [wording.refund_answer(row, numbers=numbers) for row in rows],
        "next_cursor": None,
        "refundable_fen": found_now.amount.fen,
        "by_shop_fen": found_now.by_shop.fen,
    }


@blp.post("/customers/<customer_id>/principal-refunds")
@requires(Permission.WALLET_REFUND)
@once
@blp.arguments(MerchantPrincipalRefundInput)
@blp.response(201, PrincipalRefundAnswer)
def refund(data: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """Send a customer's principal back the way it was paid; it leaves the wallet at once."""
    made = services.refund_principal(
        customer_id=found(customers.find(public_id=customer_id)).id,
        amount=Money(data["fen"]) if "fen" in data else None,
        reason=data["reason"],
        key=new_id(),
        now=clock.now(),
    )
    return wording.refund_answer(made, numbers=queries.numbers([made]))
