"""The console's screens of tiers: the rules, who has which tier, and the block on a customer's page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_console, may, requires
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, act, argument, page_number, page_of, save
from shopapp.members.identity import queries as identity

from . import console, files, forms, queries, services, words
from .preview import preview
from .terms import TierTerms

blp = guard_console(Blueprint("tiers_admin", __name__, url_prefix="/admin/tiers"))


@blp.get("", endpoint="tiers")
@requires(Permission.LOYALTY_VIEW)
def rules() -> str:
    version = queries.version_now()
    counts = queries.counts()
    return render_template(
        "tiers_admin/rules.html",
        version=version,
        levels=[
            {
                "code": level.code,
                "name": level.name,
                "entry": words.entry_text(level),
                "keep": level.keep,
                "benefits": words.benefit_texts(level.benefits),
                "members": counts.get(level.code, 0),
            }
            for level in version.terms.levels
        ],
        members=sum(counts.values()),
        term_text=words.term_text(version.terms),
        saved=console.saved_versions(),
        editable=may(Permission.LOYALTY_EDIT),
    )


@blp.get("/edit")
@requires(Permission.LOYALTY_EDIT)
def edit() -> str:
    version = queries.version_now()
    return _edit_page(forms.filled(version.terms, version=version.number))


@blp.post("/edit")
@requires(Permission.LOYALTY_EDIT)
def send_edit() -> Response | str | tuple[str, int]:
    """Rules are saved once who moves by exactly these was shown: else the form comes back with that."""
    form = Form.sent()
    try:
        terms = forms.read(form)
    except Invalid:
        return _edit_page(form), 422
    if form.value("act") == "preview" or form.value("seen") != forms.digest(terms):
        return _edit_page(form, terms=terms)

    def work() -> int:
        based_on = form.whole("version", least=0, most=10**9)
        note = form.text("note", longest=services.REASON_MAX)
        form.check()
        return services.save_version(terms=terms, note=note, based_on=based_on, now=clock.now())

    number = save(form, work)
    if number is None:
        return _edit_page(form, terms=terms), 422
    flash(
        _("等级规则第 %(number)s 版已保存，现在就生效。会员的等级几分钟内按它重新算好。", number=number),
        "success",
    )
    return redirect(url_for("tiers_admin.tiers"), 303)


def _edit_page(form: Form, *, terms: TierTerms | None = None) -> str:
    """With `terms` also who would move by them, and the button that saves them."""
    moves = preview(terms=terms, now=clock.now()) if terms else None
    people = identity.by_ids(customer_ids=[mover.customer_id for mover in moves.examples]) if moves else {}
    return render_template(
        "tiers_admin/edit.html",
        form=form,
        rows=forms.rows(form),
        modes=forms.MODES,
        drops=forms.DROPS,
        moves=moves,
        seen=forms.digest(terms) if terms else "",
        people=people,
    )


@blp.get("/members")
@requires(Permission.CUSTOMERS_VIEW)
def members() -> str:
    code = argument("code", longest=16)
    sort = argument("sort", console.SORTS) or "-since"
    page = page_of(console.members_statement(code=code, sort=sort), number=page_number(), scalars=False)
    return render_template(
        "tiers_admin/members.html",
        page=page,
        code=code,
        sort=sort,
        levels=queries.terms_now().levels,
        names={level.code: level.name for level in queries.terms_now().levels},
        people=identity.by_ids(customer_ids=[row.customer_id for row in page.items]),
    )


@blp.get("/of/<customer>")
@requires(Permission.CUSTOMERS_VIEW)
def of_customer(customer: str) -> str:
    """The tier of one customer with why, to be put into their page."""
    return _customer_block(customer, Form())


def _customer_block(public_id: str, form: Form) -> str:
    person = found(identity.find(public_id=public_id))
    now = clock.now()
    file = files.file_of(customer_id=person.id, now=now)
    levels = queries.terms_now().levels
    return render_template(
        "tiers_admin/_customer.html",
        customer=public_id,
        file=file,
        texts=words.history_texts(file) if file else [],
        next_text=words.next_text(file) if file else "",
        keep_text=words.keep_text(file) if file else "",
        overrides=files.overrides_of(customer_id=person.id),
        names={level.code: level.name for level in levels},
        choices=[(level.code, level.name) for level in levels[1:]],
        form=form,
        now=now,
        editable=may(Permission.TIERS_OVERRIDE),
    )


@blp.post("/of/<customer>")
@requires(Permission.TIERS_OVERRIDE)
def send_override(customer: str) -> Response:
    person = found(identity.find(public_id=customer))
    form = Form.sent()

    def work() -> str:
        values = _override(form)
        services.set_override(customer_id=person.id, public_id=person.public_id, now=clock.now(), **values)
        return _("等级已给出，到期会自动收回。")

    return act(work, back=url_for("customers_admin.customer", public_id=customer, tab="tier"))


def _override(form: Form) -> dict[str, Any]:
    days = form.whole("days", least=1, most=services.OVERRIDE_DAYS_MAX)
    reason = form.text("reason", longest=services.REASON_MAX, needed=True)
    form.check()
    day = clock.shop_day(clock.now()) + timedelta(days=days)
    return {"code": form.value("code"), "reason": reason, "until": clock.day_start(day)}


@blp.post("/of/<customer>/<override_id>/end")
@requires(Permission.TIERS_OVERRIDE)
def end_override(customer: str, override_id: str) -> Response:
    person = found(identity.find(public_id=customer))

    def work() -> str:
        services.end_override(
            customer_id=person.id, public_id=person.public_id, override_id=override_id, now=clock.now()
        )
        return _("给出的等级已收回，现在按 TA 自己的成长值算。")

    return act(work, back=url_for("customers_admin.customer", public_id=customer, tab="tier"))
