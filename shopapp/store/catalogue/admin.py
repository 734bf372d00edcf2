"""The console's screens of products: find, write, price, put on sale, count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, may, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import (
    CSV_ROWS_MAX,
    Form,
    act,
    argument,
    back_to,
    csv_file,
    in_words,
    page_number,
    page_of,
    save,
)
from shopapp.kernel.templating import picture_url
from shopapp.store.stock import console as stock_console
from shopapp.store.stock import queries as stock_queries
from shopapp.store.stock import services as stock

from . import admin_forms, categories, console, listing, media, services
from .console import ProductFilter
from .contents import changes_between, content_of
from .listing import ProductRecord
from .models import Product, ProductStatus
from .queries import SPECS_JOINER

BULK_MAX = 100
MOVEMENTS_SHOWN = 30
SHOT_WIDTH = 320
NOTE_MAX = 120
CSV_HEADER = [
    "product_id", "title", "status", "category", "sku_id", "specs", "code", "price_yuan", "weight_grams",
    "stock", "sold",
]  # fmt: skip

blp = guard_console(Blueprint("catalogue_admin", __name__, url_prefix="/admin/products"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {"status_names": console.STATUS_NAMES, "statuses": ProductStatus, "low_pieces": console.LOW_PIECES}


def _filter() -> ProductFilter:
    return ProductFilter(
        words=argument("q"),
        status=argument("status", [status.value for status in ProductStatus]),
        category=argument("category"),
        stock=argument("stock", console.STOCKS),
        sort=argument("sort", console.SORTS) or "-updated",
    )


@blp.get("")
@requires(Permission.PRODUCTS_VIEW)
def products() -> str:
    wanted = _filter()
    return render_template(
        "catalogue_admin/list.html",
        page=page_of(console.products_statement(wanted), number=page_number(), scalars=False),
        wanted=wanted,
        counts=console.status_counts(wanted),
        categories=categories.categories(all_of_them=True),
        stocks=console.STOCKS,
    )


@blp.get("/export.csv")
@requires(Permission.PRODUCTS_VIEW)
def export() -> Response:
    with transaction():
        audit.record(
            action="product.export", subject_kind="product", subject_id="", changes=dict(request.args)
        )
    rows = console.export_rows(_filter(), limit=CSV_ROWS_MAX)
    return csv_file(
        name="products.csv",
        header=CSV_HEADER,
        rows=(
            [
                row.product, row.title, row.status.value, row.category, row.sku, SPECS_JOINER.join(row.specs),
                row.code, str(row.price), row.weight_grams, row.free, row.sold,
            ]
            for row in rows
        ),
    )  # fmt: skip


@blp.post("/bulk")
@requires(Permission.PRODUCTS_EDIT)
def bulk() -> Response:
    """Put many on sale, or take them off; those that are there already are passed over."""
    form = Form.sent()

    def work() -> str:
        wanted = form.choice("act", ["on_sale", "off_sale"])
        form.check()
        rows = console.rows_of(public_ids=form.values.getlist("id")[:BULK_MAX])
        moved = [row for row in rows if _moved(row, ProductStatus(wanted))]
        if wanted == "on_sale":
            return _("%(n)s 件商品已上架。", n=len(moved))
        return _("%(n)s 件商品已下架。", n=len(moved))

    return act(work, back=back_to(url_for("catalogue_admin.products")))


@blp.post("/<public_id>/status")
@requires(Permission.PRODUCTS_EDIT)
def send_status(public_id: str) -> Response:
    form = Form.sent()

    def work() -> str:
        chosen = form.choice("act", ["on_sale", "off_sale"])
        form.check()
        wanted = ProductStatus(chosen)
        product = _product(public_id)
        _moved(product, wanted)
        words = {
            ProductStatus.ON_SALE: _("“%(title)s”已上架，顾客现在能看到。", title=product.title),
            ProductStatus.OFF_SALE: _("“%(title)s”已下架，顾客看不到了。", title=product.title),
        }
        return words[wanted]

    return act(work, back=back_to(url_for("catalogue_admin.edit", public_id=public_id)))


def _moved(product: Product, wanted: ProductStatus) -> bool:
    if product.status is wanted or (
        product.status is ProductStatus.DRAFT and wanted is ProductStatus.OFF_SALE
    ):
        return False
    if wanted is ProductStatus.ON_SALE:
        services.put_on_sale(product=product, now=clock.now())
    else:
        services.take_off_sale(product=product, now=clock.now())
    audit.record(
        action=f"product.{wanted.value}",
        subject_kind="product",
        subject_id=product.public_id,
        changes={"title": product.title},
    )
    return True


@blp.get("/new")
@requires(Permission.PRODUCTS_EDIT)
def new() -> str:
    return _edit_page(admin_forms.empty_form(), record=None)


@blp.post("/new")
@requires(Permission.PRODUCTS_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> Product:
        content, counted = admin_forms.content_from(form), admin_forms.stock_from(form)
        product = services.create_product(content=content, now=clock.now())
        _count(product, counted)
        audit.record(
            action="product.create",
            subject_kind="product",
            subject_id=product.public_id,
            changes={"title": product.title},
        )
        if form.ticked("publish"):
            _moved(product, ProductStatus.ON_SALE)
        return product

    product = save(form, work)
    if product is None:
        return _edit_page(form, record=None), 422
    flash(_("“%(title)s”已保存。", title=product.title), "success")
    return redirect(url_for("catalogue_admin.edit", public_id=product.public_id), 303)


@blp.get("/<public_id>")
@requires(Permission.PRODUCTS_EDIT)
def edit(public_id: str) -> str:
    record = found(listing.product(public_id=public_id))
    category = _category_ids().get(record.category_row_id or 0)
    return _edit_page(admin_forms.form_of(record, category=category), record=record)


@blp.post("/<public_id>")
@requires(Permission.PRODUCTS_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    record = found(listing.product(public_id=public_id))

    def work() -> bool:
        content, counted = admin_forms.content_from(form), admin_forms.stock_from(form)
        product = _product(public_id)
        was = content_of(found(listing.product(public_id=public_id)), category_ids=_category_ids())
        changes = changes_between(was, content)
        if content != was:
            services.update_product(product=product, content=content, now=clock.now())
            audit.record(
                action="product.update", subject_kind="product", subject_id=public_id, changes=changes
            )
        _count(product, counted)
        return True

    if save(form, work) is None:
        return _edit_page(form, record=record), 422
    flash(_("已保存，商城里的页面已经更新。"), "success")
    return redirect(url_for("catalogue_admin.edit", public_id=public_id), 303)


def _edit_page(form: Form, *, record: ProductRecord | None) -> str:
    known = {picture.id: picture.file for picture in record.pictures} if record else {}
    missing = [picture for picture in form.values.getlist("picture") if picture not in known]
    known |= console.files_of(public_ids=missing) if missing else {}
    return render_template(
        "catalogue_admin/edit.html",
        form=form,
        record=record,
        rows=admin_forms.sku_rows(form),
        files=known,
        categories=categories.categories(all_of_them=True),
    )


@blp.post("/<public_id>/delete")
@requires(Permission.PRODUCTS_EDIT)
def delete(public_id: str) -> Response:
    def work() -> str:
        product = _product(public_id)
        title = product.title
        stock.forget(sku_ids=[sku.id for sku in product.skus])
        services.delete_draft(product=product)
        audit.record(
            action="product.delete", subject_kind="product", subject_id=public_id, changes={"title": title}
        )
        return _("草稿“%(title)s”已删除。", title=title)

    return act(work, back=url_for("catalogue_admin.products"))


@blp.post("/pictures")
@requires(Permission.PRODUCTS_EDIT)
def upload() -> Response:
    """One picture, sent by the page's script; answered as JSON."""
    try:
        sent = request.files.get("file")
        if sent is None:
            raise Invalid({"file": [_("请选择一张图片。")]})
        prepared = media.prepare(sent.stream.read(media.UPLOAD_BYTES_MAX + 1))
        with transaction():
            row = media.remember(prepared=prepared, now=clock.now())
            audit.record(action="picture.upload", subject_kind="picture", subject_id=row.public_id)
    except ShopError as problem:
        return make_response(jsonify(message=in_words(problem)), problem.status)
    return make_response(jsonify(id=row.public_id, url=picture_url(row.file, SHOT_WIDTH)), 201)


