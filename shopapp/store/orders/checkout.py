"""The way from the cart, or from one product bought at once, to an order: one page. Ordering goes through the API."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from shopapp.kernel import clock
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.members.addresses import pages as address_pages
from shopapp.members.addresses import queries as addresses
from shopapp.members.addresses.queries import AddressBookEntry
from shopapp.members.identity.queries import SignedIn, require_customer
from shopapp.store.carts import queries as carts
from shopapp.store.catalogue.cards import square
from shopapp.store.fields import PIECES_MAX
from shopapp.store.pricing import queries as pricing
from shopapp.store.pricing.queries import Priced, Refusal
from shopapp.store.pricing.rules import QuotedLine

from . import breakdown, checkout_means
from .checkout_means import PATH, here
from .quotes import limit_refusals

blueprint = Blueprint("checkout", __name__)


@blueprint.get(PATH)
def checkout() -> str:
    customer = require_customer()
    now = clock.now()
    items, named = _items(customer)
    book = addresses.addresses_of(customer_id=customer.customer_id)
    address = _chosen(book)
    region_code = address.region_code if address else None
    means = checkout_means.chosen(items=items, region_code=region_code, customer=customer, now=now)
    priced = pricing.price(
        items=items, region_code=region_code, customer=customer, asked=means.asked, now=now
    )
    refusals = [
        *priced.refusals,
        *limit_refusals(priced=priced, items=items, customer_id=customer.customer_id),
    ]
    return render_template(
        "orders/checkout.html",
        address=address_pages.shown(address) if address else None,
        addresses=[{**address_pages.shown(entry), "url": here(address=entry.id)} for entry in book],
        add_address_url=address_pages.new_url(next_path=here(address=None)),
        lines=_lines(priced, refusals),
        quote=_quote(priced, freight_known=address is not None),
        means=checkout_means.shown(means, priced),
        refusals=[{"text": refusal.text} for refusal in refusals if refusal.sku_id not in priced.skus],
        refused=bool(refusals),
        confirm=any(not sku.returnable for sku in priced.skus.values()),
        remark="",
        wanted={
            **(
                {"items": [{"sku_id": sku_id, "quantity": pieces} for sku_id, pieces in items]}
                if named
                else {}
            ),
            **({"address_id": address.id} if address else {}),
            **checkout_means.body(means.asked),
        },
        privacy_url="/privacy",
    )


def _items(customer: SignedIn) -> tuple[list[tuple[str, int]], bool]:
    """(SKU, pieces), and whether they were named in the address; else they are the selected lines of the cart."""
    sku_id, quantity = request.args.get("sku"), request.args.get("quantity", "1")
    if sku_id is None:
        return carts.selected_items(customer_id=customer.customer_id), False
    pieces = int(quantity) if quantity.isascii() and quantity.isdigit() and len(quantity) < 4 else 1
    return [(sku_id[:40], min(max(pieces, 1), PIECES_MAX))], True


def _chosen(book: list[AddressBookEntry]) -> AddressBookEntry | None:
    """The address that was asked for, else the default one."""
    wanted = request.args.get("address")
    if wanted is not None:
        return found(next((entry for entry in book if entry.id == wanted), None))
    return book[0] if book else None


def _lines(priced: Priced, refusals: list[Refusal]) -> list[dict[str, Any]]:
    notes = {refusal.sku_id: refusal.text for refusal in refusals}
    return [
        {
            "url": f"/p/{sku.product_public_id}",
            "title": sku.title,
            "specs_text": sku.specs_text,
            "picture": square(sku.picture),
            "price_fen": _piece(line).fen,
            "quantity": line.quantity,
            "tag": "" if sku.returnable else _("不支持无理由退货"),
            "note": _("优惠券赠品") if line.gift else notes.get(line.sku_id, ""),
        }
        for line in priced.quote.lines
        for sku in [priced.skus[line.sku_id]]
    ]


def _piece(line: QuotedLine) -> Money:
    """What one piece costs at the buyer's tier, as the product page and the cart show it."""
    tier = Money.total(taken.amount for taken in line.reductions if taken.kind == "tier")
    return (line.list - tier).share(done=1, of=line.quantity)


def _quote(priced: Priced, *, freight_known: bool) -> dict[str, Any]:
    quote = priced.quote
    total = quote.total if freight_known else quote.goods - quote.wallet
    return {
        "count": sum(line.quantity for line in quote.lines),
        "list_fen": sum(line.list.fen for line in quote.lines),
        "reductions": breakdown.of_quote(quote),
        "freight_fen": quote.freight.fen if freight_known else None,
        "freight_note": _("已省 ¥%(yuan)s", yuan=quote.freight_saved) if quote.freight_saved else "",
        "wallet_fen": quote.wallet.fen,
        "total_fen": total.fen,
        "points_to_earn": quote.points_to_earn,
    }
