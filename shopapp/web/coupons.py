"""Coupons in the storefront: one's own, the goods that one is for, and the coupon centre. Taking one goes through the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request

from shopapp.kernel import clock
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.loyalty.coupons import queries, words
from shopapp.loyalty.coupons.content import CouponStatus
from shopapp.loyalty.coupons.queries import Holding, Offer, OfferState
from shopapp.loyalty.coupons.rules import CouponKind, CouponTerms, Scope
from shopapp.members.identity.queries import require_customer, signed_in
from shopapp.store.catalogue import listing
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.cards import cards
from shopapp.store.catalogue.categories import CategoryRecord, categories
from shopapp.store.catalogue.listing import ListQuery, ProductRecord

MINE, CENTRE = "/me/coupons", "/coupons"
ALL_GOODS = "/"
PAGE_SIZE = 20
GOODS_OF_CATEGORY_MAX = 12
ENDS_SOON = timedelta(days=3)

_S = CouponStatus
TABS: dict[str, tuple[CouponStatus, ...]] = {
    "usable": (_S.AVAILABLE,),
    "used": (_S.HELD, _S.USED),
    "expired": (_S.EXPIRED, _S.REVOKED),
}
SHOWN_FIRST = [OfferState.OPEN, OfferState.SOON, OfferState.TAKEN, OfferState.SOLD_OUT]

pages = Blueprint("coupon_pages", __name__)


@pages.get(MINE)
def mine() -> str:
    customer = require_customer()
    tab = request.args.get("status", "")
    tab = tab if tab in TABS else "usable"
    before = request.args.get("cursor", "")
    held, cursor = queries.coupons_of(
        customer_id=customer.customer_id,
        statuses=TABS[tab],
        before=before if catalogue.is_public_id(before) else None,
        limit=queries.PAGE_MAX if tab == "usable" else PAGE_SIZE,
        now=clock.now(),
    )
    if tab == "usable":
        held.sort(key=lambda one: one.valid_until)
    return render_template(
        "coupons/mine.html",
        tab=tab,
        tabs=_tabs(tab),
        coupons=_cards(held),
        next_url=f"{MINE}?status={tab}&cursor={cursor}" if cursor else None,
        centre_url=CENTRE,
    )


def _tabs(current: str) -> list[dict[str, Any]]:
    names = {"usable": _("可使用"), "used": _("已使用"), "expired": _("已失效")}
    return [
        {"label": label, "url": f"{MINE}?status={name}", "current": name == current}
        for name, label in names.items()
    ]


@pages.get(f"{MINE}/<coupon_id>")
def goods(coupon_id: str) -> str:
    """The goods that a coupon of the customer's is for."""
    customer = require_customer()
    held = found(
        queries.holding(public_id=coupon_id, customer_id=customer.customer_id, now=clock.now())
        if catalogue.is_public_id(coupon_id)
        else None
    )
    (card,) = _cards([held])
    return render_template(
        "coupons/goods.html", coupon=card, products=cards(_goods(held.terms)), mine_url=MINE
    )


@pages.get(CENTRE)
def centre() -> str:
    customer, now = signed_in(), clock.now()
    offers = queries.claimable(customer_id=customer.customer_id if customer else None, now=now)
    offers.sort(key=lambda offer: SHOWN_FIRST.index(offer.state))
    return render_template("coupons/centre.html", offers=[_offer(offer) for offer in offers], mine_url=MINE)


def _cards(held: Sequence[Holding]) -> list[dict[str, Any]]:
    shelves = {row.id: row for row in categories()} if _any_of_categories(held) else {}
    exchanged = {
        one.terms.sku_id for one in held if one.terms.kind is CouponKind.EXCHANGE and one.terms.sku_id
    }
    products = {
        sku_id: sku.product_public_id for sku_id, sku in catalogue.sellable(sku_ids=exchanged).items()
    }
    return [_card(one, shelves=shelves, products=products) for one in held]


def _any_of_categories(held: Sequence[Holding]) -> bool:
    return any(one.terms.scope is Scope.CATEGORIES for one in held)


def _card(
    held: Holding, *, shelves: Mapping[str, CategoryRecord], products: Mapping[str, str]
) -> dict[str, Any]:
    now = clock.now()
    live = held.status is _S.AVAILABLE
    return {
        **_face(held.terms),
        "id": held.id,
        "live": live,
        "lasts": words.lasts(valid_from=held.valid_from, valid_until=held.valid_until, now=now),
        "soon": live and held.valid_until - now <= ENDS_SOON,
        "url": _use_url(held, shelves=shelves, products=products) if live and held.valid_from <= now else "",
        "state": _state(held, now=now),
        "order_url": f"/orders/{held.order_no}" if held.order_no else "",
    }


def _face(terms: CouponTerms) -> dict[str, Any]:
    return {
        "value": words.value_parts(terms),
        "kind": str(words.KINDS[terms.kind]),
        "name": terms.name,
        "conditions": words.conditions(terms),
    }


def _state(held: Holding, *, now: datetime) -> str:
    """What a coupon that cannot be used now is called."""
    if held.status is _S.AVAILABLE:
        return _("未到使用日期") if held.valid_from > now else ""
    names = {
        _S.HELD: _("待付款订单"),
        _S.USED: _("已使用"),
        _S.EXPIRED: _("已过期"),
        _S.REVOKED: _("已收回"),
    }
    return names[held.status]


def _use_url(held: Holding, *, shelves: Mapping[str, CategoryRecord], products: Mapping[str, str]) -> str:
    """Where the goods are that this coupon is for."""
    terms = held.terms
    exchanged = products.get(terms.sku_id or "")
    if exchanged is not None:
        return f"/p/{exchanged}"
    if terms.scope is Scope.ALL or terms.excludes:
        return ALL_GOODS
    if len(terms.scope_ids) > 1:
        return f"{MINE}/{held.id}"
    (only,) = terms.scope_ids
    if terms.scope is Scope.PRODUCTS:
        return f"/p/{only}"
    return f"/c/{shelves[only].slug}" if only in shelves else ALL_GOODS


def _goods(terms: CouponTerms) -> list[ProductRecord]:
    if terms.scope is Scope.PRODUCTS and not terms.excludes:
        return listing.products(public_ids=terms.scope_ids)
    if terms.scope is Scope.CATEGORIES and not terms.excludes:
        known = {row.id for row in categories()}
        return [
            record
            for shelf in terms.scope_ids
            if shelf in known
            for record in listing.page(ListQuery(category=shelf, limit=GOODS_OF_CATEGORY_MAX)).items
        ]
    return listing.page(ListQuery(limit=GOODS_OF_CATEGORY_MAX)).items


def _offer(offer: Offer) -> dict[str, Any]:
    content = offer.content
    limits = [words.validity_words(content), words.limit_words(content)]
    return {
        **_face(content.terms),
        "id": offer.id,
        "live": offer.state is OfferState.OPEN,
        "lasts": " · ".join(part for part in limits if part),
        "soon": False,
        "url": "",
        "state": _offer_state(offer),
        "taken": offer.state is OfferState.TAKEN,
        "mine": offer.mine,
    }


def _offer_state(offer: Offer) -> str:
    if offer.state is OfferState.SOON and offer.content.claim_from is not None:
        return words.begins(offer.content.claim_from)
    return {OfferState.SOLD_OUT: _("已领完"), OfferState.TAKEN: _("已领取")}.get(offer.state, "")
