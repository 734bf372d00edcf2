"""Buying a membership card in the storefront, as a plain form."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.loyalty.perks import pages as perks
from shopapp.members.identity.queries import require_customer
from shopapp.store.orders import queries as orders

from . import services
from .services import CardUnpaid

blueprint = Blueprint("card_sale_pages", __name__)


@blueprint.post("/me/perks/cards")
def buy() -> Response | tuple[str, int]:
    """Order a card and go to pay it; where one of this plan waits to be paid already, go to pay that."""
    customer, now = require_customer(), clock.now()
    try:
        with transaction():
            order_id = services.place(customer=customer, plan_id=request.form.get("plan", ""), now=now)
    except CardUnpaid as waiting:
        return _to_cashier(waiting.details["order_no"])
    except ShopError as problem:
        return perks.show(problem.message), problem.status
    return _to_cashier(orders.numbers_of(order_ids=[order_id])[order_id])


def _to_cashier(order_no: str) -> Response:
    return redirect(f"/orders/{order_no}/pay", 303)
