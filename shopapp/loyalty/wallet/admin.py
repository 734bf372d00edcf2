"""The console's screens of top-up plans: 权益 → 储值."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, first_day, last_day, save

from . import queries, services, wording
from .models import TopUpPlan
from .rules import PER_PERSON_MAX, POSITION_MAX, FreeAmount, PlanContent

LIFE_UNITS = ("", "M", "D")
LIFE_COUNT_MAX = 3650

blp = guard_console(Blueprint("wallet_admin", __name__, url_prefix="/admin/top-ups"))


@blp.get("", endpoint="plans")
@requires(Permission.LOYALTY_VIEW)
def list_plans() -> str:
    free = queries.free_amount()
    shown = {"free_from": str(free.least), "free_to": str(free.most)}
    return _list(Form.filled(shown))


def _list(form: Form) -> str:
    return render_template(
        "wallet_admin/plans.html",
        plans=queries.all_plans(),
        form=form,
        free=queries.free_amount(),
        now=clock.now(),
        life_text=wording.life_text,
        yuan_text=wording.yuan_text,
    )


@blp.post("/free-amount")
@requires(Permission.LOYALTY_EDIT)
def set_free_amount() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> bool:
        free = FreeAmount(least=form.yuan("free_from"), most=form.yuan("free_to"))
        form.check()
        services.set_free_amount(free=free)
        return True

    if save(form, work) is None:
        return _list(form), 422
    flash(_("自由金额的范围已保存。"), "success")
    return redirect(url_for(".plans"), 303)


@blp.get("/new")
@requires(Permission.LOYALTY_EDIT)
def new() -> str:
    position = str(len(queries.all_plans()) * 10)
    return _page(
        Form.filled({"position": position, "active": "1", "life_unit": "M", "life_count": "12"}), None
    )


@blp.post("/new")
@requires(Permission.LOYALTY_EDIT)
def send_new() -> Response | tuple[str, int]:
    return _save(None)


@blp.get("/<public_id>")
@requires(Permission.LOYALTY_EDIT)
def edit(public_id: str) -> str:
    plan = found(queries.plan(public_id=public_id))
    return _page(Form.filled(_values(plan)), plan)


@blp.post("/<public_id>")
@requires(Permission.LOYALTY_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    return _save(found(queries.plan(public_id=public_id)))


def _save(plan: TopUpPlan | None) -> Response | tuple[str, int]:
    form = Form.sent()
    public_id = None if plan is None else plan.public_id

    def work() -> bool:
        row = None if public_id is None else found(queries.plan(public_id=public_id))
        services.save_plan(row=row, content=_content(form), now=clock.now())
        return True

    if save(form, work) is None:
        return _page(form, plan), 422
    flash(_("储值方案已保存。"), "success")
    return redirect(url_for(".plans"), 303)


def _page(form: Form, plan: TopUpPlan | None) -> str:
    return render_template("wallet_admin/plan.html", form=form, plan=plan)


def _values(plan: TopUpPlan) -> dict[str, str]:
    return {
        "pay_fen": str(plan.pay),
        "gift_fen": str(plan.gift),
        "life_count": plan.life[1:-1],
        "life_unit": plan.life[-1:],
        "active": "1" if plan.active else "",
        "position": str(plan.position),
        "per_person": "" if plan.per_person is None else str(plan.per_person),
        "starts_at": first_day(plan.starts_at),
        "ends_at": last_day(plan.ends_at),
    }


def _content(form: Form) -> PlanContent:
    """Days are whole: from the start of the first to the end of the last. Raises `Invalid`."""
    unit = form.choice("life_unit", LIFE_UNITS)
    count = form.whole("life_count", least=1, most=LIFE_COUNT_MAX) if unit else 0
    wanted = form.value("per_person").strip()
    content = PlanContent(
        pay=form.yuan("pay_fen"),
        gift=form.yuan("gift_fen"),
        life=f"P{count}{unit}" if unit else "",
        active=form.ticked("active"),
        position=form.whole("position", least=0, most=POSITION_MAX),
        per_person=form.whole("per_person", least=1, most=PER_PERSON_MAX) if wanted else None,
        starts_at=form.day("starts_at"),
        ends_at=form.day("ends_at", last=True),
    )
    form.check()
    return content
