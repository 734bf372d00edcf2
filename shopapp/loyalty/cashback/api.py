"""JSON: a customer claims cash-back for a marketplace order and follows the claim."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found
from shopapp.kernel.idempotency import once
from shopapp.members.identity import services as identity
from shopapp.members.identity.queries import require_customer

from . import entry, queries
from .answers import claim_answer
from .schemas import ClaimAnswer, ClaimInput, ClaimList, ClaimPageArguments

P = ParamSpec("P")
R = TypeVar("R")

blp = ApiBlueprint("claims", __name__, url_prefix="/api/v1/claims", description="返现登记")


def _counts_guesses(view: Callable[P, R]) -> Callable[P, R]:
    """Outside of the view's transaction, so that a refused number is counted as well."""

    @wraps(view)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        entry.count_guess()
        return view(*args, **kwargs)

    return counted


@blp.post("")
@_counts_guesses
@once
@blp.arguments(ClaimInput)
@blp.response(201, ClaimAnswer)
def submit(data: dict[str, Any]) -> dict[str, Any]:
    """Claim cash-back for an order. A number that is unknown as yet and one whose evidence does not fit get the same
    answer: submitted, being checked. The same number again gives the claim there is. Tries are limited."""
    customer, now = require_customer(), clock.now()
    identity.note_use(customer=customer, now=now)
    made = entry.submit(platform=data["platform"], text=data["order_no"], tail=data["phone_tail"], now=now)
    return claim_answer(made, queries.campaign_of(made))


@blp.get("")
@blp.arguments(ClaimPageArguments, location="query")
@blp.response(200, ClaimList)
def list_own(data: dict[str, Any]) -> dict[str, Any]:
    """The customer's claims, the newest first."""
    rows, cursor = queries.claims_of(
        customer_id=require_customer().customer_id, before=data.get("cursor"), limit=data["limit"]
    )
    return {"items": [claim_answer(*row) for row in rows], "next_cursor": cursor}


@blp.get("/<claim_id>")
@blp.response(200, ClaimAnswer)
def show(claim_id: str) -> dict[str, Any]:
    customer_id = require_customer().customer_id
    return claim_answer(*found(queries.claim_of(customer_id=customer_id, public_id=claim_id)))
