"""What a purchase would cost now, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shopapp.kernel import preferences
from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons.rules import CouponKind, CouponTerms
from shopapp.members.identity.queries import SignedIn
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.queries import SellableSku

from . import buyers, rules
from .buyers import Buyer
from .rules import FreightTerms, Means, PointsPrice, Quote, Wanted


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


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a buyer wants to pay with beside WeChat Pay: coupons by public id, points, and money of the wallet.

    With `in_mall`, what one piece costs in the points mall, neither coupons nor `points` are asked for.
    """

    coupon_ids: tuple[str, ...] = ()
    points: int = 0
    wallet: Money = ZERO
    in_mall: PointsPrice | None = None

    def __bool__(self) -> bool:
        return bool(self.coupon_ids or self.points or self.wallet or self.in_mall)


NOTHING = Asked()


def price(
    *,
    items: Sequence[tuple[str, int]],
    region_code: str | None = None,
    customer: SignedIn | None = None,
    asked: Asked = NOTHING,
    now: datetime,
) -> Priced:
    """Price (public id of a SKU, pieces), each SKU once, for this customer or a guest.

    What is not on sale, or does not exist, has no line but a refusal; so have means that cannot be used.
    """
    buyer = buyers.of(customer=customer, asked_coupons=asked.coupon_ids, now=now)
    return price_for(buyer=buyer, items=items, region_code=region_code, asked=asked)


def price_for(
    *, buyer: Buyer, items: Sequence[tuple[str, int]], region_code: str | None, asked: Asked
) -> Priced:
    """Like `price`, for this buyer."""
    found = catalogue.sellable(sku_ids=[sku_id for sku_id, _pieces in items])
    skus = {sku_id: sku for sku_id, sku in found.items() if sku.on_sale}
    bought = [(skus[sku_id], pieces) for sku_id, pieces in items if sku_id in skus]
    priced = _price_of(bought, buyer=buyer, region_code=region_code, asked=asked)
    refusals = [
        refusal for sku_id, pieces in items if (refusal := _refusal(sku_id, skus.get(sku_id), pieces))
    ]
    return replace(priced, refusals=[*refusals, *priced.refusals])


def price_of(
    *,
    bought: Sequence[tuple[SellableSku, int]],
    region_code: str | None,
    customer: SignedIn | None,
    asked: Asked,
    now: datetime,
) -> Priced:
    """Price goods that are on sale. The refusals are those of the place and of what was asked to be used."""
    buyer = buyers.of(customer=customer, asked_coupons=asked.coupon_ids, now=now)
    return _price_of(bought, buyer=buyer, region_code=region_code, asked=asked)


def _price_of(
    bought: Sequence[tuple[SellableSku, int]], *, buyer: Buyer, region_code: str | None, asked: Asked
) -> Priced:
    gifts = gifts_of(
        (one.terms for one in buyer.coupons), bought={sku.public_id: pieces for sku, pieces in bought}
    )
    quote = rules.quote(
        wanted=[
            replace(wanted(sku, pieces, buyer=buyer), points_price=asked.in_mall) for sku, pieces in bought
        ],
        freight=freight_terms(),
        region_code=region_code,
        means=_means(buyer, asked=asked, gifts=gifts),
    )
    refusals = [Refusal(code=one.code, text=one.text) for one in quote.unmet]
    if len(buyer.coupons) < len(asked.coupon_ids):
        refusals.append(Refusal(code="coupon_unknown", text=_("没有这张优惠券，或它已经用掉。请重新选择。")))
    if not quote.delivered:
        refusals.append(Refusal(code="no_delivery", text=_("抱歉，暂时送不到这个地区。请换一个收货地址。")))
    skus = {sku.public_id: sku for sku, _pieces in bought}
    return Priced(quote=quote, skus={**gifts, **skus}, refusals=refusals)


def wanted(sku: SellableSku, pieces: int, *, buyer: Buyer) -> Wanted:
    return Wanted(
        sku_id=sku.public_id,
        price=sku.price,
        quantity=pieces,
        product_id=sku.product_public_id,
        category_ids=sku.category_ids,
        tier_price=buyer.tier_price(sku.price),
    )


def gifts_of(terms: Iterable[CouponTerms], *, bought: Mapping[str, int]) -> dict[str, SellableSku]:
    """What gift coupons give, as far as it is there to be given beside the pieces that are bought (by SKU id)."""
    named = {one.sku_id or "" for one in terms if one.kind is CouponKind.GIFT}
    found = catalogue.sellable(sku_ids=named) if named else {}
    return {sku_id: sku for sku_id, sku in found.items() if sku.on_sale and sku.free > bought.get(sku_id, 0)}


def _means(buyer: Buyer, *, asked: Asked, gifts: Mapping[str, SellableSku]) -> Means | None:
    if not buyer.is_known and not asked:
        return None
    return Means(
        now=buyer.now,
        tier_name=buyer.tier_name,
        free_freight=buyer.free_freight or _free_in_mall(asked),
        coupons=buyer.coupons,
        gifts={sku_id: wanted(sku, 1, buyer=buyer) for sku_id, sku in gifts.items()},
        points=asked.points,
        points_available=buyer.points() if asked.points else 0,
        redeem=buyer.redeem,
        wallet=asked.wallet,
        wallet_available=buyer.wallet() if asked.wallet else ZERO,
        earning=None if asked.in_mall else buyer.earning(),
    )


def _free_in_mall(asked: Asked) -> bool:
    return asked.in_mall is not None and bool(preferences.read("mall.free_freight"))


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
