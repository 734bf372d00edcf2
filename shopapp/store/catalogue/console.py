"""Reads of the console's screens: pages of products in every state, their stock, and what runs low."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from shopapp.kernel.db import db
from shopapp.kernel.i18n import _l
from shopapp.kernel.money import Money
from shopapp.store.stock.queries import free_pieces

from . import search
from .models import Category, Picture, Product, ProductPicture, ProductStatus, Sku
from .queries import SPECS_JOINER

LOW_PIECES = 5
STATUS_NAMES: dict[ProductStatus, tuple[Any, str]] = {
    ProductStatus.DRAFT: (_l("草稿"), ""),
    ProductStatus.ON_SALE: (_l("在售"), "good"),
    ProductStatus.OFF_SALE: (_l("已下架"), "warn"),
}
STOCKS: dict[str, Any] = {"out": _l("售罄"), "low": _l("库存紧张")}
SORTS: dict[str, Any] = {
    "position": Product.position.asc(),
    "title": Product.title.asc(),
    "-title": Product.title.desc(),
    "price": Product.price.asc(),
    "-price": Product.price.desc(),
    "sold": Product.sold.asc(),
    "-sold": Product.sold.desc(),
    "updated": Product.updated_at.asc(),
    "-updated": Product.updated_at.desc(),
}


@dataclass(frozen=True, kw_only=True)
class ProductFilter:
    """What the list is narrowed to; `category` is a public id, `-` means products without one."""

    words: str = ""
    status: str = ""
    category: str = ""
    stock: str = ""
    sort: str = "-updated"


def products_statement(wanted: ProductFilter) -> Select[*tuple[Any, ...]]:
    """Rows with the product's values, the name of its category, its first picture and its free pieces."""
    pieces = _pieces_of_product()
    statement = (
        select(
            Product.id,
            Product.public_id,
            Product.title,
            Product.status,
            Product.price,
            Product.sold,
            Product.in_stock,
            Product.position,
            Product.updated_at,
            Category.name.label("category"),
            _first_picture().label("picture"),
            pieces.label("pieces"),
            _choices().label("choices"),
        )
        .outerjoin(Category, Category.id == Product.category_id)
        .order_by(SORTS[wanted.sort], Product.id.desc())
    )
    return _narrowed(statement, wanted)


def status_counts(wanted: ProductFilter) -> dict[str, int]:
    """How many products stand in each status under the same other filters; the empty name for all."""
    everything = ProductFilter(words=wanted.words, category=wanted.category, stock=wanted.stock)
    base = select(Product.status, func.count()).outerjoin(Category, Category.id == Product.category_id)
    rows = db.session.execute(_narrowed(base, everything).group_by(Product.status))
    found: dict[ProductStatus, int] = dict(rows.all())
    counts = {status.value: found.get(status, 0) for status in ProductStatus}
    return counts | {"": sum(found.values())}


def _narrowed(statement: Select[*tuple[Any, ...]], wanted: ProductFilter) -> Select[*tuple[Any, ...]]:
    if wanted.status:
        statement = statement.where(Product.status == ProductStatus(wanted.status))
    if wanted.category == "-":
        statement = statement.where(Product.category_id.is_(None))
    elif wanted.category:
        statement = statement.where(Category.public_id == wanted.category)
    if wanted.stock == "out":
        statement = statement.where(Product.in_stock.is_(False))
    elif wanted.stock == "low":
        statement = statement.where(Product.id.in_(_low_skus().with_only_columns(Sku.product_id)))
    if wanted.words:
        condition = search.matches(wanted.words)
        statement = statement.where(condition if condition is not None else Product.id.is_(None))
    return statement


def _pieces_of_product() -> Any:
    return (
        select(func.coalesce(func.sum(free_pieces(Sku.id)), 0))
        .where(Sku.product_id == Product.id, Sku.active)
        .correlate(Product)
        .scalar_subquery()
    )


def _choices() -> Any:
    return (
        select(func.count())
        .select_from(Sku)
        .where(Sku.product_id == Product.id, Sku.active)
        .correlate(Product)
        .scalar_subquery()
    )


