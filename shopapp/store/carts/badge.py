"""The number on the cart, which every page shows: read at the price of a glance."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import bindparam, func, select

from shopapp.kernel import clock
from shopapp.kernel.glance import Glance, moment
from shopapp.kernel.ids import token_hash
from shopapp.members.identity.queries import SESSION_COOKIE, SESSION_HOLDER

from .models import Cart, CartItem
from .queries import GUEST_COOKIE

_PIECES = select(func.sum(CartItem.quantity)).join(Cart, Cart.id == CartItem.cart_id)
_OF_CUSTOMER = Glance(
    select(
        SESSION_HOLDER.c.expires_at,
        _PIECES.where(Cart.customer_id == SESSION_HOLDER.c.customer_id).scalar_subquery(),
    )
)
_OF_GUEST = Glance(_PIECES.where(Cart.guest_hash == bindparam("token_hash")))


def badge_reader() -> Callable[[Mapping[str, str]], int]:
    """How many pieces are in the cart of the person with these cookies; may be called outside of any context later."""
    of_customer, of_guest = _OF_CUSTOMER.later(), _OF_GUEST.later()

    def read(cookies: Mapping[str, str]) -> int:
        session, cart = cookies.get(SESSION_COOKIE), cookies.get(GUEST_COOKIE)
        if session:
            row = of_customer(token_hash=token_hash(session))
            if row is not None and moment(row[0]) > clock.now():
                return int(row[1] or 0)
        row = of_guest(token_hash=token_hash(cart)) if cart else None
        return int((row and row[0]) or 0)

    return read
