"""Writes to the catalogue. Every change that a page could show makes the page's version grow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.exc import IntegrityError

from shopapp.kernel import pagecache
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.errors import Conflict, Invalid, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.store.stock.queries import free_pieces

from . import markup, rules, search, statements
from .models import (
    PRODUCT_MOVES,
    Category,
    Picture,
    Product,
    ProductPicture,
    ProductStatus,
    Sku,
)
from .rules import PictureContent, ProductContent, SkuContent

LISTS = "catalogue"


class NotADraft(ShopError):
    status, code, text = 409, "not_a_draft", _l("只有草稿可以删除，这件商品没有任何改动。可以改为下架。")


def create_product(*, content: ProductContent, now: datetime) -> Product:
    """A draft with its SKUs and pictures; nobody sees it before it is put on sale. Raises `Invalid`."""
    rules.check_product(content)
    product = Product(public_id=new_id(), spec_names=[], title="", created_at=now, updated_at=now)
    product.status, product.version, product.in_stock, product.sold = ProductStatus.DRAFT, 0, False, 0
    product.skus, product.pictures = [], []
    db.session.add(product)
    return _fill(product, content, now=now)


def update_product(*, product: Product, content: ProductContent, now: datetime) -> Product:
    """Make the product be as `content` says; SKUs that it leaves out are offered no more. Raises `Invalid`."""
    rules.check_product(content)
    db.session.refresh(product, with_for_update=True)
    return _fill(product, content, now=now)


def put_on_sale(*, product: Product, now: datetime) -> None:
    """Raises `IllegalMove` if it is on sale already."""
    _set_status(product, ProductStatus.ON_SALE, now=now)


def take_off_sale(*, product: Product, now: datetime) -> None:
    """Raises `IllegalMove` if it is not on sale."""
    _set_status(product, ProductStatus.OFF_SALE, now=now)


def delete_draft(*, product: Product) -> None:
    """Remove a product that was never on sale; what was counted of its stock must be gone. Raises `NotADraft`."""
    if product.status is not ProductStatus.DRAFT:
        raise NotADraft
    search.forget(product_id=product.id)
    for table in (ProductPicture, Sku):
        rows_changed(delete(table).where(table.product_id == product.id))
    rows_changed(delete(Product).where(Product.id == product.id))
    db.session.expunge(product)


def stock_changed(*, sku_ids: Iterable[int], crossed_zero: bool) -> None:
    """Pieces came or went: pages of these products are stale; lists too if one is sold out now, or no more."""
    product_ids = _product_ids(sku_ids)
    if crossed_zero:
        refresh_in_stock(product_ids=product_ids)
    _touch(product_ids)


def count_sold(*, quantities: Mapping[int, int]) -> None:
    """Add paid pieces, by the row id of their SKU, to what their products sold."""
    pieces: dict[int, int] = {}
    for sku_id, product_id in statements.PRODUCTS_OF.rows(sku_ids=list(quantities)):
        pieces[product_id] = pieces.get(product_id, 0) + quantities[sku_id]
    for product_id, more in sorted(pieces.items()):
        sold: int = statements.COUNT_SOLD.run({"of_product": product_id, "more": more}).scalar_one()
        if rules.sold_step(sold) != rules.sold_step(sold - more):
            lists_changed()


def refresh_in_stock(*, product_ids: Collection[int]) -> None:
    """Work out anew whether these products have a free piece; lists are stale for those where that changed."""
    has_pieces = exists().where(Sku.product_id == Product.id, Sku.active, free_pieces(Sku.id) > 0)
    flipped = 0
    for product_id in sorted(product_ids):
        stale = update(Product).where(Product.id == product_id, Product.in_stock != has_pieces)
        flipped += rows_changed(stale.values(in_stock=has_pieces, version=Product.version + 1))
    if flipped:
        lists_changed()


def lists_changed() -> None:
    """Every list of products is stale."""
    pagecache.bump(LISTS)


def _product_ids(sku_ids: Iterable[int]) -> list[int]:
    found = statements.PRODUCTS_OF.rows(sku_ids=list(sku_ids))
    return sorted({product_id for _sku_id, product_id in found})


def _touch(product_ids: Iterable[int]) -> None:
    """In sorted order and after all stock rows, so that two orders never wait for each other in a ring."""
    for product_id in sorted(product_ids):
        statements.TOUCH.changed(of_product=product_id)


def _set_status(product: Product, status: ProductStatus, *, now: datetime) -> None:
    PRODUCT_MOVES.move(product, status, version=Product.version + 1, updated_at=now)
    db.session.refresh(product)
    lists_changed()


def _fill(product: Product, content: ProductContent, *, now: datetime) -> Product:
    product.title = content.title.strip()
    product.subtitle = content.subtitle.strip()
    product.description = markup.clean(content.description)
    product.category_id = _category_id(content.category)
    product.spec_names = [name.strip() for name in content.spec_names]
    product.limit_per_customer = content.limit_per_customer
    product.returnable = content.returnable
    product.position = content.position
    product.updated_at = now
    db.session.flush()
    _fill_skus(product, content.skus)
    _fill_pictures(product, content.pictures)
    product.price = min((sku.price for sku in product.skus if sku.active), default=Money(0))
    db.session.flush()
    search.remember(product)
    refresh_in_stock(product_ids=[product.id])
    _touch([product.id])
    lists_changed()
    db.session.refresh(product)
    return product


def _category_id(public_id: str | None) -> int | None:
    if public_id is None:
        return None
    found = db.session.scalar(select(Category.id).filter_by(public_id=public_id))
    if found is None:
        raise Invalid({"category_id": [_("没有这个分类。")]})
    return found


def _fill_skus(product: Product, contents: Collection[SkuContent]) -> None:
    """SKUs are known by their id, else by their specs. All keys and codes are let go first, then given out anew."""
    by_id = {sku.public_id: sku for sku in product.skus}
    named = {content.id for content in contents if content.id}
    if named - by_id.keys():
        raise Invalid({"skus": [_("有款式编号不属于这件商品。")]})
    by_specs = {tuple(sku.specs): sku for sku in product.skus if sku.public_id not in named}
    _refuse_taken_codes(product, contents)
    for sku in product.skus:
        sku.specs_key, sku.code, sku.active = sku.public_id, None, False
    db.session.flush()
    for position, content in enumerate(contents):
        specs = tuple(value.strip() for value in content.specs)
        known = by_id[content.id] if content.id else by_specs.get(specs)
        sku = known or Sku(public_id=new_id(), product_id=product.id)
        if known is None:
            product.skus.append(sku)
        sku.specs, sku.specs_key = list(specs), rules.specs_key(specs)
        sku.price, sku.weight_grams = content.price, content.weight_grams
        sku.code = content.code.strip() if content.code else None
        sku.active, sku.position = True, position
    try:
        db.session.flush()
    except IntegrityError:
        raise Conflict from None


def _refuse_taken_codes(product: Product, contents: Collection[SkuContent]) -> None:
    codes = [content.code.strip() for content in contents if content.code]
    taken = select(Sku.code).where(Sku.code.in_(codes), Sku.product_id != product.id).limit(1)
    code = db.session.scalar(taken) if codes else None
    if code is not None:
        raise Invalid({"skus": [_("款式编码 %(code)s 已用于另一件商品。", code=code)]})


def _fill_pictures(product: Product, contents: Collection[PictureContent]) -> None:
    wanted = {content.id for content in contents}
    known = select(Picture.public_id, Picture.id).where(Picture.public_id.in_(wanted))
    row_ids = {row.public_id: row.id for row in db.session.execute(known)} if wanted else {}
    if wanted - row_ids.keys():
        raise Invalid({"pictures": [_("有图片不存在，请重新上传。")]})
    rows_changed(delete(ProductPicture).where(ProductPicture.product_id == product.id))
    for position, content in enumerate(contents):
        db.session.add(
            ProductPicture(
                product_id=product.id,
                picture_id=row_ids[content.id],
                position=position,
                alt=content.alt.strip(),
            )
        )
    db.session.flush()
