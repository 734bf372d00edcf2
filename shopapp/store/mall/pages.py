"""The points mall in the storefront: what is offered, one item, and a step that says what will be taken.

Everything is links and plain forms, so that it works without script.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import NotFound, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.ids import new_id
from shopapp.loyalty.coupons import words as coupon_words
from shopapp.loyalty.points.access import require_member
from shopapp.members.addresses import pages as address_pages
from shopapp.members.addresses import queries as addresses
from shopapp.members.identity.pages import JOIN
from shopapp.members.identity.queries import SignedIn, require_customer, signed_in
from shopapp.store.catalogue.cards import CARD_WIDTH, LARGE_WIDTH, square
from shopapp.store.fields import PIECES_MAX
from shopapp.store.orders import breakdown
from shopapp.store.orders import queries as orders
from shopapp.store.pricing import queries as pricing
from shopapp.store.pricing.queries import Asked, Priced
from shopapp.store.pricing.rules import PointsPrice

from . import queries, services, wording
from .queries import MallOffer, Visitor
from .rules import Standing

MALL = "/mall"
PAGE_SIZE = 20
KEY_LENGTH_MAX = 64

blueprint = Blueprint("mall_pages", __name__)


@blueprint.get(MALL)
def mall() -> str:
    now, customer = clock.now(), signed_in()
    visitor = queries.visitor_of(customer, now=now)
    cursor = request.args.get("cursor")
    shown, following = queries.offers(visitor=visitor, before=cursor, limit=PAGE_SIZE, now=now)
    return render_template(
        "mall/list.html",
        points=visitor.points,
        offers=[_card(offer) for offer in shown],
        first=cursor is None,
        next_url=f"{MALL}?{urlencode({'cursor': following})}" if following else None,
        join_url=_join_url(customer, next_path=MALL),
    )


def _join_url(customer: SignedIn | None, *, next_path: str) -> str:
    """Where who is no member becomes one; signing in comes by itself on the way. Empty for a member."""
    member = customer is not None and customer.is_member
    return "" if member else f"{JOIN}?{urlencode({'next': next_path})}"


def _card(offer: MallOffer, *, width: int = CARD_WIDTH) -> dict[str, Any]:
    terms = offer.coupon.content.terms if offer.coupon else None
    return {
        "id": offer.id,
        "url": f"{MALL}/{offer.id}",
        "title": offer.title,
        "picture": square(offer.sku.picture, width=width) if offer.sku else None,
        "specs_text": offer.sku.specs_text if offer.sku else "",
        "coupon": {
            "value": coupon_words.value_parts(terms),
            "kind": coupon_words.KINDS[terms.kind],
            "conditions": coupon_words.conditions(terms),
            "lasts": coupon_words.validity_words(offer.coupon.content),
        }
        if terms and offer.coupon
        else None,
        "points": offer.content.points,
        "cash_fen": offer.content.cash.fen,
        "list_fen": offer.sku.price.fen if offer.sku else None,
        "left_text": wording.left_text(offer),
        "limit_text": wording.limit_text(offer.content),
        "tier_text": wording.tier_text(offer),
        "state": wording.state_text(offer),
        "over": offer.standing is Standing.GONE,
    }


@blueprint.get(f"{MALL}/<item_id>")
def item(item_id: str) -> str:
    now, customer = clock.now(), signed_in()
    visitor = queries.visitor_of(customer, now=now)
    offer = found(queries.offer(public_id=item_id, visitor=visitor, now=now))
    return render_template(
        "mall/item.html",
        item=_card(offer, width=LARGE_WIDTH),
        product_url=f"/p/{offer.sku.product_public_id}" if offer.sku else "",
        most=_most(offer, visitor),
        points=visitor.points,
        confirm_url=f"{MALL}/{offer.id}/confirm",
        join_url=_join_url(customer, next_path=f"{MALL}/{offer.id}"),
    )


def _most(offer: MallOffer, visitor: Visitor) -> int:
    """How many pieces the visitor can take at once; 0 when none."""
    if visitor.points is None or offer.standing is not Standing.OPEN:
        return 0
    bounds = [offer.left, offer.allowed, visitor.points // offer.content.points]
    most = PIECES_MAX if offer.sku else 1
    return min([most, *(bound for bound in bounds if bound is not None)])


@blueprint.get(f"{MALL}/<item_id>/confirm")
def confirm(item_id: str) -> str | Response:
    """What will be taken, and where goods go; who is no member is led to join first."""
    customer = require_customer()
    if not customer.is_member:
        return redirect(_join_url(customer, next_path=f"{MALL}/{item_id}"))
    return _confirm(item_id, customer, quantity=_quantity(request.args.get("quantity")), key=new_id())


def _quantity(text: str | None) -> int:
    """A number of pieces; 1 for what is none."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= len(str(PIECES_MAX))):
        return 1
    return min(max(int(text), 1), PIECES_MAX)


