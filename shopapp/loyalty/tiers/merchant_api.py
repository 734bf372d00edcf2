"""Tiers for the merchant: the rules, and what a customer has."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found, writes
from shopapp.kernel.idempotency import once
from shopapp.members.identity import queries as identity

from . import files, queries, services
from .answers import terms_answer, tier_answer
from .models import TierOverride
from .preview import Preview, preview
from .schemas import (
    CustomerTierAnswer,
    TierOverrideAnswer,
    TierOverrideInput,
    TierPreviewInput,
    TiersAnswer,
    TiersChangeAnswer,
    TiersInput,
)
from .terms import TierTerms, problems

blp = ApiBlueprint("merchant_tiers", __name__, url_prefix="/api/v1/admin", description="商家：会员等级")
guard_merchant_api(blp)


@blp.get("/tiers")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, TiersAnswer)
def show_tiers() -> dict[str, Any]:
    return terms_answer(queries.version_now())


@blp.put("/tiers")
@requires(Permission.LOYALTY_EDIT)
@blp.arguments(TierPreviewInput, location="query")
@blp.arguments(TiersInput)
@blp.response(200, TiersChangeAnswer)
def change_tiers(query: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """New rules, in force at once; the answer says who moves by them. With `preview=true` nothing is saved."""
    note, based_on = data.pop("note"), data.pop("version")
    terms, now = TierTerms.from_json(data), clock.now()
    wrong = problems(terms)
    if wrong:
        raise Invalid(wrong)
    present = queries.version_now().number
    seen = moves(preview(terms=terms, now=now))
    if query["preview"] == "true":
        return {"saved": False, "version": present, "preview": seen}
    with transaction():
        number = services.save_version(
            terms=terms, note=note, based_on=present if based_on is None else based_on, now=now
        )
    return {"saved": True, "version": number, "preview": seen}


def moves(result: Preview) -> dict[str, Any]:
    """A preview with the customers of its examples by the ids that are shown outside."""
    people = identity.by_ids(customer_ids=[mover.customer_id for mover in result.examples])
    return {
        "up": result.up,
        "down": result.down,
        "same": result.same,
        "examples": [
            {
                "customer_id": people[mover.customer_id].public_id,
                "before": mover.before,
                "after": mover.after,
                "at": mover.at,
            }
            for mover in result.examples
        ],
    }


@blp.get("/customers/<customer_id>/tier")
@requires(Permission.CUSTOMERS_VIEW)
@blp.response(200, CustomerTierAnswer)
def show_tier(customer_id: str) -> dict[str, Any]:
    """`tier` is null for a customer who is no member."""
    person = found(identity.find(public_id=customer_id))
    file = files.file_of(customer_id=person.id, now=clock.now())
    return {
        "tier": None if file is None else tier_answer(file),
        "overrides": files.overrides_of(customer_id=person.id),
    }


@blp.post("/customers/<customer_id>/tier-overrides")
@once
@requires(Permission.TIERS_OVERRIDE)
@blp.arguments(TierOverrideInput)
@blp.response(201, TierOverrideAnswer)
def give_tier(data: dict[str, Any], customer_id: str) -> TierOverride:
    """Give at least this tier until a date, with the reason."""
    person = found(identity.find(public_id=customer_id))
    return services.set_override(customer_id=person.id, public_id=person.public_id, now=clock.now(), **data)


@blp.delete("/customers/<customer_id>/tier-overrides/<override_id>")
@writes
@requires(Permission.TIERS_OVERRIDE)
@blp.response(204)
def end_given_tier(customer_id: str, override_id: str) -> None:
    person = found(identity.find(public_id=customer_id))
    services.end_override(
        customer_id=person.id, public_id=person.public_id, override_id=override_id, now=clock.now()
    )
