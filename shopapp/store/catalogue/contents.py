"""A product as a person would write it, and what an edit changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .listing import ProductRecord
from .rules import PictureContent, ProductContent, SkuContent

AUDITED_TEXT_MAX = 200


def content_of(record: ProductRecord, *, category_ids: dict[int, str]) -> ProductContent:
    """What a person would have written for the product to be as it is."""
    return ProductContent(
        title=record.title,
        subtitle=record.subtitle,
        description=record.description or "",
        category=category_ids.get(record.category_row_id or 0),
        spec_names=tuple(record.spec_names),
        skus=tuple(
            SkuContent(
                id=sku.id,
                specs=tuple(sku.specs),
                price=sku.price,
                code=sku.code,
                weight_grams=sku.weight_grams,
            )
            for sku in record.skus
        ),
        pictures=tuple(PictureContent(id=picture.id, alt=picture.alt) for picture in record.pictures),
        limit_per_customer=record.limit_per_customer,
        returnable=record.returnable,
        position=record.position,
    )


def changes_between(was: ProductContent, now: ProductContent) -> dict[str, Any]:
    """{field: [before, after]} for the audit trail, in short."""
    before, after = asdict(was), asdict(now)
    return {
        name: [str(before[name])[:AUDITED_TEXT_MAX], str(after[name])[:AUDITED_TEXT_MAX]]
        for name in before
        if before[name] != after[name]
    }