def _confirm(item_id: str, customer: SignedIn, *, quantity: int, key: str, problem: str = "") -> str:
    now = clock.now()
    visitor = queries.visitor_of(customer, now=now)
    offer = found(queries.offer(public_id=item_id, visitor=visitor, now=now))
    pieces = quantity if offer.sku else 1
    needed = offer.content.points * pieces
    refusal = wording.state_text(offer)
    if not refusal and pieces > _most(offer, visitor):
        missing = needed - (visitor.points or 0)
        short = _("还差 %(n)s 积分", n=f"{missing:,}")
        refusal = short if missing > 0 else _("数量超过了还能兑换的份数，请减少数量。")
    return render_template(
        "mall/confirm.html",
        item=_card(offer),
        quantity=pieces,
        needed=needed,
        after=(visitor.points or 0) - needed,
        key=key,
        problem=problem or refusal,
        blocked=bool(refusal),
        send_url=f"{MALL}/{offer.id}",
        back_url=f"{MALL}/{offer.id}",
        **(_goods(offer, customer, pieces=pieces) if offer.sku else {"quote": None}),
    )


def _goods(offer: MallOffer, customer: SignedIn, *, pieces: int) -> dict[str, Any]:
    """What goods need beside the points: an address and a price with its freight."""
    book = addresses.addresses_of(customer_id=customer.customer_id)
    wanted = request.values.get("address") or request.values.get("address_id")
    address = next((entry for entry in book if entry.id == wanted), book[0] if book else None)
    price = PointsPrice(points=offer.content.points, cash=offer.content.cash)
    priced = pricing.price(
        items=[(offer.sku.public_id if offer.sku else "", pieces)],
        region_code=address.region_code if address else None,
        customer=customer,
        asked=Asked(in_mall=price),
        now=clock.now(),
    )

    def here(address_id: str | None) -> str:
        chosen = {"address": address_id} if address_id else {}
        return f"{MALL}/{offer.id}/confirm?{urlencode({'quantity': str(pieces), **chosen})}"

    return {
        "address": address_pages.shown(address) if address else None,
        "addresses": [{**address_pages.shown(entry), "url": here(entry.id)} for entry in book],
        "add_address_url": address_pages.new_url(next_path=here(None)),
        "refusals": [refusal.text for refusal in priced.refusals],
        "quote": _quote(priced, freight_known=address is not None),
    }


def _quote(priced: Priced, *, freight_known: bool) -> dict[str, Any]:
    quote = priced.quote
    return {
        "list_fen": sum(line.list.fen for line in quote.lines),
        "reductions": breakdown.of_quote(quote),
        "freight_fen": quote.freight.fen if freight_known else None,
        "freight_note": _("已省 ¥%(yuan)s", yuan=quote.freight_saved) if quote.freight_saved else "",
        "wallet_fen": 0,
        "total_fen": (quote.total if freight_known else quote.goods).fen,
    }


@blueprint.post(f"{MALL}/<item_id>")
def redeem(item_id: str) -> Response | tuple[str, int]:
    """Redeems once for each form that was shown; a refusal is told on the same page."""
    customer, now = require_member(), clock.now()
    key = request.form.get("key", "")[:KEY_LENGTH_MAX] or new_id()
    quantity = _quantity(request.form.get("quantity"))
    try:
        with transaction():
            done = services.redeem(
                item_id=item_id,
                customer=customer,
                quantity=quantity,
                address_id=request.form.get("address_id") or None,
                key=key,
                now=now,
            )
    except (NotFound, services.MallClosed):
        raise
    except ShopError as problem:
        told = _confirm(item_id, customer, quantity=quantity, key=new_id(), problem=problem.message)
        return told, problem.status
    if done.order_id is None:
        return redirect(f"/me/coupons/{done.coupon_id}", 303)
    order = orders.brief(order_id=done.order_id)
    to_pay = order.status.value == "unpaid"
    return redirect(f"/orders/{order.no}/pay" if to_pay else f"/orders/{order.no}", 303)
