"""The goods of the demo shop, put on its shelves through the catalogue's own services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest
from typing import Any

from markupsafe import escape

from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.store.catalogue import categories, media, services
from shopapp.store.catalogue.media import PreparedPicture
from shopapp.store.catalogue.rules import PictureContent, ProductContent, SkuContent

from . import pictures
from .catalogue import Product, catalogue
from .drawing import Subject
from .ids import Ids

Files = Mapping[Subject, PreparedPicture]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A SKU as orders name it; `sku_id` and `product_id` are row numbers, `stock` what is left at the end."""

    sku_id: int
    product_id: int
    title: str
    specs: list[str]
    picture: str
    price: Money
    returnable: bool
    stock: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """SKUs by code, and the products that are to be taken off sale in the end."""

    skus: dict[str, Shelved]
    leaving: list[Any]


def fill_shelves(*, files: Files, ids: Ids, now: datetime) -> Shelves:
    """Write categories and products, all on sale for now."""
    places = {product.slug: place for place, product in enumerate(mixed())}
    shelves = Shelves(skus={}, leaving=[])
    for position, category in enumerate(catalogue()):
        icon = kept(files[category], ids=ids, now=now)
        row = categories.create_category(
            content=categories.CategoryContent(
                slug=category.slug, name=category.name, picture=icon.public_id, position=position
            )
        )
        row.public_id = ids.of("category", category.slug)
        for product in category.products:
            gallery = [
                kept(files[recipe], ids=ids, now=now)
                for recipe in pictures.recipes(product, palette=category.palette)
            ]
            made = services.create_product(
                content=content_of(
                    product,
                    category_id=row.public_id,
                    gallery=tuple(picture.public_id for picture in gallery),
                    position=places[product.slug],
                ),
                now=now,
            )
            made.public_id = ids.of("product", product.slug)
            for sku in made.skus:
                sku.public_id = ids.of("sku", sku.code or "")
            db.session.flush()
            services.put_on_sale(product=made, now=now)
            shelves.skus.update(_shelved(product, made, cover=gallery[0].file))
            if not product.on_sale:
                shelves.leaving.append(made)
    return shelves


def kept(picture: PreparedPicture, *, ids: Ids, now: datetime) -> Any:
    """The row of a drawn picture."""
    row = media.remember(prepared=picture, now=now)
    row.public_id = ids.of("picture", picture.file)
    return row


def close_shelves(shelves: Shelves, *, now: datetime) -> None:
    """Take off sale what is offered no more: last, since it was bought in its time."""
    for product in shelves.leaving:
        services.take_off_sale(product=product, now=now)


def mixed() -> Iterator[Product]:
    """All goods, the popular ones first and a little of each category in turn."""
    ranked = [sorted(category.products, key=lambda item: -item.popularity) for category in catalogue()]
    return (item for item in chain.from_iterable(zip_longest(*ranked)) if item is not None)


def content_of(
    product: Product, *, category_id: str, gallery: tuple[str, ...], position: int
) -> ProductContent:
    """What a person would have typed into the console."""
    return ProductContent(
        title=product.title,
        subtitle=product.subtitle,
        description=description(product),
        category=category_id,
        spec_names=tuple(spec.name for spec in product.specs),
        skus=tuple(
            SkuContent(
                specs=sku.options, price=Money(sku.price_fen), code=sku.code, weight_grams=sku.weight_g
            )
            for sku in product.skus
        ),
        pictures=tuple(PictureContent(id=picture_id, alt=product.title) for picture_id in gallery),
        limit_per_customer=product.limit or None,
        returnable=not product.no_return,
        position=position,
    )


def _shelved(product: Product, made: Any, *, cover: str) -> Iterator[tuple[str, Shelved]]:
    left = {sku.code: sku.stock for sku in product.skus}
    for sku in made.skus:
        yield (
            sku.code,
            Shelved(
                sku_id=sku.id,
                product_id=made.id,
                title=made.title,
                specs=sku.specs,
                picture=cover,
                price=sku.price,
                returnable=made.returnable,
                stock=left[sku.code],
            ),
        )


def description(product: Product) -> str:
    """The copy as simple markup, with the reason why the product cannot be sent back."""
    paragraphs = [*product.copy, *([product.no_return] if product.no_return else [])]
    return "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
