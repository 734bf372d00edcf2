"""JSON for the merchant: top-up plans."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found, writes
from shopapp.kernel.idempotency import once
from shopapp.kernel.money import Money

from . import queries, services, wording
from .models import TopUpPlan
from .rules import PlanContent
from .schemas import MerchantTopUpPlanAnswer, MerchantTopUpPlanList, TopUpPlanInput

blp = ApiBlueprint("merchant_wallet", __name__, url_prefix="/api/v1/admin", description="商家：储值")
guard_merchant_api(blp)


@blp.get("/top-up-plans")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, MerchantTopUpPlanList)
def list_plans() -> dict[str, Any]:
    """All plans, in the shop's order."""
    return {"items": [_answer(plan) for plan in queries.all_plans()], "next_cursor": None}


@blp.post("/top-up-plans")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.arguments(TopUpPlanInput)
@blp.response(201, MerchantTopUpPlanAnswer)
def create_plan(data: dict[str, Any]) -> dict[str, Any]:
    return _answer(services.save_plan(row=None, content=_content(data), now=clock.now()))


@blp.get("/top-up-plans/<plan_id>")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, MerchantTopUpPlanAnswer)
def show_plan(plan_id: str) -> dict[str, Any]:
    return _answer(found(queries.plan(public_id=plan_id)))


@blp.put("/top-up-plans/<plan_id>")
@requires(Permission.LOYALTY_EDIT)
@writes
@blp.arguments(TopUpPlanInput)
@blp.response(200, MerchantTopUpPlanAnswer)
def change_plan(data: dict[str, Any], plan_id: str) -> dict[str, Any]:
    """Put the whole plan anew; what was topped up with it before stays as it was promised."""
    row = found(queries.plan(public_id=plan_id))
    return _answer(services.save_plan(row=row, content=_content(data), now=clock.now()))


def _content(data: dict[str, Any]) -> PlanContent:
    return PlanContent(
        pay=Money(data["pay_fen"]),
        gift=Money(data["gift_fen"]),
        life=data["gift_life"],
        active=data["active"],
        position=data["position"],
        per_person=data["per_person"],
        starts_at=data["starts_at"],
        ends_at=data["ends_at"],
    )


def _answer(plan: TopUpPlan) -> dict[str, Any]:
    return wording.plan_view(plan) | {
        "active": plan.active,
        "position": plan.position,
        "starts_at": plan.starts_at,
        "created_at": plan.created_at,
    }