def _first_picture() -> Any:
    return (
        select(Picture.file)
        .join(ProductPicture, ProductPicture.picture_id == Picture.id)
        .where(ProductPicture.product_id == Product.id)
        .order_by(ProductPicture.position, ProductPicture.id)
        .limit(1)
        .correlate(Product)
        .scalar_subquery()
    )


@dataclass(frozen=True, kw_only=True)
class LowSku:
    """A choice of a product on sale of which few pieces are left."""

    product_id: str
    title: str
    specs_text: str
    free: int


def low_stock(*, limit: int) -> tuple[int, Sequence[LowSku]]:
    """How many choices of products on sale run low, and those with the fewest pieces."""
    statement = _low_skus()
    count = db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = db.session.execute(statement.order_by(free_pieces(Sku.id), Sku.id).limit(limit))
    return count, [
        LowSku(
            product_id=row.public_id,
            title=row.title,
            specs_text=SPECS_JOINER.join(row.specs),
            free=row.free,
        )
        for row in rows
    ]


def _low_skus() -> Select[*tuple[Any, ...]]:
    return (
        select(Sku.id, Product.public_id, Product.title, Sku.specs, free_pieces(Sku.id).label("free"))
        .join(Product, Product.id == Sku.product_id)
        .where(Product.status == ProductStatus.ON_SALE, Sku.active, free_pieces(Sku.id) <= LOW_PIECES)
    )


def export_rows(wanted: ProductFilter, *, limit: int) -> Any:
    """One row per choice offered, for a spreadsheet."""
    shown = products_statement(wanted).order_by(None).with_only_columns(Product.id).subquery()
    return db.session.execute(
        select(
            Product.public_id.label("product"),
            Product.title,
            Product.status,
            Category.name.label("category"),
            Sku.public_id.label("sku"),
            Sku.specs,
            Sku.code,
            Sku.price,
            Sku.weight_grams,
            free_pieces(Sku.id).label("free"),
            Product.sold,
        )
        .join(Sku, Sku.product_id == Product.id)
        .outerjoin(Category, Category.id == Product.category_id)
        .where(Product.id.in_(select(shown.c.id)), Sku.active)
        .order_by(Product.id, Sku.position, Sku.id)
        .limit(limit)
    )


@dataclass(frozen=True, kw_only=True)
class ProductHit:
    """A product as the search shows it."""

    id: str
    title: str
    price: Money
    status: ProductStatus


def by_words(*, words: str, limit: int) -> list[ProductHit]:
    condition = search.matches(words)
    if condition is None:
        return []
    statement = select(Product.public_id, Product.title, Product.price, Product.status).where(condition)
    rows = db.session.execute(statement.order_by(Product.sold.desc(), Product.id).limit(limit))
    return [ProductHit(id=row.public_id, title=row.title, price=row.price, status=row.status) for row in rows]


def rows_of(*, public_ids: Sequence[str]) -> list[Product]:
    """The products of these public ids, by row id, so that they are locked in one order."""
    statement = select(Product).where(Product.public_id.in_(public_ids)).order_by(Product.id)
    return list(db.session.scalars(statement))


def files_of(*, public_ids: Sequence[str]) -> dict[str, str]:
    """File names of pictures by their public ids."""
    statement = select(Picture.public_id, Picture.file).where(Picture.public_id.in_(list(public_ids)[:100]))
    return dict(db.session.execute(statement).all())


def category_counts() -> dict[int, int]:
    """How many products stand on each category, by its row id."""
    statement = select(Product.category_id, func.count()).group_by(Product.category_id)
    return {row_id: count for row_id, count in db.session.execute(statement) if row_id is not None}


@dataclass(frozen=True, kw_only=True)
class KeptPicture:
    """An uploaded picture; `id` is its public id, `file` its name on disk."""

    id: str
    file: str
    width: int
    height: int


def picture(*, public_id: str = "", file: str = "") -> KeptPicture | None:
    """By its public id or its file name."""
    named = Picture.public_id == public_id if public_id else Picture.file == file
    row = db.session.scalar(select(Picture).where(named))
    if row is None:
        return None
    return KeptPicture(id=row.public_id, file=row.file, width=row.width, height=row.height)
