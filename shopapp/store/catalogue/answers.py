"""Products and categories as the API shows them."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.money import Money
from shopapp.kernel.templating import picture_url

from .categories import CategoryRecord
from .listing import PictureRecord, ProductRecord, SkuRecord
from .tier_prices import TierPrice

PICTURE_WIDTH = 750
CATEGORY_PICTURE_WIDTH = 160


def category_answer(row: CategoryRecord) -> dict[str, Any]:
    return {
        "id": row.id,
        "slug": row.slug,
        "name": row.name,
        "picture_url": picture_url(row.picture, CATEGORY_PICTURE_WIDTH) if row.picture else None,
    }


def staff_category_answer(row: CategoryRecord) -> dict[str, Any]:
    more = {"picture_id": row.picture_id, "position": row.position, "active": row.active}
    return {**category_answer(row), **more}


def product_answer(record: ProductRecord, *, category_ids: dict[int, str], tier: TierPrice) -> dict[str, Any]:
    """What everybody may see, with the member price of this tier; `category_ids` maps row ids to public ones."""
    answer = {
        "id": record.id,
        "title": record.title,
        "subtitle": record.subtitle,
        "images": [picture_url(picture.file, PICTURE_WIDTH) for picture in record.pictures],
        "price_fen": record.price.fen,
        "member_price_fen": _member_fen(record.price, tier),
        "in_stock": record.in_stock,
        "category_id": category_ids.get(record.category_row_id or 0),
        "spec_names": record.spec_names,
        "skus": [_sku(sku, tier) for sku in record.skus],
        "limit_per_customer": record.limit_per_customer,
        "returnable": record.returnable,
    }
    return answer if record.description is None else {**answer, "description": record.description}


def staff_product_answer(
    record: ProductRecord, *, category_ids: dict[int, str], tier: TierPrice
) -> dict[str, Any]:
    return {
        **product_answer(record, category_ids=category_ids, tier=tier),
        "status": record.status.value,
        "position": record.position,
        "sold": record.sold,
        "skus": [
            {**_sku(sku, tier), "code": sku.code, "weight_grams": sku.weight_grams} for sku in record.skus
        ],
        "pictures": [picture_answer(picture) for picture in record.pictures],
    }


def picture_answer(picture: PictureRecord) -> dict[str, Any]:
    return {
        "id": picture.id,
        "url": picture_url(picture.file, PICTURE_WIDTH),
        "width": picture.width,
        "height": picture.height,
        "alt": picture.alt,
    }


def _member_fen(price: Money, tier: TierPrice) -> int | None:
    lower = tier.of(price)
    return None if lower is None else lower.fen


def _sku(sku: SkuRecord, tier: TierPrice) -> dict[str, Any]:
    return {
        "id": sku.id,
        "specs": sku.specs,
        "price_fen": sku.price.fen,
        "member_price_fen": _member_fen(sku.price, tier),
        "stock": sku.free,
    }
