"""The product form: from its fields to content, and back."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.datastructures import MultiDict

from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.kernel.screens import Form, half_width, yuan

from .listing import ProductRecord
from .rules import LIMIT_MAX, POSITION_MAX, SKUS_MAX, PictureContent, ProductContent, SkuContent

SKU_FIELDS = ("sku_id", "sku_specs", "sku_price", "sku_code", "sku_weight", "sku_stock")
STOCK_MAX = 1_000_000


def form_of(record: ProductRecord, *, category: str | None) -> Form:
    values: MultiDict[str, str] = MultiDict(
        {
            "title": record.title,
            "subtitle": record.subtitle,
            "description": record.description or "",
            "category": category or "",
            "limit_per_customer": "" if record.limit_per_customer is None else str(record.limit_per_customer),
            "position": str(record.position),
            "returnable": "1" if record.returnable else "",
        }
    )
    values.setlist("spec_name", list(record.spec_names))
    values.setlist("picture", [picture.id for picture in record.pictures])
    values.setlist("alt", [picture.alt for picture in record.pictures])
    values.setlist("picture_file", [picture.file for picture in record.pictures])
    values.setlist("sku_id", [sku.id for sku in record.skus])
    values.setlist("sku_specs", [json.dumps(sku.specs, ensure_ascii=False) for sku in record.skus])
    values.setlist("sku_price", [str(sku.price) for sku in record.skus])
    values.setlist("sku_code", [sku.code or "" for sku in record.skus])
    values.setlist("sku_weight", [str(sku.weight_grams) for sku in record.skus])
    values.setlist("sku_stock", [str(sku.free) for sku in record.skus])
    return Form(values)


def empty_form() -> Form:
    form = Form(MultiDict({"position": "0", "returnable": "1"}))
    for name in SKU_FIELDS:
        form.values.setlist(name, [{"sku_specs": "[]", "sku_weight": "0", "sku_stock": "0"}.get(name, "")])
    return form


def content_from(form: Form) -> ProductContent:
    """Raises `Invalid` for fields that are no numbers or amounts; what else may be wrong the service tells."""
    limit = form.value("limit_per_customer").strip()
    content = ProductContent(
        title=form.value("title"),
        subtitle=form.value("subtitle"),
        description=form.value("description"),
        category=form.value("category") or None,
        spec_names=tuple(name for name in form.values.getlist("spec_name") if name.strip()),
        skus=tuple(_sku(form, row) for row in sku_rows(form)),
        pictures=tuple(
            PictureContent(id=picture, alt=alt)
            for picture, alt in zip(form.values.getlist("picture"), form.values.getlist("alt"), strict=False)
        ),
        limit_per_customer=form.whole("limit_per_customer", least=1, most=LIMIT_MAX) if limit else None,
        returnable=form.ticked("returnable"),
        position=form.whole("position", least=0, most=POSITION_MAX),
    )
    form.check()
    return content


def stock_from(form: Form) -> dict[tuple[str, ...], int]:
    """Counted pieces by specs; rows whose stock is left empty stay as they are. Raises `Invalid`."""
    counted: dict[tuple[str, ...], int] = {}
    for row in sku_rows(form):
        typed = half_width(row["sku_stock"])
        if not typed or typed == row["sku_stock_was"]:
            continue
        if not (typed.isascii() and typed.isdigit() and int(typed) <= STOCK_MAX):
            form.wrong("skus", _("库存须为 0 到 %(max)s 的整数。", max=STOCK_MAX))
            continue
        counted[_specs(form, row)] = int(typed)
    form.check()
    return counted


def sku_rows(form: Form) -> list[dict[str, str]]:
    """The rows of the table of choices; a list that is too short counts as empty cells."""
    lists = {name: form.values.getlist(name) for name in (*SKU_FIELDS, "sku_stock_was")}
    count = min(len(lists["sku_specs"]), SKUS_MAX + 1)
    rows = [
        {name: values[place] if place < len(values) else "" for name, values in lists.items()}
        for place in range(count)
    ]
    return [{**row, "label": " / ".join(_values(row["sku_specs"]) or ())} for row in rows]


def _sku(form: Form, row: dict[str, str]) -> SkuContent:
    return SkuContent(
        id=row["sku_id"] or None,
        specs=_specs(form, row),
        price=_price(form, row["sku_price"]),
        code=row["sku_code"].strip() or None,
        weight_grams=_weight(form, half_width(row["sku_weight"]) or "0"),
    )


def _specs(form: Form, row: dict[str, str]) -> tuple[str, ...]:
    values = _values(row["sku_specs"])
    if values is None:
        form.wrong("skus", _("有款式的规格读不出来，请刷新页面后再编辑。"))
    return values or ()


def _values(text: str) -> tuple[str, ...] | None:
    """The specs of a row, which the page keeps as a JSON list of texts; None if it is something else."""
    try:
        values: Any = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return None
    return tuple(value.strip() for value in values)


def _price(form: Form, typed: str) -> Money:
    try:
        return yuan(typed)
    except ValueError:
        form.wrong("skus", _("每个款式都要填写价格，单位元，最多两位小数。"))
        return Money(0)


def _weight(form: Form, typed: str) -> int:
    if typed.isascii() and typed.isdigit() and len(typed) < 10:
        return int(typed)
    form.wrong("skus", _("重量须为整数，单位克。"))
    return 0
