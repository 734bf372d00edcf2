"""JSON for the merchant: card plans and batches of codes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.clock import day_start
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found, writes
from shopapp.kernel.i18n import _
from shopapp.kernel.idempotency import once
from shopapp.kernel.money import Money

from . import offering, queries
from .queries import Batch, PlanView
from .rules import PlanContent
from .schemas import (
    CardBatchAnswer,
    CardBatchInput,
    CardBatchList,
    CardCodesAnswer,
    CardPlanAnswer,
    CardPlanInput,
    CardPlanList,
)

blp = ApiBlueprint("merchant_cards", __name__, url_prefix="/api/v1/admin", description="商家：会员卡")
guard_merchant_api(blp)


@blp.get("/card-plans")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, CardPlanList)
def list_plans() -> dict[str, Any]:
    counts = queries.counts(now=clock.now())
    return {"items": [_answer(plan, counts) for plan in queries.plans()], "next_cursor": None}


@blp.post("/card-plans")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.arguments(CardPlanInput)
@blp.response(201, CardPlanAnswer)
def create_plan(data: dict[str, Any]) -> dict[str, Any]:
    return _shown(offering.create_plan(content=_content(data), now=clock.now()).public_id)


@blp.get("/card-plans/<plan_id>")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, CardPlanAnswer)
def show_plan(plan_id: str) -> dict[str, Any]:
    return _shown(plan_id)


@blp.put("/card-plans/<plan_id>")
@requires(Permission.LOYALTY_EDIT)
@writes
@blp.arguments(CardPlanInput)
@blp.response(200, CardPlanAnswer)
def change_plan(data: dict[str, Any], plan_id: str) -> dict[str, Any]:
    """Write the whole plan anew. Cards that run keep their dates and their tier."""
    offering.change_plan(public_id=plan_id, content=_content(data))
    return _shown(plan_id)


@blp.get("/card-plans/<plan_id>/code-batches")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, CardBatchList)
def list_batches(plan_id: str) -> dict[str, Any]:
    found(queries.plan(plan_id))
    return {"items": queries.batches(plan_id=plan_id), "next_cursor": None}


@blp.post("/card-plans/<plan_id>/code-batches")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.arguments(CardBatchInput)
@blp.response(201, CardBatchAnswer)
def make_batch(data: dict[str, Any], plan_id: str) -> Batch:
    batch = offering.make_batch(
        plan_id=plan_id,
        name=data["name"],
        count=data["count"],
        expires_at=last_moment(data["expires_on"]),
        now=clock.now(),
    )
    return found(queries.batch(batch.public_id))


@blp.post("/card-code-batches/<batch_id>/export")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.response(201, CardCodesAnswer)
def take_codes(batch_id: str) -> dict[str, Any]:
    """The codes, once: the shop does not know them afterwards."""
    return {"codes": offering.take_codes(public_id=batch_id, now=clock.now())}


def last_moment(day: date | None) -> datetime | None:
    """The end of a day of shop time. Raises `Invalid` for one beyond all calendars."""
    if day is None:
        return None
    try:
        return day_start(day + timedelta(days=1))
    except OverflowError:
        raise Invalid({"expires_on": [_("日期太远。")]}) from None


def _content(data: dict[str, Any]) -> PlanContent:
    values = {name: value for name, value in data.items() if name != "price_fen"}
    return PlanContent(
        **{**values, "name": data["name"].strip(), "tier_code": data["tier_code"] or None},
        price=Money(data["price_fen"]),
    )


def _shown(plan_id: str) -> dict[str, Any]:
    return _answer(found(queries.plan(plan_id)), queries.counts(now=clock.now()))


def _answer(plan: PlanView, counts: dict[str, int]) -> dict[str, Any]:
    values = {name: value for name, value in vars(plan.content).items() if name != "price"}
    return {"id": plan.id, **values, "price_fen": plan.price.fen, "holders": counts.get(plan.id, 0)}
