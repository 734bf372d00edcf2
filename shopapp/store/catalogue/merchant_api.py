"""The merchant's side of the catalogue over the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_merchant_api, require, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found, writes
from shopapp.kernel.i18n import _
from shopapp.kernel.idempotency import once
from shopapp.kernel.money import Money
from shopapp.kernel.templating import picture_url
from shopapp.store.stock import services as stock

from . import categories, listing, media, services
from .answers import PICTURE_WIDTH, staff_category_answer, staff_product_answer
from .api import category_ids, list_query
from .categories import CategoryContent
from .contents import changes_between, content_of
from .listing import ProductRecord
from .models import Category, Product, ProductStatus
from .rules import PictureContent, ProductContent, SkuContent
from .schemas import (
    PRODUCT_FIELDS,
    CategoryInput,
    PictureAnswer,
    PictureInput,
    ProductChange,
    ProductInput,
    StaffCategoryAnswer,
    StaffCategoryList,
    StaffListArguments,
    StaffProductAnswer,
    StaffProductList,
)
from .tier_prices import tier_price

PLAIN_FIELDS = ("title", "subtitle", "description", "limit_per_customer", "returnable", "position")

blp = ApiBlueprint("merchant_catalogue", __name__, url_prefix="/api/v1/admin", description="商家：商品")
guard_merchant_api(blp)


@blp.get("/categories")
@requires(Permission.PRODUCTS_VIEW)
@blp.response(200, StaffCategoryList)
def list_categories() -> dict[str, Any]:
    rows = categories.categories(all_of_them=True)
    return {"items": [staff_category_answer(row) for row in rows], "next_cursor": None}


@blp.post("/categories")
@once
@requires(Permission.PRODUCTS_EDIT)
@blp.arguments(CategoryInput)
@blp.response(201, StaffCategoryAnswer)
def add_category(data: dict[str, Any]) -> dict[str, Any]:
    row = categories.create_category(content=_category_content(data))
    audit.record(action="category.create", subject_kind="category", subject_id=row.public_id, changes=data)
    return _category(row)


@blp.get("/categories/<category_id>")
@requires(Permission.PRODUCTS_VIEW)
@blp.response(200, StaffCategoryAnswer)
def show_category(category_id: str) -> dict[str, Any]:
    return _category(found(categories.category(public_id=category_id)))


@blp.put("/categories/<category_id>")
@writes
@requires(Permission.PRODUCTS_EDIT)
@blp.arguments(CategoryInput)
@blp.response(200, StaffCategoryAnswer)
def change_category(data: dict[str, Any], category_id: str) -> dict[str, Any]:
    row = found(categories.category(public_id=category_id))
    categories.update_category(row=row, content=_category_content(data))
    audit.record(action="category.update", subject_kind="category", subject_id=category_id, changes=data)
    return _category(row)


@blp.delete("/categories/<category_id>")
@writes
@requires(Permission.PRODUCTS_EDIT)
@blp.response(204)
def remove_category(category_id: str) -> None:
    row = found(categories.category(public_id=category_id))
    audit.record(
        action="category.delete", subject_kind="category", subject_id=category_id, changes={"name": row.name}
    )
    categories.delete_category(row=row)


@blp.get("/products")
@requires(Permission.PRODUCTS_VIEW)
@blp.arguments(StaffListArguments, location="query")
@blp.response(200, StaffProductList)
def list_products(data: dict[str, Any]) -> dict[str, Any]:
    statuses = (data["status"],) if data["status"] else tuple(ProductStatus)
    page = listing.page(list_query(data, statuses=statuses))
    known = category_ids()
    tier = tier_price(None)
    items = [staff_product_answer(record, category_ids=known, tier=tier) for record in page.items]
    return {"items": items, "next_cursor": page.next_cursor}


@blp.post("/products")
@once
@requires(Permission.PRODUCTS_EDIT)
@blp.arguments(ProductInput)
@blp.response(201, StaffProductAnswer)
def add_product(data: dict[str, Any]) -> dict[str, Any]:
    product = services.create_product(content=_content(data), now=clock.now())
    _set_stock(product, data["skus"])
    _set_status(product, data.get("status", ProductStatus.DRAFT))
    record = _record(product.public_id)
    audit.record(
        action="product.create",
        subject_kind="product",
        subject_id=record.id,
        changes={"title": record.title, "status": record.status.value},
    )
    return staff_product_answer(record, category_ids=category_ids(), tier=tier_price(None))


@blp.get("/products/<product_id>")
@requires(Permission.PRODUCTS_VIEW)
@blp.response(200, StaffProductAnswer)
def show_product(product_id: str) -> dict[str, Any]:
    return staff_product_answer(_record(product_id), category_ids=category_ids(), tier=tier_price(None))


@blp.put("/products/<product_id>")
@writes
@requires(Permission.PRODUCTS_EDIT)
@blp.arguments(ProductInput)
@blp.response(200, StaffProductAnswer)
def replace_product(data: dict[str, Any], product_id: str) -> dict[str, Any]:
    return _update(product_id, data)


@blp.patch("/products/<product_id>")
@writes
@requires(Permission.PRODUCTS_EDIT)
@blp.arguments(ProductChange(partial=PRODUCT_FIELDS))
@blp.response(200, StaffProductAnswer)
def change_product(data: dict[str, Any], product_id: str) -> dict[str, Any]:
    return _update(product_id, data)


@blp.delete("/products/<product_id>")
@writes
@requires(Permission.PRODUCTS_EDIT)
@blp.response(204)
def remove_product(product_id: str) -> None:
    """Take a product off sale; a draft is deleted."""
    record = _record(product_id)
    product = db.session.get_one(Product, record.row_id)
    if product.status is ProductStatus.DRAFT:
        stock.forget(sku_ids=[sku.id for sku in product.skus])
        services.delete_draft(product=product)
    elif product.status is ProductStatus.ON_SALE:
        services.take_off_sale(product=product, now=clock.now())
    audit.record(
        action="product.remove",
        subject_kind="product",
        subject_id=product_id,
        changes={"title": record.title, "was": record.status.value},
    )


@blp.post("/pictures")
@requires(Permission.PRODUCTS_EDIT)
@blp.arguments(PictureInput, location="files")
@blp.response(201, PictureAnswer)
def add_picture(data: dict[str, Any]) -> dict[str, Any]:
    """Upload a picture as the form field `file`; products and categories then name it by its id."""
    prepared = media.prepare(data["file"].stream.read(media.UPLOAD_BYTES_MAX + 1))
    with transaction():
        row = media.remember(prepared=prepared, now=clock.now())
        audit.record(action="picture.upload", subject_kind="picture", subject_id=row.public_id)
    return {
        "id": row.public_id,
        "url": picture_url(row.file, PICTURE_WIDTH),
        "width": row.width,
        "height": row.height,
        "alt": "",
    }


def _category_content(data: dict[str, Any]) -> CategoryContent:
    return CategoryContent(
        slug=data["slug"],
        name=data["name"],
        picture=data["picture_id"],
        position=data["position"],
        active=data["active"],
    )


def _category(row: Category) -> dict[str, Any]:
    every = categories.categories(all_of_them=True)
    return staff_category_answer(next(record for record in every if record.row_id == row.id))


def _record(product_id: str) -> ProductRecord:
    return found(listing.product(public_id=product_id))


def _update(product_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """Make the product be as the fields in `data` say; fields not there stay. One audit entry names what changed."""
    before = _record(product_id)
    product = db.session.get_one(Product, before.row_id)
    known = category_ids()
    was = content_of(before, category_ids=known)
    wanted = _content(data, base=was)
    if wanted != was:
        services.update_product(product=product, content=wanted, now=clock.now())
    _set_stock(product, data.get("skus", []))
    _set_status(product, data.get("status", product.status))
    after = _record(product_id)
    changes = changes_between(was, content_of(after, category_ids=known))
    if after.status is not before.status:
        changes["status"] = [before.status.value, after.status.value]
    audit.record(action="product.update", subject_kind="product", subject_id=product_id, changes=changes)
    return staff_product_answer(after, category_ids=known, tier=tier_price(None))


def _content(data: dict[str, Any], *, base: ProductContent | None = None) -> ProductContent:
    """The content that the fields describe, over that of `base` where they are left out."""
    values: dict[str, Any] = {name: data[name] for name in PLAIN_FIELDS if name in data}
    if "category_id" in data:
        values["category"] = data["category_id"]
    if "spec_names" in data:
        values["spec_names"] = tuple(data["spec_names"])
    if "pictures" in data:
        values["pictures"] = tuple(
            PictureContent(id=item["id"], alt=item["alt"]) for item in data["pictures"]
        )
    if "skus" in data:
        values["skus"] = tuple(_sku_content(item) for item in data["skus"])
    return ProductContent(**values) if base is None else replace(base, **values)


def _sku_content(item: dict[str, Any]) -> SkuContent:
    return SkuContent(
        id=item.get("id"),
        specs=tuple(item["specs"]),
        price=Money(item["price_fen"]),
        code=item["code"],
        weight_grams=item["weight_grams"],
    )


def _set_stock(product: Product, items: list[dict[str, Any]]) -> None:
    """Count the pieces of those SKUs that say how many there are; this takes the right to change stock."""
    by_specs = {tuple(sku.specs): sku for sku in product.skus if sku.active}
    for item in items:
        if "stock" not in item:
            continue
        require(Permission.STOCK_EDIT)
        sku = by_specs[tuple(value.strip() for value in item["specs"])]
        stock.set_free(sku_id=sku.id, free=item["stock"], now=clock.now())


def _set_status(product: Product, status: ProductStatus) -> None:
    if status is product.status:
        return
    if status is ProductStatus.ON_SALE:
        services.put_on_sale(product=product, now=clock.now())
    elif status is ProductStatus.OFF_SALE:
        services.take_off_sale(product=product, now=clock.now())
    else:
        raise Invalid({"status": [_("上架过的商品不能再变成草稿。")]})
