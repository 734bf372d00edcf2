"""JSON: a customer buys a membership card."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.idempotency import once
from shopapp.members.identity import services as identity
from shopapp.members.identity.queries import require_customer
from shopapp.store.orders import queries as orders
from shopapp.store.orders.answers import order_answer
from shopapp.store.orders.schemas import OrderAnswer

from . import services
from .schemas import CardPurchaseInput

blp = ApiBlueprint("card_sales", __name__, url_prefix="/api/v1", description="会员卡")


@blp.post("/me/cards")
@once
@blp.arguments(CardPurchaseInput)
@blp.response(201, OrderAnswer)
def buy(data: dict[str, Any]) -> dict[str, Any]:
    """An order of kind card, to be paid like any other; the card begins, or is renewed, when it is paid. Members alone."""
    customer = require_customer()
    identity.note_use(customer=customer, now=clock.now())
    order_id = services.place(customer=customer, plan_id=data["plan_id"], now=clock.now())
    return order_answer(orders.new_file(orders.order_by_id(order_id=order_id)))
