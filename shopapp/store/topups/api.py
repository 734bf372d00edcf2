"""JSON: a customer tops up and has principal back."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.idempotency import once
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.members.identity import services as identity
from shopapp.members.identity.queries import require_customer
from shopapp.store.orders import queries as orders
from shopapp.store.orders.answers import order_answer
from shopapp.store.orders.schemas import OrderAnswer

from . import queries, services, wording
from .schemas import PrincipalRefundAnswer, PrincipalRefundInput, PrincipalRefundList, TopUpInput

blp = ApiBlueprint("top_ups", __name__, url_prefix="/api/v1/me/wallet", description="储值")


@blp.post("/top-ups")
@blp.arguments(TopUpInput)
@once
@blp.response(201, OrderAnswer)
def top_up(data: dict[str, Any]) -> dict[str, Any]:
    """An order of kind top_up, to be paid like any other; the wallet is credited when it is paid. Members alone."""
    customer = require_customer()
    identity.note_use(customer=customer, now=clock.now())
    order_id = services.place(
        customer=customer,
        plan_id=data.get("plan_id"),
        amount=Money(data["amount_fen"]) if "amount_fen" in data else None,
        key=new_id(),
        now=clock.now(),
    )
    return order_answer(orders.new_file(orders.order_by_id(order_id=order_id)))


@blp.get("/refunds")
@blp.response(200, PrincipalRefundList)
def list_refunds() -> dict[str, Any]:
    """The latest refunds of principal, the newest first, and what can go back now."""
    customer_id = require_customer().customer_id
    rows = queries.refunds_of(customer_id=customer_id)
    numbers = queries.numbers(rows)
    found_now = queries.refundable(customer_id=customer_id, now=clock.now())
    return {
        "items": [wording.refund_answer(row, numbers=numbers) for row in rows],
        "next_cursor": None,
        "refundable_fen": found_now.amount.fen,
        "by_shop_fen": found_now.by_shop.fen,
    }


@blp.post("/refunds")
@blp.arguments(PrincipalRefundInput)
@once
@blp.response(201, PrincipalRefundAnswer)
def refund(data: dict[str, Any]) -> dict[str, Any]:
    """Have principal back the way it was paid; it leaves the wallet at once."""
    made = services.refund_principal(
        customer_id=require_customer().customer_id,
        amount=Money(data["fen"]) if "fen" in data else None,
        reason="",
        key=new_id(),
        now=clock.now(),
    )
    return wording.refund_answer(made, numbers=queries.numbers([made]))
