"""The points mall over the API: what is offered, and redeeming."""

from __future__ import annotations

from typing import Any

from flask import request

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found
from shopapp.kernel.idempotency import once
from shopapp.kernel.ids import new_id
from shopapp.kernel.templating import picture_url
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons.answers import held_answer, terms_answer
from shopapp.loyalty.points.access import require_member
from shopapp.members.identity.queries import signed_in
from shopapp.store.orders import queries as orders
from shopapp.store.orders.answers import PICTURE_WIDTH, order_answer

from . import queries, services
from .queries import MallOffer
from .schemas import MallArguments, MallOfferAnswer, MallOfferList, RedemptionAnswer, RedemptionInput

blp = ApiBlueprint("mall", __name__, url_prefix="/api/v1", description="积分商城")


@blp.get("/mall")
@blp.arguments(MallArguments, location="query")
@blp.response(200, MallOfferList)
def list_offers(data: dict[str, Any]) -> dict[str, Any]:
    """What is offered for points; guests see it too. A page may be shorter than `limit` and have a next one."""
    now = clock.now()
    found_here, cursor = queries.offers(
        visitor=queries.visitor_of(signed_in(), now=now),
        before=data.get("cursor"),
        limit=data["limit"],
        now=now,
    )
    return {"items": [_answer(offer) for offer in found_here], "next_cursor": cursor}


@blp.get("/mall/<item_id>")
@blp.response(200, MallOfferAnswer)
def show_offer(item_id: str) -> dict[str, Any]:
    now = clock.now()
    visitor = queries.visitor_of(signed_in(), now=now)
    return _answer(found(queries.offer(public_id=item_id, visitor=visitor, now=now)))


@blp.post("/mall/<item_id>/redemptions")
@once
@blp.arguments(RedemptionInput)
@blp.response(201, RedemptionAnswer)
def redeem(data: dict[str, Any], item_id: str) -> dict[str, Any]:
    """Members take an item for points: goods become an order, to be paid if it costs money too."""
    customer, now = require_member(), clock.now()
    done = services.redeem(
        item_id=item_id,
        customer=customer,
        quantity=data["quantity"],
        address_id=data["address_id"],
        key=request.headers.get("Idempotency-Key") or new_id(),
        now=now,
    )
    order = coupon = None
    if done.order_id is not None:
        no = orders.brief(order_id=done.order_id).no
        order = found(orders.own_order(customer_id=customer.customer_id, no=no))
    if done.coupon_id is not None:
        coupon = found(coupons.holding(public_id=done.coupon_id, now=now))
    return {
        "id": done.id,
        "item_id": done.item_id,
        "quantity": done.quantity,
        "points": done.points,
        "cash_fen": done.cash_fen,
        "order": order_answer(orders.file_of(order)) if order else None,
        "coupon": held_answer(coupon) if coupon else None,
    }


def _answer(offer: MallOffer) -> dict[str, Any]:
    content, sku = offer.content, offer.sku
    return {
        "id": offer.id,
        "kind": content.kind.value,
        "title": offer.title,
        "picture_url": picture_url(sku.picture, PICTURE_WIDTH) if sku and sku.picture else None,
        "points": content.points,
        "cash_fen": content.cash.fen,
        "price_fen": sku.price.fen if sku else None,
        "product_id": sku.product_public_id if sku else None,
        "sku_id": sku.public_id if sku else None,
        "specs": sku.specs if sku else [],
        "coupon": terms_answer(offer.coupon.content.terms) if offer.coupon else None,
        "state": offer.standing.value,
        "left": offer.left,
        "allowed": offer.allowed,
        "missing_points": offer.missing,
        "min_tier": content.min_tier,
        "min_tier_name": offer.tier_name,
        "starts_at": content.starts_at,
        "ends_at": content.ends_at,
    }
