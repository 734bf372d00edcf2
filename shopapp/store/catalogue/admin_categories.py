"""The console's screen of categories."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, act, save

from . import categories, console
from .categories import CategoryContent, CategoryRecord
from .models import Category
from .rules import POSITION_MAX

blp = guard_console(Blueprint("categories_admin", __name__, url_prefix="/admin/categories"))


@blp.get("", endpoint="categories")
@requires(Permission.PRODUCTS_VIEW)
def list_categories() -> str:
    return render_template(
        "catalogue_admin/categories.html",
        rows=categories.categories(all_of_them=True),
        counts=console.category_counts(),
    )


@blp.get("/new")
@requires(Permission.PRODUCTS_EDIT)
def new() -> str:
    position = str(len(categories.categories(all_of_them=True)) * 10)
    return _page(Form.filled({"position": position, "active": "1"}), record=None)


@blp.post("/new")
@requires(Permission.PRODUCTS_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> Category:
        row = categories.create_category(content=_content(form))
        _record("category.create", row)
        return row

    row = save(form, work)
    if row is None:
        return _page(form, record=None), 422
    flash(_("分类“%(name)s”已保存。", name=row.name), "success")
    return redirect(url_for("categories_admin.categories"), 303)


@blp.get("/<public_id>")
@requires(Permission.PRODUCTS_EDIT)
def edit(public_id: str) -> str:
    record = _record_of(public_id)
    values = {
        "name": record.name,
        "slug": record.slug,
        "position": str(record.position),
        "active": "1" if record.active else "",
        "picture": record.picture_id,
    }
    return _page(Form.filled(values), record=record)


@blp.post("/<public_id>")
@requires(Permission.PRODUCTS_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    record = _record_of(public_id)

    def work() -> bool:
        row = found(categories.category(public_id=public_id))
        categories.update_category(row=row, content=_content(form))
        _record("category.update", row)
        return True

    if save(form, work) is None:
        return _page(form, record=record), 422
    flash(_("分类“%(name)s”已保存。", name=form.value("name").strip()), "success")
    return redirect(url_for("categories_admin.categories"), 303)


@blp.post("/<public_id>/delete")
@requires(Permission.PRODUCTS_EDIT)
def delete(public_id: str) -> Response:
    def work() -> str:
        row = found(categories.category(public_id=public_id))
        _record("category.delete", row)
        categories.delete_category(row=row)
        return _("分类“%(name)s”已删除。", name=row.name)

    return act(work, back=url_for("categories_admin.categories"))


def _content(form: Form) -> CategoryContent:
    position = form.whole("position", least=0, most=POSITION_MAX)
    form.check()
    return CategoryContent(
        slug=form.value("slug").strip(),
        name=form.value("name"),
        picture=form.value("picture") or None,
        position=position,
        active=form.ticked("active"),
    )


def _page(form: Form, *, record: CategoryRecord | None) -> str:
    picture = form.value("picture")
    file = console.files_of(public_ids=[picture]).get(picture) if picture else None
    return render_template("catalogue_admin/category.html", form=form, record=record, file=file)


def _record_of(public_id: str) -> CategoryRecord:
    every = categories.categories(all_of_them=True)
    return found(next((row for row in every if row.id == public_id), None))


def _record(action: str, row: Category) -> None:
    audit.record(action=action, subject_kind="category", subject_id=row.public_id, changes={"name": row.name})
