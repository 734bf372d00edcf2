"""The cart over the API: a customer's, or a guest's by the cookie of their browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import after_this_request
from flask.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import writes
from shopapp.kernel.ids import new_token, token_hash
from shopapp.kernel.settings import settings
from shopapp.kernel.templating import picture_url
from shopapp.members.identity import services as identity
from shopapp.members.identity.queries import signed_in

from . import queries, services
from .queries import GUEST_COOKIE, CartLine, CartOwner
from .schemas import CartAnswer, CartItemInput

GUEST_COOKIE_KEPT = timedelta(days=60)
THUMBNAIL_WIDTH = 320

blp = ApiBlueprint("carts", __name__, url_prefix="/api/v1", description="购物车")


@blp.get("/cart")
@blp.response(200, CartAnswer)
def show_cart() -> dict[str, Any]:
    return cart_answer(queries.lines(of=queries.owner()))


@blp.put("/cart/items/<sku_id>")
@writes
@blp.arguments(CartItemInput)
@blp.response(200, CartAnswer)
def put_item(data: dict[str, Any], sku_id: str) -> dict[str, Any]:
    owner = _owner_to_write()
    identity.note_use(customer=signed_in(), now=clock.now())
    services.put_item(of=owner, sku_public_id=sku_id, now=clock.now(), **data)
    return cart_answer(queries.lines(of=owner))


@blp.delete("/cart/items/<sku_id>")
@writes
@blp.response(200, CartAnswer)
def remove_item(sku_id: str) -> dict[str, Any]:
    owner = queries.owner()
    services.remove_item(of=owner, sku_public_id=sku_id)
    return cart_answer(queries.lines(of=owner))


def _owner_to_write() -> CartOwner:
    """The owner of this request's cart; a guest who has none is given a token to keep."""
    owner = queries.owner()
    if owner.customer_id is not None or owner.guest_hash is not None:
        return owner
    token = new_token()

    @after_this_request
    def keep(response: Response) -> Response:
        if response.status_code < 400:
            response.set_cookie(
                GUEST_COOKIE,
                token,
                max_age=GUEST_COOKIE_KEPT,
                httponly=True,
                secure=settings().production,
                samesite="Lax",
            )
        return response

    return CartOwner(guest_hash=token_hash(token))


def cart_answer(lines: list[CartLine]) -> dict[str, Any]:
    bought = [line for line in lines if line.bought]
    return {
        "items": [_line(line) for line in lines],
        "count": sum(line.quantity for line in lines),
        "selected": {
            "lines": len(bought),
            "quantity": sum(line.quantity for line in bought),
            "total_fen": sum(line.total.fen for line in bought),
        },
    }


def _line(line: CartLine) -> dict[str, Any]:
    sku = line.sku
    return {
        "sku_id": sku.public_id,
        "product_id": sku.product_public_id,
        "title": sku.title,
        "specs": sku.specs,
        "picture_url": picture_url(sku.picture, THUMBNAIL_WIDTH) if sku.picture else None,
        "price_fen": sku.price.fen,
        "price_seen_fen": line.price_seen.fen,
        "quantity": line.quantity,
        "quantity_max": line.pieces_max,
        "total_fen": line.total.fen,
        "selected": line.selected,
        "state": line.state.value,
    }
