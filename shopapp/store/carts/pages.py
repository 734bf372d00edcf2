"""The cart in the storefront."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.store.catalogue.cards import cards, prices, square, whole_yuan
from shopapp.store.catalogue.pages import best_selling
from shopapp.store.catalogue.tier_prices import TierPrice, tier_price
from shopapp.store.pricing.queries import freight_terms
from shopapp.store.viewers import viewer

from . import queries
from .queries import BUYABLE, CartLine, LineState

SHOWN_AS = {
    LineState.OK: "ok",
    LineState.PRICE_CHANGED: "changed",
    LineState.SHORT: "changed",
    LineState.SOLD_OUT: "sold_out",
    LineState.GONE: "gone",
}

blueprint = Blueprint("cart_pages", __name__)


@blueprint.get("/cart")
def cart() -> str:
    lines = queries.lines(of=queries.owner())
    tier = tier_price(viewer().tier)
    live = [line for line in lines if line.state in BUYABLE]
    return render_template(
        "carts/cart.html",
        lines=[line_view(line, tier) for line in lines],
        quote=_quote([line for line in live if line.selected], tier),
        all_selected=all(line.selected for line in live),
        suggestions=[] if lines else cards(best_selling()),
    )


def line_view(line: CartLine, tier: TierPrice) -> dict[str, Any]:
    sku = line.sku
    return {
        "sku_id": sku.public_id,
        "url": f"/p/{sku.product_public_id}",
        "title": sku.title,
        "specs_text": sku.specs_text,
        "picture": square(sku.picture),
        **prices(sku.price, tier),
        "quantity": line.quantity,
        "selected": line.selected,
        "max_quantity": line.pieces_max,
        "state": SHOWN_AS[line.state],
        "note": _note(line),
    }


def _note(line: CartLine) -> str:
    """What is different from when it was put in, and what may be done."""
    if line.state is LineState.PRICE_CHANGED:
        return _("加入时 ¥%(before)s，现在 ¥%(now)s", before=line.price_seen, now=line.sku.price)
    if line.state is LineState.SHORT:
        return _("库存只剩 %(left)s 件，请减少数量", left=line.sku.free)
    if line.state is LineState.SOLD_OUT:
        return _("补货后可以再买")
    return _("店家已下架") if line.state is LineState.GONE else ""


def _quote(chosen: list[CartLine], tier: TierPrice) -> dict[str, Any]:
    """What the chosen lines cost without freight, which depends on the address."""
    goods = Money.total(Money(prices(line.sku.price, tier)["price_fen"]) * line.quantity for line in chosen)
    return {
        "count": sum(line.quantity for line in chosen),
        "total_fen": goods.fen,
        "saved_fen": sum(line.total.fen for line in chosen) - goods.fen,
        "freight_hint": _freight_hint(goods),
    }


def _freight_hint(goods: Money) -> str:
    terms = freight_terms()
    if goods >= terms.free_from or not terms.fee:
        return _("已享包邮")
    return _("再买 %(yuan)s 元包邮", yuan=whole_yuan((terms.free_from - goods).fen))
