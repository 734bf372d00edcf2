"""What a purchase would cost now, and what stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shopapp.kernel import preferences
from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.queries import SellableSku

from . import rules
from .rules import FreightTerms, Quote, Wanted


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason why this cannot be ordered, in words; `sku_id` as shown outside where one line is the reason."""

    code: str
    text: str
    sku_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A quote with the goods it is for, by public id of the SKU, and all that refuses it."""

    quote: Quote
    skus: dict[str, SellableSku]
    refusals: list[Refusal]


def freight_terms() -> FreightTerms:
    return FreightTerms(
        fee=Money(preferences.read("freight.fen")),
        free_from=Money(preferences.read("freight.free_from_fen")),
        no_delivery=tuple(preferences.read("freight.no_delivery_regions")),
    )


def price(*, items: Sequence[tuple[str, int]], region_code: str | None = None) -> Priced:
    """Price (public id of a SKU, pieces), each SKU once.

    What is not on sale, or does not exist, has no line but a refusal.
    """
    found = catalogue.sellable(sku_ids=[sku_id for sku_id, _pieces in items])
    skus = {sku_id: sku for sku_id, sku in found.items() if sku.on_sale}
    wanted = [
        Wanted(sku_id=sku_id, price=skus[sku_id].price, quantity=pieces)
        for sku_id, pieces in items
        if sku_id in skus
    ]
    quote = rules.quote(wanted=wanted, freight=freight_terms(), region_code=region_code)
    refusals = [
        refusal for sku_id, pieces in items if (refusal := _refusal(sku_id, skus.get(sku_id), pieces))
    ]
    if not quote.delivered:
        refusals.append(Refusal(code="no_delivery", text=_("抱歉，暂时送不到这个地区。请换一个收货地址。")))
    return Priced(quote=quote, skus=skus, refusals=refusals)


def _refusal(sku_id: str, sku: SellableSku | None, pieces: int) -> Refusal | None:
    if sku is None:
        return Refusal(code="gone", sku_id=sku_id, text=_("有商品已经下架，请移除后再提交。"))
    if sku.free < 1:
        return Refusal(code="sold_out", sku_id=sku_id, text=_("“%(title)s”已经售罄。", title=sku.title))
    if sku.free < pieces:
        words = _("“%(title)s”只剩 %(left)s 件，请减少数量。", title=sku.title, left=sku.free)
        return Refusal(code="short", sku_id=sku_id, text=words)
    return None


def limit_refusals(
    *, priced: Priced, items: Sequence[tuple[str, int]], bought: dict[int, int]
) -> list[Refusal]:
    """Refusals by the limit per customer, counted over all SKUs of a product.

    `bought` holds the pieces, by row id of the product, that the customer has bought before.
    """
    wanted: dict[int, int] = dict(bought)
    named: dict[int, SellableSku] = {}
    for sku_id, pieces in items:
        sku = priced.skus.get(sku_id)
        if sku is not None and sku.limit_per_customer is not None:
            wanted[sku.product_id] = wanted.get(sku.product_id, 0) + pieces
            named[sku.product_id] = sku
    return [
        Refusal(
            code="limit_per_customer",
            sku_id=sku.public_id,
            text=_("“%(title)s”每人限购 %(max)s 件。", title=sku.title, max=sku.limit_per_customer),
        )
        for product_id, sku in named.items()
        if sku.limit_per_customer is not None and wanted[product_id] > sku.limit_per_customer
    ]
