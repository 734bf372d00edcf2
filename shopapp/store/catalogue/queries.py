"""What other features may know of the goods: plain records, never rows."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, bindparam, select

from shopapp.kernel.db import db
from shopapp.kernel.ids import ALPHABET, ID_LENGTH
from shopapp.kernel.money import Money
from shopapp.kernel.prepared import Prepared
from shopapp.store.stock.queries import free_pieces

from .models import Category, Picture, Product, ProductPicture, ProductStatus, Sku

SPECS_JOINER = " / "
_PUBLIC_ID = re.compile(f"[{ALPHABET}]{{{ID_LENGTH}}}")


@dataclass(frozen=True, kw_only=True)
class SellableSku:
    """One SKU as it can be bought now. `sku_id` and `product_id` are row ids, `category_ids` public; `picture` is a file name."""

    sku_id: int
    public_id: str
    product_id: int
    product_public_id: str
    category_ids: tuple[str, ...]
    title: str
    specs: list[str]
    specs_text: str
    price: Money
    picture: str | None
    weight_grams: int
    on_sale: bool
    limit_per_customer: int | None
    returnable: bool
    free: int


@dataclass(frozen=True, kw_only=True)
class SkuName:
    """How a SKU is called outside."""

    public_id: str
    title: str
    specs_text: str


def is_public_id(text: str) -> bool:
    """Whether this can be an id at all; asked before the database is, since not every text can be sent to it."""
    return _PUBLIC_ID.fullmatch(text) is not None


def sellable(*, sku_ids: Collection[str]) -> dict[str, SellableSku]:
    """The SKUs of these public ids, in one query; those that don't exist are left out.

    A SKU off sale is there too, with `on_sale` false.
    """
    wanted = {sku_id for sku_id in sku_ids if is_public_id(sku_id)}
    if not wanted:
        return {}
    rows = SELLABLE.rows(public_ids=list(wanted))
    return {sku.public_id: sku for sku in map(_sellable_sku, rows)}


def sellable_by_row(*, sku_ids: Collection[int]) -> dict[int, SellableSku]:
    """Like `sellable`, by row ids."""
    if not sku_ids:
        return {}
    rows = SELLABLE_BY_ROW.rows(row_ids=list(sku_ids))
    return {sku.sku_id: sku for sku in map(_sellable_sku, rows)}


def _sellable() -> Select[*tuple[Any, ...]]:
    first_picture = (
        select(Picture.file)
        .join(ProductPicture, ProductPicture.picture_id == Picture.id)
        .where(ProductPicture.product_id == Product.id)
        .order_by(ProductPicture.position, ProductPicture.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            Sku.id.label("sku_id"),
            Sku.public_id,
            Sku.specs,
            Sku.price,
            Sku.weight_grams,
            Sku.active,
            Product.id.label("product_id"),
            Product.public_id.label("product_public_id"),
            Category.public_id.label("category_public_id"),
            Product.title,
            Product.status,
            Product.limit_per_customer,
            Product.returnable,
            free_pieces(Sku.id).label("free"),
            first_picture.label("picture"),
        )
        .join(Product, Product.id == Sku.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
    )


SELLABLE = Prepared(lambda _: _sellable().where(Sku.public_id.in_(bindparam("public_ids", expanding=True))))
SELLABLE_BY_ROW = Prepared(lambda _: _sellable().where(Sku.id.in_(bindparam("row_ids", expanding=True))))


def _sellable_sku(row: Row[*tuple[Any, ...]]) -> SellableSku:
    return SellableSku(
        sku_id=row.sku_id,
        public_id=row.public_id,
        product_id=row.product_id,
        product_public_id=row.product_public_id,
        category_ids=() if row.category_public_id is None else (row.category_public_id,),
        title=row.title,
        specs=row.specs,
        specs_text=SPECS_JOINER.join(row.specs),
        price=row.price,
        picture=row.picture,
        weight_grams=row.weight_grams,
        on_sale=row.active and row.status is ProductStatus.ON_SALE,
        limit_per_customer=row.limit_per_customer,
        returnable=row.returnable,
        free=row.free,
    )


def sku_names(*, sku_ids: Collection[int]) -> dict[int, SkuName]:
    """Names by row id."""
    statement = (
        select(Sku.id, Sku.public_id, Sku.specs, Product.title).join(Product).where(Sku.id.in_(sku_ids))
    )
    return {
        row.id: SkuName(public_id=row.public_id, title=row.title, specs_text=SPECS_JOINER.join(row.specs))
        for row in db.session.execute(statement)
    }


def category_names() -> list[tuple[str, str]]:
    """(public id, name) of every category, in the shop's order."""
    rows = db.session.execute(
        select(Category.public_id, Category.name).order_by(Category.position, Category.id)
    )
    return [(public_id, name) for public_id, name in rows]
