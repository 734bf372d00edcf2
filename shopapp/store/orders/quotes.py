"""Quotes: what a purchase would cost, for guests too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.members.addresses.queries import address_of
from shopapp.members.identity.queries import require_customer, signed_in
from shopapp.store.carts import queries as carts
from shopapp.store.pricing import queries as pricing
from shopapp.store.pricing.queries import Asked, Priced, Refusal
from shopapp.store.pricing.rules import QuotedLine
from shopapp.store.pricing.schemas import QuoteAnswer, QuoteInput

from . import queries

blp = ApiBlueprint("pricing", __name__, url_prefix="/api/v1", description="报价")


@blp.post("/quotes")
@blp.arguments(QuoteInput)
@blp.response(200, QuoteAnswer)
def quote(data: dict[str, Any]) -> dict[str, Any]:
    items = wanted_items(data)
    customer = signed_in()
    priced = pricing.price(
        items=items,
        region_code=_region_code(data.get("address_id")),
        customer=customer,
        asked=asked_for(data),
        now=clock.now(),
    )
    limits = limit_refusals(
        priced=priced, items=items, customer_id=customer.customer_id if customer else None
    )
    return quote_answer(priced, [*priced.refusals, *limits])


def asked_for(data: dict[str, Any]) -> Asked:
    """What the body wants to use beside money."""
    return Asked(
        coupon_ids=tuple(data["coupon_ids"]), points=data["points"], wallet=Money(data["wallet_fen"])
    )


def wanted_items(data: dict[str, Any]) -> list[tuple[str, int]]:
    """What the request names, else the selected lines of its cart."""
    if "items" in data:
        return [(item["sku_id"], item["quantity"]) for item in data["items"]]
    owner = carts.owner()
    return carts.selected_items(customer_id=owner.customer_id, guest_hash=owner.guest_hash)


def limit_refusals(
    *, priced: Priced, items: Sequence[tuple[str, int]], customer_id: int | None
) -> list[Refusal]:
    """By the limits per customer, with what this customer bought before; of a guest nothing is known."""
    limited = {sku.product_id for sku in priced.skus.values() if sku.limit_per_customer is not None}
    bought: dict[int, int] = {}
    if limited and customer_id is not None:
        bought = queries.bought_before(customer_id=customer_id, product_ids=limited)
    return pricing.limit_refusals(priced=priced, items=items, bought=bought)


def _region_code(address_id: str | None) -> str | None:
    if address_id is None:
        return None
    address = address_of(customer_id=require_customer().customer_id, public_id=address_id)
    if address is None:
        raise Invalid({"address_id": [_("没有这个收货地址，请重新选择。")]})
    return address.region_code


def quote_answer(priced: Priced, refusals: list[Refusal]) -> dict[str, Any]:
    return {
        "lines": [line_answer(line) for line in priced.quote.lines],
        "freight_fen": priced.quote.freight.fen,
        "points_used": priced.quote.points_used,
        "wallet_fen": priced.quote.wallet.fen,
        "total_fen": priced.quote.total.fen,
        "points_to_earn": priced.quote.points_to_earn,
        "refusals": refusals,
    }


def line_answer(line: QuotedLine) -> dict[str, Any]:
    return {
        "sku_id": line.sku_id,
        "quantity": line.quantity,
        "list_fen": line.list.fen,
        "reductions": [
            {"kind": taken.kind, "fen": taken.amount.fen, "note": taken.note} for taken in line.reductions
        ],
        "pay_fen": line.pay.fen,
    }
