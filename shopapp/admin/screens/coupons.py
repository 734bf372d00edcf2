"""The console's screens of coupons: what is on offer, who holds it, its codes, and handing it out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.errors import Invalid, NotFound
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, act, argument, page_number, page_of, save
from shopapp.loyalty.coupons import console, offering, queries, services, words
from shopapp.loyalty.coupons.console import Offered
from shopapp.loyalty.coupons.content import CouponContent, CouponStatus, Giving, problems
from shopapp.loyalty.coupons.rules import CouponKind, Scope
from shopapp.members.identity import queries as identity
from shopapp.outreach.replies import wording
from shopapp.store.catalogue import listing
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.categories import categories
from shopapp.store.catalogue.listing import ListQuery

from . import coupon_forms as forms

blp = guard_console(Blueprint("coupons_admin", __name__, url_prefix="/admin/coupons"))

SKUS_OFFERED = 100
SCOPES: dict[str, Any] = {
    Scope.ALL.value: _l("全店商品"),
    Scope.PRODUCTS.value: _l("指定商品"),
    Scope.CATEGORIES.value: _l("指定分类"),
}
STATUSES: dict[CouponStatus, tuple[Any, str]] = {
    CouponStatus.AVAILABLE: (_l("可使用"), "good"),
    CouponStatus.HELD: (_l("待付款订单占用"), "warn"),
    CouponStatus.USED: (_l("已使用"), ""),
    CouponStatus.EXPIRED: (_l("已过期"), ""),
    CouponStatus.REVOKED: (_l("已收回"), "bad"),
}


@blp.get("", endpoint="coupons")
@requires(Permission.LOYALTY_VIEW)
def list_coupons() -> str:
    state = argument("state", console.STATES)
    kind = argument("kind", [kind.value for kind in CouponKind])
    now = clock.now()
    page = page_of(console.coupons_statement(state=state, kind=kind, now=now), number=page_number())
    return render_template(
        "admin/coupons/list.html",
        page=page,
        rows=[_row(row) for row in console.with_counts(page.items)],
        state=state,
        kind=kind,
        kinds=_words(words.KINDS),
    )


def _words(names: dict[Any, Any]) -> dict[str, Any]:
    return {one.value: name for one, name in names.items()}


def _row(coupon: Offered) -> dict[str, Any]:
    """A coupon in words, with the share of the given ones that were used."""
    content = coupon.content
    return {
        "id": coupon.id,
        "name": content.terms.name,
        "kind": words.KINDS[content.terms.kind],
        "conditions": words.conditions(content.terms),
        "giving": words.GIVINGS[content.giving],
        "moment": words.MOMENTS[content.moment] if content.moment else "",
        "given": coupon.given,
        "stock": content.stock,
        "used": coupon.used,
        "used_rate": f"{coupon.used / coupon.given:.0%}" if coupon.given else "–",
        "validity": words.validity_words(content),
        "limits": words.limit_words(content),
        "active": coupon.active,
        "over": content.valid_until is not None and content.valid_until <= clock.now(),
    }


@blp.get("/new")
@requires(Permission.LOYALTY_EDIT)
def new() -> str:
    return _edit_page(forms.empty_form(), coupon=None)


def _edit_page(form: Form, *, coupon: Offered | None) -> str:
    chosen = listing.products(public_ids=form.value("products").split())
    skus = listing.page(ListQuery(limit=SKUS_OFFERED)).items
    return render_template(
        "admin/coupons/edit.html",
        form=form,
        coupon=coupon,
        preview=_preview(form, coupon),
        kinds=_words(words.KINDS),
        scopes=SCOPES,
        givings=_words(words.GIVINGS),
        moments=_words(words.MOMENTS),
        periods=_words(words.PERIODS),
        categories=categories(all_of_them=True),
        chosen=[record.title for record in chosen],
        skus=[
            (sku.id, " ".join([record.title, *sku.specs])) for record in skus for sku in record.skus
        ],
    )  # fmt: skip


def _preview(form: Form, coupon: Offered | None) -> dict[str, Any]:
    """How the customer will see it, as far as the form can be read."""
    draft = Form(form.values.copy())
    content = forms.read(draft, was=coupon.content if coupon else None)
    wrong = bool(draft.errors or problems(content))
    return {
        "value": words.value_parts(content.terms),
        "name": content.terms.name,
        "kind": words.KINDS[content.terms.kind],
        "conditions": words.conditions(content.terms),
        "lasts": words.validity_words(content),
        "limits": words.limit_words(content),
        "unfinished": wrong,
        "hints": wording.hints(content.terms.name),
    }


@blp.post("/preview")
@requires(Permission.LOYALTY_EDIT)
def preview() -> str:
    return render_template("admin/coupons/preview.html", preview=_preview(Form.sent(), None))


@blp.post("/new")
@requires(Permission.LOYALTY_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> str:
        coupon = offering.create_coupon(content=_checked(form, was=None), now=clock.now())
        changes = {"name": coupon.name}
        audit.record(
            action="coupon.create", subject_kind="coupon", subject_id=coupon.public_id, changes=changes
        )
        return coupon.public_id

    public_id = save(form, work)
    if public_id is None:
        return _edit_page(form, coupon=None), 422
    flash(_("优惠券已保存，现在就按设置发放。"), "success")
    return redirect(url_for("coupons_admin.coupon", public_id=public_id), 303)


def _checked(form: Form, *, was: CouponContent | None) -> CouponContent:
    """What the form says. Raises `Invalid` with the form's names of the fields."""
    content = forms.read(form, was=was)
    form.check()
    wrong = forms.in_form(problems(content))
    sku_id = content.terms.sku_id
    if "sku_id" not in wrong and sku_id is not None and not catalogue.sellable(sku_ids=[sku_id]):
        wrong["sku_id"] = [_("没有这个款式，请从列表里选。")]
    if wrong:
        raise Invalid(wrong)
    return content


