"""Lists of products: filtered, sorted, and paged by a cursor that stays right while goods come and go."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select

from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid
from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.store.stock.queries import free_pieces

from . import search
from .models import Category, Picture, Product, ProductPicture, ProductStatus, Sku
from .queries import is_public_id

LIMIT_DEFAULT = 20
LIMIT_MAX = 100
CURSOR_LENGTH_MAX = 200


class Sort(StrEnum):
    DEFAULT = "default"
    NEWEST = "newest"
    PRICE_UP = "price_up"
    PRICE_DOWN = "price_down"
    SALES = "sales"


@dataclass(frozen=True, kw_only=True)
class _Order:
    """A column and its direction; the newest row comes first among equals."""

    column: Any
    down: bool


ORDERS: dict[Sort, _Order] = {
    Sort.DEFAULT: _Order(column=Product.position, down=False),
    Sort.NEWEST: _Order(column=Product.id, down=True),
    Sort.PRICE_UP: _Order(column=Product.price, down=False),
    Sort.PRICE_DOWN: _Order(column=Product.price, down=True),
    Sort.SALES: _Order(column=Product.sold, down=True),
}


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """What is asked for. `category` is a slug or public id; `statuses` are those that the asker may see."""

    words: str = ""
    category: str | None = None
    sort: Sort = Sort.DEFAULT
    cursor: str | None = None
    limit: int = LIMIT_DEFAULT
    statuses: tuple[ProductStatus, ...] = (ProductStatus.ON_SALE,)


@dataclass(frozen=True, kw_only=True)
class PictureRecord:
    """A picture of a product; `width` and `height` are those of the kept file."""

    id: str
    file: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, kw_only=True)
class SkuRecord:
    """One choice of a product, offered now. `free` is the number of pieces to be had."""

    row_id: int
    id: str
    specs: list[str]
    code: str | None
    price: Money
    weight_grams: int
    free: int


@dataclass(frozen=True, kw_only=True)
class ProductRecord:
    """A product with its SKUs and pictures, as values. `description` is left out of lists."""

    row_id: int
    id: str
    category_row_id: int | None
    title: str
    subtitle: str
    description: str | None
    status: ProductStatus
    spec_names: list[str]
    price: Money
    in_stock: bool
    sold: int
    limit_per_customer: int | None
    returnable: bool
    position: int
    version: int
    skus: list[SkuRecord]
    pictures: list[PictureRecord]

    @property
    def price_varies(self) -> bool:
        return any(sku.price != self.price for sku in self.skus)


@dataclass(frozen=True, kw_only=True)
class ProductPage:
    """A stretch of a list; `next_cursor` leads to the next one, None at the end."""

    items: list[ProductRecord]
    next_cursor: str | None


_COLUMNS: tuple[Any, ...] = (
    Product.id,
    Product.public_id,
    Product.category_id,
    Product.title,
    Product.subtitle,
    Product.status,
    Product.spec_names,
    Product.price,
    Product.in_stock,
    Product.sold,
    Product.limit_per_customer,
    Product.returnable,
    Product.position,
    Product.version,
)


def page(query: ListQuery) -> ProductPage:
    """One page in a fixed number of queries. Raises `Invalid` for an unknown category or a cursor not of this list."""
    order = ORDERS[query.sort]
    statement = _filtered(query).order_by(
        order.column.desc() if order.down else order.column.asc(), Product.id.desc()
    )
    if query.cursor is not None:
        statement = statement.where(_after(query.cursor, sort=query.sort))
    rows = db.session.execute(statement.limit(query.limit + 1)).all()
    more = len(rows) > query.limit
    items = _records(rows[: query.limit])
    return ProductPage(items=items, next_cursor=_cursor(items[-1], sort=query.sort) if more else None)


def product(*, public_id: str) -> ProductRecord | None:
    """One product in whatever state, with its description."""
    if not is_public_id(public_id):
        return None
    found = select(*_COLUMNS, Product.description).where(Product.public_id == public_id)
    rows = db.session.execute(found).all()
    return _records(rows)[0] if rows else None


def products(*, public_ids: Sequence[str]) -> list[ProductRecord]:
    """Those of these products that are on sale, in this order, in a fixed number of queries."""
    wanted = [public_id for public_id in public_ids if is_public_id(public_id)]
    on_sale = Product.public_id.in_(wanted), Product.status == ProductStatus.ON_SALE
    rows = db.session.execute(select(*_COLUMNS).where(*on_sale)).all() if wanted else []
    found = {record.id: record for record in _records(rows)}
    return [found[public_id] for public_id in wanted if public_id in found]


def _filtered(query: ListQuery) -> Select[*tuple[Any, ...]]:
    statement = select(*_COLUMNS).where(Product.status.in_(query.statuses))
    if query.category is not None:
        statement = statement.where(Product.category_id == _category_id(query.category))
    if query.words.strip():
        condition = search.matches(query.words)
        statement = statement.where(condition if condition is not None else Product.id.is_(None))
    return statement


def _category_id(wanted: str) -> int:
    known = or_(Category.slug == wanted, Category.public_id == wanted)
    found = db.session.scalar(select(Category.id).where(known, Category.active)) if is_plain(wanted) else None
    if found is None:
        raise Invalid({"category": [_("没有这个分类。")]})
    return found


def _cursor(last: ProductRecord, *, sort: Sort) -> str:
    value = {
        Sort.DEFAULT: last.position,
        Sort.NEWEST: 0,
        Sort.PRICE_UP: last.price.fen,
        Sort.PRICE_DOWN: last.price.fen,
        Sort.SALES: last.sold,
    }[sort]
    text = json.dumps([sort.value, value, last.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after(cursor: str, *, sort: Sort) -> ColumnElement[bool]:
    value, row_id = _read_cursor(cursor, sort=sort)
    column, tie = ORDERS[sort].column, Product.id < row_id
    if sort is Sort.NEWEST:
        return tie
    beyond: ColumnElement[bool] = column < value if ORDERS[sort].down else column > value
    return or_(beyond, and_(column == value, tie))


def _read_cursor(cursor: str, *, sort: Sort) -> tuple[int, int]:
    """The value in the sorted column and the row id where the last page ended. Raises `Invalid`."""
    try:
        if len(cursor) > CURSOR_LENGTH_MAX:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        kind, value, public_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if kind != sort.value or type(value) is not int or abs(value) >= 1 << 62:
            raise ValueError
        if not isinstance(public_id, str) or not is_public_id(public_id):
            raise ValueError
        row_id = db.session.scalar(select(Product.id).where(Product.public_id == public_id))
        if row_id is None:
            raise ValueError
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise Invalid({"cursor": [_("这一页已经找不到了，请从头看起。")]}) from None
    return value, row_id


def _records(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[ProductRecord]:
    row_ids = [row.id for row in rows]
    skus, pictures = _skus_of(row_ids), _pictures_of(row_ids)
    return [
        ProductRecord(
            row_id=row.id,
            id=row.public_id,
            category_row_id=row.category_id,
            title=row.title,
            subtitle=row.subtitle,
            description=getattr(row, "description", None),
            status=row.status,
            spec_names=row.spec_names,
            price=row.price,
            in_stock=row.in_stock,
            sold=row.sold,
            limit_per_customer=row.limit_per_customer,
            returnable=row.returnable,
            position=row.position,
            version=row.version,
            skus=skus.get(row.id, []),
            pictures=pictures.get(row.id, []),
        )
        for row in rows
    ]


def _skus_of(product_ids: list[int]) -> dict[int, list[SkuRecord]]:
    statement = (
        select(
            Sku.product_id,
            Sku.id,
            Sku.public_id,
            Sku.specs,
            Sku.code,
            Sku.price,
            Sku.weight_grams,
            free_pieces(Sku.id).label("free"),
        )
        .where(Sku.product_id.in_(product_ids), Sku.active)
        .order_by(Sku.position, Sku.id)
    )
    found: dict[int, list[SkuRecord]] = {}
    for row in db.session.execute(statement) if product_ids else []:
        found.setdefault(row.product_id, []).append(
            SkuRecord(
                row_id=row.id,
                id=row.public_id,
                specs=row.specs,
                code=row.code,
                price=row.price,
                weight_grams=row.weight_grams,
                free=row.free,
            )
        )
    return found


def _pictures_of(product_ids: list[int]) -> dict[int, list[PictureRecord]]:
    statement = (
        select(
            ProductPicture.product_id,
            ProductPicture.alt,
            Picture.public_id,
            Picture.file,
            Picture.width,
            Picture.height,
        )
        .join(Picture, Picture.id == ProductPicture.picture_id)
        .where(ProductPicture.product_id.in_(product_ids))
        .order_by(ProductPicture.position, ProductPicture.id)
    )
    found: dict[int, list[PictureRecord]] = {}
    for row in db.session.execute(statement) if product_ids else []:
        found.setdefault(row.product_id, []).append(
            PictureRecord(id=row.public_id, file=row.file, width=row.width, height=row.height, alt=row.alt)
        )
    return found
