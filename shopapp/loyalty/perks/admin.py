"""The console's screens of perks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, act, argument, save
from shopapp.members.identity import queries as identity

from . import console, defining, queries, rules, services, words
from .forms import blank, content_in, filled
from .queries import PerkRow
from .rules import DEFINED, Period, PerkKind

blp = guard_console(Blueprint("perks_admin", __name__, url_prefix="/admin/perks"))


@blp.get("", endpoint="perks")
@requires(Permission.LOYALTY_VIEW)
def list_perks() -> str:
    return render_template("perks_admin/list.html", rows=console.listing(now=clock.now()), words=words)


@blp.get("/new")
@requires(Permission.LOYALTY_EDIT)
def new() -> str:
    """First the kind, then the fields of that kind."""
    kind = argument("kind", [one.value for one in DEFINED])
    if not kind:
        return render_template("perks_admin/kinds.html", kinds=DEFINED, words=words)
    return _form_page(blank(), PerkKind(kind), None)


def _form_page(form: Form, kind: PerkKind, perk: PerkRow | None) -> str:
    return render_template(
        "perks_admin/edit.html",
        form=form,
        kind=kind,
        perk=perk,
        fixed=rules.FIXED.get(kind),
        periods=[(one.value, words.PERIODS[one]) for one in Period],
        rules=rules,
        words=words,
        choices=console.choices(now=clock.now()),
        reach=console.reach(perk.content, now=clock.now()) if perk else None,
        counts=queries.counts().get(perk.id, {}) if perk else {},
    )


@blp.post("/new")
@requires(Permission.LOYALTY_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()
    kind = PerkKind(found(next((one.value for one in DEFINED if one.value == form.value("kind")), None)))

    def work() -> str:
        content = content_in(form, kind)
        form.check()
        return defining.create(content=content, now=clock.now()).public_id

    if save(form, work) is None:
        return _form_page(form, kind, None), 422
    flash(_("权益已保存，后台任务会发给符合条件的会员。"), "success")
    return redirect(url_for("perks_admin.perks"), 303)


@blp.get("/<perk_id>")
@requires(Permission.LOYALTY_VIEW)
def edit(perk_id: str) -> str:
    perk = found(queries.perk(perk_id))
    return _form_page(filled(perk.content), perk.content.kind, perk)


@blp.post("/<perk_id>")
@requires(Permission.LOYALTY_EDIT)
def send_edit(perk_id: str) -> Response | tuple[str, int]:
    form, perk = Form.sent(), found(queries.perk(perk_id))

    def work() -> bool:
        content = content_in(form, perk.content.kind)
        form.check()
        defining.change(public_id=perk_id, content=content, now=clock.now())
        return True

    if save(form, work) is None:
        return _form_page(form, perk.content.kind, perk), 422
    flash(_("权益已保存。已经发出的不变。"), "success")
    return redirect(url_for("perks_admin.perks"), 303)


@blp.get("/of/<customer>")
@requires(Permission.CUSTOMERS_VIEW)
def of_customer(customer: str) -> str:
    """Part of a customer's page: what they were granted, and what can be done about it."""
    person = found(identity.find(public_id=customer))
    return render_template(
        "perks_admin/_customer.html",
        person=person,
        **console.of_customer(customer_id=person.id, now=clock.now()),
    )


@blp.post("/of/<customer_id>/grants")
@requires(Permission.LOYALTY_EDIT)
def give(customer_id: str) -> Response:
    person, form = found(identity.find(public_id=customer_id)), Form.sent()

    def work() -> str:
        given = services.give_by_hand(
            customer_id=person.id,
            public_id=person.public_id,
            perk_id=form.value("perk"),
            reason=form.value("reason"),
            now=clock.now(),
        )
        return _("“%(name)s”已发给这位顾客。", name=given.name)

    return act(work, back=_customer_url(customer_id))


@blp.post("/of/<customer_id>/grants/<grant_id>/revoke")
@requires(Permission.LOYALTY_EDIT)
def revoke(customer_id: str, grant_id: str) -> Response:
    person = found(identity.find(public_id=customer_id))
    found(console.grant_of(customer_id=person.id, grant_id=grant_id, now=clock.now()))

    def work() -> str:
        services.revoke(
            grant_id=grant_id,
            public_id=person.public_id,
            reason=request.form.get("reason", ""),
            now=clock.now(),
        )
        return _("权益已收回。")

    return act(work, back=_customer_url(customer_id))


def _customer_url(customer_id: str) -> Any:
    return url_for("customers_admin.customer", public_id=customer_id)
