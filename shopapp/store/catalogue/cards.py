"""Goods as the storefront's templates take them: plain values, money in fen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from shopapp.kernel import preferences
from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.kernel.templating import picture_url
from shopapp.store.viewers import viewer

from . import rules
from .categories import CategoryRecord
from .listing import PictureRecord, ProductRecord
from .models import ProductStatus
from .tier_prices import TierPrice, tier_price

LARGE_WIDTH, CARD_WIDTH, SMALL_WIDTH, ICON_WIDTH = 750, 480, 320, 160
TEN_THOUSAND = 10_000


def picture(image: PictureRecord, *, alt: str = "", small: int = CARD_WIDTH) -> dict[str, Any]:
    """A picture of a product, its own words beside it or else the given ones."""
    return {
        "url": picture_url(image.file, LARGE_WIDTH),
        "url_small": picture_url(image.file, small),
        "width": image.width,
        "height": image.height,
        "alt": image.alt or alt,
    }


def square(file: str | None, *, width: int = SMALL_WIDTH, alt: str = "") -> dict[str, Any] | None:
    """A picture of which only the file is known, shown in a square."""
    if not file:
        return None
    url = picture_url(file, width)
    return {"url": url, "url_small": url, "width": width, "height": width, "alt": alt}


def card(record: ProductRecord, tier: TierPrice) -> dict[str, Any]:
    """A product in a list. Its picture has no words of its own there: the title stands below it."""
    return {
        "url": f"/p/{record.id}",
        "title": record.title,
        "subtitle": record.subtitle,
        "picture": {**picture(record.pictures[0]), "alt": ""} if record.pictures else None,
        **prices(record.price, tier),
        "price_varies": record.price_varies,
        "sold_text": sold_text(record.sold),
        "tags": tags(record),
        "sold_out": not record.in_stock,
    }


def cards(records: Sequence[ProductRecord]) -> list[dict[str, Any]]:
    """At the prices of who looks: what is kept of these must be kept by tier."""
    tier = tier_price(viewer().tier)
    return [card(record, tier) for record in records]


def prices(price: Money, tier: TierPrice) -> dict[str, Any]:
    """{price_fen, list_fen, member_fen}: what is paid, what others pay where that is more, what members would pay."""
    lower = tier.of(price)
    paid = lower if lower is not None and tier.own else price
    return {
        "price_fen": paid.fen,
        "list_fen": price.fen if paid < price else None,
        "member_fen": lower.fen if lower is not None and not tier.own else None,
    }


def tags(record: ProductRecord) -> list[str]:
    limit = record.limit_per_customer
    return [
        *([_("包邮")] if record.price >= Money(preferences.read("freight.free_from_fen")) else []),
        *([_("限购 %(count)s 件", count=limit)] if limit else []),
    ]


def sold_text(sold: int) -> str:
    step = rules.sold_step(sold)
    if step >= TEN_THOUSAND:
        return _("已售 %(count)s 万+", count=step // TEN_THOUSAND)
    return _("已售 %(count)s+", count=step) if step else ""


def category_link(row: CategoryRecord, *, current: str | None = None) -> dict[str, Any]:
    return {
        "url": f"/c/{row.slug}",
        "name": row.name,
        "picture": square(row.picture, width=ICON_WIDTH),
        "current": row.slug == current,
    }


def product_view(record: ProductRecord, *, category: CategoryRecord | None) -> dict[str, Any]:
    """Everything on a product's own page, at the prices of who looks."""
    tier = tier_price(viewer().tier)
    shown = prices(record.price, tier)
    return {
        "id": record.id,
        "url": f"/p/{record.id}",
        "title": record.title,
        "subtitle": record.subtitle,
        "state": _state(record),
        "pictures": [picture(image, alt=record.title) for image in record.pictures],
        **shown,
        "price_varies": record.price_varies,
        "tier_name": tier.name if shown["list_fen"] else "",
        "saved_fen": (shown["list_fen"] or shown["price_fen"]) - shown["price_fen"],
        "sold_text": sold_text(record.sold),
        "tags": tags(record),
        "limit": record.limit_per_customer,
        "specs": [
            {"name": name, "values": list(dict.fromkeys(sku.specs[place] for sku in record.skus))}
            for place, name in enumerate(record.spec_names)
        ],
        "skus": [
            {
                "id": sku.id,
                "values": sku.specs,
                **prices(sku.price, tier),
                "stock": max(sku.free, 0),
                "picture": "",
            }
            for sku in record.skus
        ],
        "promises": promises(returnable=record.returnable),
        "facts": [],
        "detail": description(record.description or ""),
        "detail_pictures": [],
        "category": {"url": f"/c/{category.slug}", "name": category.name} if category else None,
    }


def _state(record: ProductRecord) -> str:
    if record.status is not ProductStatus.ON_SALE:
        return "off_sale"
    return "on_sale" if record.in_stock else "sold_out"


def promises(*, returnable: bool) -> list[dict[str, str]]:
    """What the shop stands for with this product, by the merchant's own terms."""
    back = ("shield", _("7 天无理由退货")) if returnable else ("alert", _("不支持无理由退货"))
    return [{"shape": shape, "text": text} for shape, text in (("truck", freight_text()), back)]


def freight_text() -> str:
    fee, free_from = preferences.read("freight.fen"), preferences.read("freight.free_from_fen")
    if not fee or not free_from:
        return _("全场包邮")
    return _("满 %(yuan)s 元包邮", yuan=whole_yuan(free_from))


def whole_yuan(fen: int) -> str:
    """9900 -> 99, 9950 -> 99.50"""
    return str(fen // 100) if fen % 100 == 0 else str(Money(fen))


def description(text: str) -> Markup:
    """Markup was cleaned when it was written; text without any becomes paragraphs."""
    if "<" in text:
        return Markup(text)  # noqa: S704 - only harmless tags were kept
    parts = [part.strip() for part in text.split("\n") if part.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(escape(part)) for part in parts)
