"""The form of an item: what was written into it, and what an item looks like in it."""

from __future__ import annotations

from shopapp.kernel.money import ZERO
from shopapp.kernel.screens import Form, first_day, last_day

from .rules import COUNT_MAX, POINTS_MAX, POSITION_MAX, TITLE_MAX, MallContent, MallKind


def empty_form() -> Form:
    """Goods without limits, offered at once."""
    return Form.filled({"kind": MallKind.GOODS.value, "active": "1", "position": "0"})


def filled_form(content: MallContent) -> Form:
    return Form.filled(
        {
            "kind": content.kind.value,
            "sku_id": content.sku_id,
            "coupon_id": content.coupon_id,
            "points": content.points,
            "cash": str(content.cash) if content.cash else "",
            "title": content.title,
            "stock": content.stock,
            "per_person": content.per_person,
            "per_month": content.per_month,
            "min_tier": content.min_tier,
            "starts_at": first_day(content.starts_at),
            "ends_at": last_day(content.ends_at),
            "active": "1" if content.active else "",
            "position": content.position,
        }
    )


def read(form: Form, *, was: MallContent | None) -> MallContent:
    """What the form says; the thing itself is chosen once. Days that were not touched keep the time of day that `was` had.

    Raises `Invalid`.
    """
    kind = MallKind(form.value("kind")) if form.value("kind") in list(MallKind) else MallKind.GOODS
    sku_id, coupon_id = form.value("sku_id").strip(), form.value("coupon_id").strip()
    if was is not None:
        kind, sku_id, coupon_id = was.kind, was.sku_id or "", was.coupon_id or ""
    goods = kind is MallKind.GOODS
    content = MallContent(
        kind=kind,
        sku_id=(sku_id or None) if goods else None,
        coupon_id=(coupon_id or None) if not goods else None,
        points=form.whole("points", least=1, most=POINTS_MAX),
        cash=form.yuan("cash") if goods and form.value("cash").strip() else ZERO,
        title=form.text("title", longest=TITLE_MAX),
        stock=_count(form, "stock"),
        per_person=_count(form, "per_person"),
        per_month=_count(form, "per_month"),
        min_tier=form.value("min_tier").strip(),
        starts_at=form.day("starts_at", before=was.starts_at if was else None),
        ends_at=form.day("ends_at", before=was.ends_at if was else None, last=True),
        active=form.ticked("active"),
        position=form.whole("position", least=0, most=POSITION_MAX),
    )
    form.check()
    return content


def _count(form: Form, name: str) -> int | None:
    return form.whole(name, least=1, most=COUNT_MAX) if form.value(name).strip() else None
