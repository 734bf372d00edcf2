"""What is in a cart, and what of it can be bought now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flask import has_request_context, request
from sqlalchemy import ColumnElement, Select, func, select

from shopapp.kernel.db import db
from shopapp.kernel.ids import token_hash
from shopapp.kernel.money import Money
from shopapp.members.identity.queries import signed_in
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.queries import SellableSku
from shopapp.store.fields import PIECES_MAX

from .models import Cart, CartItem

GUEST_COOKIE = "cart"


class LineState(StrEnum):
    """price_changed and short can still be bought, the latter with fewer pieces; sold_out and gone cannot."""

    OK = "ok"
    PRICE_CHANGED = "price_changed"
    SHORT = "short"
    SOLD_OUT = "sold_out"
    GONE = "gone"


BUYABLE = {LineState.OK, LineState.PRICE_CHANGED, LineState.SHORT}


@dataclass(frozen=True, kw_only=True)
class CartOwner:
    """A customer by row id, or a guest by the hash of their browser's cart token; both empty: nobody yet."""

    customer_id: int | None = None
    guest_hash: str | None = None


@dataclass(frozen=True, kw_only=True)
class CartLine:
    """A SKU in the cart beside what it is now."""

    sku: SellableSku
    quantity: int
    selected: bool
    price_seen: Money
    state: LineState

    @property
    def pieces_max(self) -> int:
        """The most pieces of it that a purchase can hold now."""
        return min(PIECES_MAX, max(self.sku.free, 0), self.sku.limit_per_customer or PIECES_MAX)

    @property
    def bought(self) -> bool:
        """Whether a purchase of the selected lines takes this one along."""
        return self.selected and self.state in BUYABLE

    @property
    def total(self) -> Money:
        return self.sku.price * self.quantity


def owner() -> CartOwner:
    """Whose cart this request sees: the customer's, else that of the browser's cookie."""
    customer = signed_in()
    if customer is not None:
        return CartOwner(customer_id=customer.customer_id)
    token = request.cookies.get(GUEST_COOKIE) if has_request_context() else None
    return CartOwner(guest_hash=token_hash(token) if token else None)


def lines(*, of: CartOwner) -> list[CartLine]:
    """The lines, the newest first, in two queries."""
    statement = _items(of).order_by(CartItem.added_at.desc(), CartItem.id.desc())
    items = db.session.execute(statement).all() if _known(of) else []
    skus = catalogue.sellable_by_row(sku_ids=[item.sku_id for item in items])
    return [
        CartLine(
            sku=skus[item.sku_id],
            quantity=item.quantity,
            selected=item.selected,
            price_seen=item.price_seen,
            state=_state(skus[item.sku_id], quantity=item.quantity, price_seen=item.price_seen),
        )
        for item in items
    ]


def selected_items(*, customer_id: int | None = None, guest_hash: str | None = None) -> list[tuple[str, int]]:
    """(public id of the SKU, pieces) of the selected lines that can be bought, the newest first."""
    found = lines(of=CartOwner(customer_id=customer_id, guest_hash=guest_hash))
    return [(line.sku.public_id, line.quantity) for line in found if line.bought]


def cart_count(*, customer_id: int | None = None, guest_hash: str | None = None) -> int:
    """Pieces in the cart."""
    of = CartOwner(customer_id=customer_id, guest_hash=guest_hash)
    if not _known(of):
        return 0
    pieces = select(func.sum(CartItem.quantity)).join(Cart, Cart.id == CartItem.cart_id).where(_is(of))
    return int(db.session.scalar(pieces) or 0)


def _known(of: CartOwner) -> bool:
    return of.customer_id is not None or of.guest_hash is not None


def _is(of: CartOwner) -> ColumnElement[bool]:
    if of.customer_id is not None:
        return Cart.customer_id == of.customer_id
    return Cart.guest_hash == of.guest_hash


def _items(of: CartOwner) -> Select[int, int, bool, Money]:
    columns = (CartItem.sku_id, CartItem.quantity, CartItem.selected, CartItem.price_seen)
    return select(*columns).join(Cart, Cart.id == CartItem.cart_id).where(_is(of))


def _state(sku: SellableSku, *, quantity: int, price_seen: Money) -> LineState:
    if not sku.on_sale:
        return LineState.GONE
    if sku.free < 1:
        return LineState.SOLD_OUT
    if sku.free < quantity:
        return LineState.SHORT
    return LineState.OK if sku.price == price_seen else LineState.PRICE_CHANGED