@blp.get("/<public_id>/edit")
@requires(Permission.LOYALTY_EDIT)
def edit(public_id: str) -> str:
    coupon = found(console.offered(public_id=public_id))
    return _edit_page(forms.filled_form(coupon.content), coupon=coupon)


@blp.post("/<public_id>/edit")
@requires(Permission.LOYALTY_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    coupon = found(console.offered(public_id=public_id))

    def work() -> bool:
        content = _checked(form, was=coupon.content)
        offering.change_coupon(public_id=public_id, content=content)
        changes = offering.changes_between(coupon.content, content)
        audit.record(action="coupon.update", subject_kind="coupon", subject_id=public_id, changes=changes)
        return True

    if save(form, work) is None:
        return _edit_page(form, coupon=coupon), 422
    flash(_("优惠券已保存，从现在起按新的发；已经领到的不变。"), "success")
    return redirect(url_for("coupons_admin.coupon", public_id=public_id), 303)


@blp.get("/<public_id>")
@requires(Permission.LOYALTY_VIEW)
def coupon(public_id: str) -> str:
    row = found(console.offered(public_id=public_id))
    status = argument("status", [status.value for status in CouponStatus])
    now = clock.now()
    holders = console.holders_statement(public_id=public_id, status=status, now=now)
    page = page_of(holders, number=page_number())
    made, used = console.count_codes(public_id=public_id)
    return render_template(
        "admin/coupons/coupon.html",
        row=_row(row),
        by_code=row.content.giving is Giving.CODE,
        codes_made=made,
        codes_used=used,
        shared=console.shared_codes(public_id=public_id),
        page=page,
        holders=_holders(page.items),
        status=status,
        statuses=_words({status: name for status, (name, _tone) in STATUSES.items()}),
        codes_max=offering.CODES_AT_ONCE_MAX,
    )


def _holders(rows: Any) -> list[dict[str, Any]]:
    people = identity.by_ids(customer_ids=[row.customer_id for row in rows])
    now = clock.now()
    shown = []
    for row in rows:
        over = row.status is CouponStatus.AVAILABLE and row.valid_until <= now
        status = CouponStatus.EXPIRED if over else row.status
        person = people[row.customer_id]
        shown.append(
            {
                "id": row.public_id,
                "customer_id": person.public_id,
                "name": person.nickname or _("微信顾客"),
                "status": STATUSES[status],
                "source": words.GIVINGS[row.source],
                "given_at": row.given_at,
                "last_moment": row.valid_until - timedelta(seconds=1),
                "order_no": row.order_no,
                "revocable": status in (CouponStatus.AVAILABLE, CouponStatus.HELD),
            }
        )
    return shown


@blp.post("/<public_id>/active")
@requires(Permission.LOYALTY_EDIT)
def send_active(public_id: str) -> Response:
    def work() -> str:
        active = Form.sent().ticked("active")
        row = offering.set_active(public_id=public_id, active=active)
        what = "coupon.activate" if active else "coupon.deactivate"
        audit.record(action=what, subject_kind="coupon", subject_id=public_id, changes={"name": row.name})
        if active:
            return _("“%(name)s”已启用，现在就按设置发放。", name=row.name)
        return _("“%(name)s”已停发，已经领到的照样能用。", name=row.name)

    return act(work, back=url_for("coupons_admin.coupon", public_id=public_id))


@blp.post("/<public_id>/grants")
@requires(Permission.COUPONS_GRANT)
def send_grants(public_id: str) -> Response:
    def work() -> str:
        wanted = forms.like_ids(Form.sent().value("customers"))
        handed = offering.hand_out(public_id=public_id, customer_ids=wanted, now=clock.now())
        audit.record(
            action="coupon.grant",
            subject_kind="coupon",
            subject_id=public_id,
            changes={"pieces": len(handed.given)},
        )
        told = _("已发给 %(count)s 位顾客。", count=len(handed.given))
        if handed.refused:
            names = _("、").join(list(handed.refused)[:5])
            told += _("没有发给 %(names)s：编号不对，或者到了限领数量。", names=names)
        return told

    return act(work, back=url_for("coupons_admin.coupon", public_id=public_id))


@blp.post("/<public_id>/holders/<held_id>/revoke")
@requires(Permission.COUPONS_GRANT)
def send_revoke(public_id: str, held_id: str) -> Response:
    def work() -> str:
        held = queries.holding(public_id=held_id, now=clock.now())
        if held is None or held.coupon_id != public_id:
            raise NotFound
        services.revoke(public_id=held_id, now=clock.now())
        changes = {"pieces": 1}
        audit.record(action="coupon.revoke", subject_kind="coupon", subject_id=public_id, changes=changes)
        return _("这张优惠券已收回，顾客不能再用。")

    return act(work, back=url_for("coupons_admin.coupon", public_id=public_id))


@blp.post("/<public_id>/codes")
@requires(Permission.LOYALTY_EDIT)
def send_codes(public_id: str) -> Response:
    def work() -> str:
        form, now = Form.sent(), clock.now()
        code = form.value("code").strip()
        if code:
            made = [offering.add_shared_code(public_id=public_id, code=code, now=now)]
        else:
            count = form.whole("count", least=1, most=offering.CODES_AT_ONCE_MAX)
            form.check()
            made = offering.make_codes(public_id=public_id, count=count, now=now)
        changes = {"pieces": len(made)}
        audit.record(action="coupon.codes", subject_kind="coupon", subject_id=public_id, changes=changes)
        return _("已添加 %(count)s 个兑换码。", count=len(made))

    return act(work, back=url_for("coupons_admin.coupon", public_id=public_id))


@blp.get("/<public_id>/codes.csv")
@requires(Permission.LOYALTY_EDIT)
def codes_csv(public_id: str) -> Response:
    found(console.offered(public_id=public_id))
    return console.codes_file(public_id=public_id)
