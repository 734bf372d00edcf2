"""Who looks at a page, as far as pages differ: the number on their cart and their tier, read at the price of a glance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from flask import g, request
from sqlalchemy import bindparam, func, select

from shopapp.kernel import clock
from shopapp.kernel.glance import Glance, moment
from shopapp.kernel.ids import token_hash
from shopapp.kernel.kept import BEARER
from shopapp.loyalty.tiers.queries import TIER_OF_HOLDER
from shopapp.members.identity.queries import SESSION_COOKIE, SESSION_HOLDER

from .carts.models import Cart, CartItem
from .carts.queries import GUEST_COOKIE


class Viewer(NamedTuple):
    """`pieces` in the cart; the code of the `tier`, None for who is no member."""

    pieces: int = 0
    tier: str | None = None


_PIECES = select(func.sum(CartItem.quantity)).join(Cart, Cart.id == CartItem.cart_id)
_OF_CUSTOMER = Glance(
    select(
        SESSION_HOLDER.c.expires_at,
        _PIECES.where(Cart.customer_id == SESSION_HOLDER.c.customer_id).scalar_subquery(),
        TIER_OF_HOLDER,
    )
)
_OF_GUEST = Glance(_PIECES.where(Cart.guest_hash == bindparam("token_hash")))
_TIER = Glance(select(SESSION_HOLDER.c.expires_at, TIER_OF_HOLDER))


def viewer_reader() -> Callable[[Mapping[str, str]], Viewer]:
    """Who the person with these cookies is; may be called outside of any context later."""
    of_customer, of_guest = _OF_CUSTOMER.later(), _OF_GUEST.later()

    def read(cookies: Mapping[str, str]) -> Viewer:
        session, cart = cookies.get(SESSION_COOKIE), cookies.get(GUEST_COOKIE)
        if session:
            row = of_customer(token_hash=token_hash(session))
            if row is not None and moment(row[0]) > clock.now():
                return Viewer(pieces=int(row[1] or 0), tier=row[2])
        row = of_guest(token_hash=token_hash(cart)) if cart else None
        return Viewer(pieces=int((row and row[0]) or 0))

    return read


def tier_reader() -> Callable[[Mapping[str, str]], str | None]:
    """The code of the tier of who has these cookies, or this bearer token; None for who is no member."""
    of_holder = _TIER.later()

    def read(cookies: Mapping[str, str]) -> str | None:
        token = cookies.get(BEARER) or cookies.get(SESSION_COOKIE)
        row = of_holder(token_hash=token_hash(token)) if token else None
        if row is None or moment(row[0]) <= clock.now():
            return None
        tier: str | None = row[1]
        return tier

    return read


def viewer() -> Viewer:
    """Who looks at the page of this request, read once."""
    if "viewer" not in g:
        g.viewer = viewer_reader()(request.cookies)
    found: Viewer = g.viewer
    return found
