"""The console's screens of the points mall: what is offered, a form of sentences, and what was taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, act, argument, last_day, page_number, page_of, save
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.identity import queries as identity
from shopapp.store.catalogue import listing
from shopapp.store.catalogue.listing import ListQuery
from shopapp.store.orders import console as orders

from . import console, forms, offering, queries, wording
from .models import MallItem, MallRedemption
from .queries import Visitor
from .rules import MallKind

SKUS_OFFERED = 200
NOBODY = Visitor()

blp = guard_console(Blueprint("mall_admin", __name__, url_prefix="/admin/mall"))


@blp.get("", endpoint="items")
@requires(Permission.LOYALTY_VIEW)
def list_items() -> str:
    state = argument("state", console.STATES)
    kind = argument("kind", [kind.value for kind in MallKind])
    page = page_of(console.items_statement(state=state, kind=kind, now=clock.now()), number=page_number())
    return render_template(
        "mall_admin/list.html",
        page=page,
        rows=_rows(page.items),
        state=state,
        kind=kind,
        kinds={kind.value: name for kind, name in wording.KINDS.items()},
        free_freight=queries.free_freight(),
    )


def _rows(items: Sequence[MallItem]) -> list[dict[str, Any]]:
    now = clock.now()
    return [
        {
            "id": item.public_id,
            "title": offer.title or _("已经没有的东西"),
            "specs_text": offer.sku.specs_text if offer.sku else "",
            "picture": offer.sku.picture if offer.sku else None,
            "kind": wording.KINDS[item.kind],
            "price": wording.price_text(points=item.points, cash=item.cash),
            "list_fen": offer.sku.price.fen if offer.sku else None,
            "limits": wording.limit_text(offer.content),
            "tier": wording.tier_text(offer),
            "given": item.given,
            "stock": item.stock,
            "source_left": offer.sku.free if offer.sku else offer.coupon.left if offer.coupon else None,
            "starts_at": item.starts_at,
            "last_day": last_day(item.ends_at),
            "state": wording.offering_state(item.active, offer.standing),
            "active": item.active,
        }
        for item, offer in zip(items, queries.offers_of(rows=items, visitor=NOBODY, now=now), strict=True)
    ]


@blp.post("/freight")
@requires(Permission.LOYALTY_EDIT)
def send_freight() -> Response:
    def work() -> str:
        free = Form.sent().ticked("free")
        changes = {"mall.free_freight": [str(queries.free_freight()), str(free)]}
        preferences.write("mall.free_freight", free)
        audit.record(action="mall.update", subject_kind="settings", subject_id="mall", changes=changes)
        if free:
            return _("积分商城的商品现在由店里包邮。")
        return _("积分商城的商品现在按平常的运费收。")

    return act(work, back=url_for("mall_admin.items"))


@blp.get("/new")
@requires(Permission.LOYALTY_EDIT)
def new() -> str:
    return _edit_page(forms.empty_form(), item=None)


@blp.post("/new")
@requires(Permission.LOYALTY_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> str:
        item = offering.create_item(content=forms.read(form, was=None), now=clock.now())
        changes = {"points": item.points}
        audit.record(action="mall.create", subject_kind="mall", subject_id=item.public_id, changes=changes)
        return item.public_id

    public_id = save(form, work)
    if public_id is None:
        return _edit_page(form, item=None), 422
    flash(_("已保存。启用的话，现在就能在积分商城里看到。"), "success")
    return redirect(url_for("mall_admin.item", public_id=public_id), 303)


@blp.get("/<public_id>/edit")
@requires(Permission.LOYALTY_EDIT)
def edit(public_id: str) -> str:
    item = found(console.item(public_id=public_id))
    return _edit_page(forms.filled_form(queries.content_of(item)), item=item)


@blp.post("/<public_id>/edit")
@requires(Permission.LOYALTY_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    item = found(console.item(public_id=public_id))
    was = queries.content_of(item)

    def work() -> bool:
        content = forms.read(form, was=was)
        offering.change_item(public_id=public_id, content=content, now=clock.now())
        changes = offering.changes_between(was, content)
        audit.record(action="mall.update", subject_kind="mall", subject_id=public_id, changes=changes)
        return True

    if save(form, work) is None:
        return _edit_page(form, item=found(console.item(public_id=public_id))), 422
    flash(_("已保存，从现在起按新的兑换；已经兑换的不变。"), "success")
    return redirect(url_for("mall_admin.item", public_id=public_id), 303)


def _edit_page(form: Form, *, item: MallItem | None) -> str:
    goods = listing.page(ListQuery(limit=SKUS_OFFERED)).items
    given = coupons.for_points(customer_id=None, now=clock.now())
    return render_template(
        "mall_admin/edit.html",
        form=form,
        row=_rows([item])[0] if item else None,
        skus=[(sku.id, " ".join([record.title, *sku.specs])) for record in goods for sku in record.skus],
        coupons=[(public_id, offer.content.terms.name) for public_id, offer in given.items()],
        tiers=[(level.code, _("%(tier)s及以上", tier=level.name)) for level in tiers.terms_now().levels],
        kinds=[(kind.value, name) for kind, name in wording.KINDS.items()],
    )


@blp.get("/<public_id>")
@requires(Permission.LOYALTY_VIEW)
def item(public_id: str) -> str:
    row = found(console.item(public_id=public_id))
    state = argument("state", ("kept", "returned"))
    page = page_of(console.redemptions_statement(item_id=row.id, state=state), number=page_number())
    return render_template(
        "mall_admin/item.html",
        row=_rows([row])[0],
        page=page,
        redemptions=_redemptions(page.items),
        state=state,
    )


def _redemptions(rows: Sequence[MallRedemption]) -> list[dict[str, Any]]:
    people = identity.by_ids(customer_ids=[row.customer_id for row in rows])
    numbers = orders.numbers(order_ids={row.order_id for row in rows if row.order_id is not None})
    return [
        {
            "id": row.public_id,
            "customer_id": people[row.customer_id].public_id,
            "name": people[row.customer_id].nickname or _("微信顾客"),
            "quantity": row.quantity,
            "price": wording.price_text(points=row.points, cash=row.cash),
            "order_no": numbers.get(row.order_id or 0),
            "created_at": row.created_at,
            "returned": row.returned_at is not None,
        }
        for row in rows
    ]
