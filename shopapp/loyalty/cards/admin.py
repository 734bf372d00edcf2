"""The console's screens of paid cards: plans, and batches of codes."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.ids import new_id
from shopapp.kernel.screens import Form, act, csv_file, save
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.identity import queries as identity

from . import offering, queries, rules, services
from .merchant_api import last_moment
from .queries import PlanView
from .rules import PlanContent

blp = guard_console(Blueprint("cards_admin", __name__, url_prefix="/admin/card-plans"))


@blp.get("", endpoint="plans")
@requires(Permission.LOYALTY_VIEW)
def list_plans() -> str:
    return render_template(
        "cards_admin/list.html",
        rows=queries.plans(),
        counts=queries.counts(now=clock.now()),
        levels=_levels(),
    )


def _levels() -> dict[str, str]:
    """The tiers that a card can give: all above the one that everybody has."""
    return {level.code: level.name for level in tiers.terms_now().levels[1:]}


@blp.get("/new")
@requires(Permission.LOYALTY_EDIT)
def new() -> str:
    return _page(Form.filled({"months": 12, "active": "1"}), None)


def _page(form: Form, plan: PlanView | None, batch_form: Form | None = None) -> str:
    return render_template(
        "cards_admin/edit.html",
        form=form,
        plan=plan,
        rules=rules,
        levels=_levels(),
        holders=queries.counts(now=clock.now()).get(plan.id, 0) if plan else 0,
        batches=queries.batches(plan_id=plan.id) if plan else [],
        batch_form=batch_form or Form.filled({"batch_count": 100}),
    )


@blp.post("/new")
@requires(Permission.LOYALTY_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> bool:
        content = _content(form)
        form.check()
        offering.create_plan(content=content, now=clock.now())
        return True

    if save(form, work) is None:
        return _page(_with_price(form), None), 422
    flash(_("会员卡已保存。"), "success")
    return redirect(url_for("cards_admin.plans"), 303)


@blp.get("/<plan_id>")
@requires(Permission.LOYALTY_VIEW)
def edit(plan_id: str) -> str:
    plan = found(queries.plan(plan_id))
    return _page(_filled(plan), plan)


def _filled(plan: PlanView) -> Form:
    values = {**vars(plan.content), "price": str(plan.price), "active": "1" if plan.content.active else ""}
    return Form.filled({name: value or "" for name, value in values.items()})


@blp.post("/<plan_id>")
@requires(Permission.LOYALTY_EDIT)
def send_edit(plan_id: str) -> Response | tuple[str, int]:
    form, plan = Form.sent(), found(queries.plan(plan_id))

    def work() -> bool:
        content = _content(form)
        form.check()
        offering.change_plan(public_id=plan_id, content=content)
        return True

    if save(form, work) is None:
        return _page(_with_price(form), plan), 422
    flash(_("会员卡已保存。已经开通的不变。"), "success")
    return redirect(url_for("cards_admin.plans"), 303)


def _with_price(form: Form) -> Form:
    """What the rules say of the price belongs to its field of the form."""
    if "price_fen" in form.errors:
        form.errors["price"] = form.errors.pop("price_fen")
    return form


def _content(form: Form) -> PlanContent:
    return PlanContent(
        name=form.text("name", longest=rules.NAME_MAX, needed=True),
        words=form.text("words", longest=rules.WORDS_MAX),
        price=form.yuan("price"),
        months=_number(form, "months", most=rules.MONTHS_MAX),
        days=_number(form, "days", most=rules.DAYS_MAX),
        tier_code=form.value("tier_code") or None,
        trial_days=_number(form, "trial_days", most=rules.TRIAL_DAYS_MAX),
        position=_number(form, "position", most=rules.POSITION_MAX),
        active=form.ticked("active"),
    )


def _number(form: Form, name: str, *, most: int) -> int:
    """An empty field is 0."""
    return form.whole(name, least=0, most=most) if form.value(name).strip() else 0


@blp.post("/<plan_id>/code-batches")
@requires(Permission.LOYALTY_EDIT)
def send_batch(plan_id: str) -> Response | tuple[str, int]:
    form, plan = Form.sent(), found(queries.plan(plan_id))

    def work() -> bool:
        count = form.whole("batch_count", least=1, most=rules.CODES_MAX)
        name = form.text("batch_name", longest=rules.BATCH_NAME_MAX, needed=True)
        expires_on = _day(form, "batch_until")
        form.check()
        offering.make_batch(plan_id=plan_id, name=name, count=count, expires_at=expires_on, now=clock.now())
        return True

    if save(form, work) is None:
        return _page(_filled(plan), plan, form), 422
    flash(_("卡密已生成，导出后请妥善保管：只能导出一次。"), "success")
    return redirect(url_for("cards_admin.edit", plan_id=plan_id), 303)


def _day(form: Form, name: str) -> datetime | None:
    """The end of the day that a field names, None if it is empty."""
    if not form.value(name):
        return None
    try:
        return last_moment(date.fromisoformat(form.value(name)))
    except (ValueError, ShopError):
        form.wrong(name, _("请填写有效的日期。"))
        return None


@blp.post("/code-batches/<batch_id>/export")
@requires(Permission.LOYALTY_EDIT)
def export(batch_id: str) -> Response:
    """The codes as a CSV file, once."""
    batch = found(queries.batch(batch_id))
    with transaction():
        codes = offering.take_codes(public_id=batch_id, now=clock.now())
    return csv_file(
        name=f"card-codes-{batch_id}.csv",
        header=["code", "batch"],
        rows=([code, batch.name] for code in codes),
    )


@blp.post("/of/<customer_id>/cards")
@requires(Permission.LOYALTY_EDIT)
def give(customer_id: str) -> Response:
    person, form = found(identity.find(public_id=customer_id)), Form.sent()

    def work() -> str:
        card = services.give_card(
            customer_id=person.id,
            public_id=person.public_id,
            plan_id=form.value("plan"),
            reason=form.value("reason"),
            key=new_id(),
            now=clock.now(),
        )
        return _("“%(name)s”已开通。", name=card.name)

    return act(work, back=url_for("customers_admin.customer", public_id=customer_id))
