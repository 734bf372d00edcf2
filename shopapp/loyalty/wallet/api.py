"""JSON: a customer's wallet."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.members.identity.queries import require_customer

from . import queries, wording
from .schemas import WalletAnswer, WalletEntriesInput, WalletEntryList

blp = ApiBlueprint("wallet", __name__, url_prefix="/api/v1/me", description="储值")


@blp.get("/wallet")
@blp.response(200, WalletAnswer)
def show_wallet() -> dict[str, Any]:
    customer, now = require_customer(), clock.now()
    own = queries.balance(customer_id=customer.customer_id, now=now)
    free = queries.free_amount()
    return {
        "principal_fen": own.principal.fen,
        "gift_fen": own.gift.fen,
        "available_fen": own.available.fen,
        "held_fen": own.held.fen,
        "limit_fen": queries.limit_of(customer_id=customer.customer_id).fen,
        "gift_expiring": [
            {"amount_fen": end.amount, "at": end.at}
            for end in queries.gift_ends(customer_id=customer.customer_id, now=now)
        ],
        "can_top_up": customer.is_member,
        "free_amount": {"from_fen": free.least.fen, "to_fen": free.most.fen} if free.offered else None,
        "plans": [wording.plan_view(plan) for plan in queries.plans_on_offer(now=now)],
    }


@blp.get("/wallet/entries")
@blp.arguments(WalletEntriesInput, location="query")
@blp.response(200, WalletEntryList)
def list_entries(data: dict[str, Any]) -> dict[str, Any]:
    """Movements of principal and gift, the newest first."""
    customer = require_customer()
    found, cursor = queries.entries(
        customer_id=customer.customer_id, cursor=data.get("cursor"), limit=data["limit"]
    )
    return {"items": [wording.entry_view(entry) for entry in found], "next_cursor": cursor}