@blp.get("/<public_id>/stock")
@requires(Permission.PRODUCTS_VIEW)
def stock_page(public_id: str) -> str:
    return _stock_page(found(listing.product(public_id=public_id)), Form())


def _stock_page(record: ProductRecord, form: Form) -> str:
    sku_ids = [sku.row_id for sku in record.skus]
    return render_template(
        "catalogue_admin/stock.html",
        record=record,
        form=form,
        levels=stock_queries.levels(sku_ids=sku_ids),
        movements=stock_console.movements(sku_ids=sku_ids, limit=MOVEMENTS_SHOWN),
        reasons=stock_console.REASON_NAMES,
        names={sku.row_id: SPECS_JOINER.join(sku.specs) for sku in record.skus},
    )


@blp.post("/<public_id>/stock")
@requires(Permission.STOCK_EDIT)
def send_stock(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    record = found(listing.product(public_id=public_id))

    def work() -> int:
        note = form.text("note", longest=NOTE_MAX)
        wanted = {
            sku.row_id: form.whole(f"stock.{sku.id}", least=0, most=admin_forms.STOCK_MAX)
            for sku in record.skus
            if form.value(f"stock.{sku.id}").strip() not in ("", form.value(f"was.{sku.id}"))
        }
        form.check()
        for row_id, free in sorted(wanted.items()):
            _set_free(public_id, row_id, free, note=note)
        return len(wanted)

    changed = save(form, work)
    if changed is None:
        return _stock_page(record, form), 422
    flash(_("%(n)s 个款式的库存已更新。", n=changed), "success")
    return redirect(url_for("catalogue_admin.stock_page", public_id=public_id), 303)


def _count(product: Product, counted: dict[tuple[str, ...], int]) -> None:
    if not counted or not may(Permission.STOCK_EDIT):
        return
    by_specs = {tuple(sku.specs): sku.id for sku in product.skus if sku.active}
    for specs, free in counted.items():
        _set_free(product.public_id, by_specs[specs], free, note="")


def _set_free(product_id: str, row_id: int, free: int, *, note: str) -> None:
    change = stock.set_free(sku_id=row_id, free=free, note=note, now=clock.now())
    if change:
        audit.record(
            action="stock.count",
            subject_kind="product",
            subject_id=product_id,
            changes={"free": free, "change": change, "note": note},
        )


def _product(public_id: str) -> Product:
    rows: Sequence[Product] = console.rows_of(public_ids=[public_id])
    if not rows:
        raise NotFound
    return rows[0]


def _category_ids() -> dict[int, str]:
    return {row.row_id: row.id for row in categories.categories(all_of_them=True)}
