"""The console's screens of the rules of points: sentences with an example, versions, and a simulator."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.money import Money
from shopapp.kernel.screens import Form, save
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.tiers import queries as tiers

from . import forms, queries, rules, services, wording
from .rules import ONCE, EarnLine, PointsTerms

EXAMPLE_PAY = Money(12_850)
POINTS_ENOUGH = 10**9
TABS = {
    "points_admin.edit": _l("规则"),
    "points_admin.simulate": _l("试算"),
    "points_admin.versions": _l("历次规则"),
}
SHORTFALLS: dict[str, Any] = {
    Shortfall.DEBT.value: _l("记为欠分，从之后得到的积分里补"),
    Shortfall.OTHER_LOTS.value: _l("先扣其他积分，不够再记为欠分"),
    Shortfall.WAIVE.value: _l("店里承担，并记在账上"),
}
LIVES: dict[str, Any] = {"months": _l("个月"), "days": _l("天"), "ever": _l("长期有效")}

blp = guard_console(Blueprint("points_admin", __name__, url_prefix="/admin/points"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {"tabs": TABS, "weekdays": wording.WEEKDAYS, "shortfalls": SHORTFALLS, "lives": LIVES}


@blp.get("")
@requires(Permission.LOYALTY_VIEW)
def edit() -> str:
    terms = queries.terms(clock.now())
    return _editor(Form.filled(forms.values_of(terms)), example=_example(terms))


def _editor(form: Form, *, example: str) -> str:
    return render_template(
        "points_admin/edit.html",
        form=form,
        example=example,
        categories=queries.categories(),
        version=queries.current_version(clock.now()),
        today=shop_day(clock.now()),
    )


def _example(terms: PointsTerms) -> str:
    """An order of today without a category, by a member of the tier that earns most."""
    level = max(tiers.terms_now().levels, key=lambda level: level.benefits.points_bp)
    factor = level.benefits.points_bp
    line = EarnLine(key="1", product_id="", category_ids=frozenset(), pay=EXAMPLE_PAY)
    (points,) = rules.award(
        lines=[line],
        terms=terms.earn,
        tier_bp=factor,
        day=shop_day(clock.now()),
        birthday_month=False,
        left_today=terms.earn.most_per_day,
    )
    told = (
        _("今天付 ¥%(pay)s 的订单，得 %(points)s 分", pay=EXAMPLE_PAY, points=points)
        if factor == ONCE
        else _(
            "今天付 ¥%(pay)s 的订单，%(tier)s ×%(factor)s，得 %(points)s 分",
            pay=EXAMPLE_PAY,
            tier=level.name,
            factor=wording.factor_text(factor),
            points=points,
        )
    )
    most = rules.most_points(available=POINTS_ENOUGH, goods=EXAMPLE_PAY, terms=terms.redeem)
    if not most:
        return _("%(earning)s；这样的订单不能用积分。", earning=told)
    return _(
        "%(earning)s；这样的订单最多用 %(most)s 分，抵 ¥%(worth)s。",
        earning=told,
        most=most,
        worth=rules.worth(most, terms.redeem),
    )


@blp.post("/example")
@requires(Permission.LOYALTY_VIEW)
def example() -> str:
    """The example by the rules that stand in the form, while they are being written."""
    form = Form.sent()
    terms = forms.read_terms(form, category_ids=[key for key, _name in queries.categories()])
    told = _("填写完整后，这里会按新规则算一个例子。") if form.errors else _example(terms)
    return render_template("points_admin/_example.html", example=told)


@blp.post("")
@requires(Permission.LOYALTY_EDIT)
def send_edit() -> Response | tuple[str, int]:
    form, now = Form.sent(), clock.now()
    terms = forms.read_terms(form, category_ids=[key for key, _name in queries.categories()])
    valid_from = _valid_from(form, now=now)

    def work() -> int:
        form.check()
        before = queries.terms(now)
        number = services.publish(terms=terms, valid_from=valid_from, now=now)
        audit.record(
            action="points.update",
            subject_kind="points",
            subject_id=str(number),
            changes=_changes(before, terms),
        )
        return number

    number = save(form, work)
    if number is None:
        return _editor(form, example=""), 422
    if valid_from > now:
        told = _(
            "第 %(n)s 版规则已保存，从 %(day)s 0 点起使用。", n=number, day=shop_day(valid_from).isoformat()
        )
    else:
        told = _("第 %(n)s 版规则已保存，从下一个订单起使用；已经得到的积分不变。", n=number)
    flash(told, "success")
    return redirect(url_for("points_admin.edit"), 303)


def _valid_from(form: Form, *, now: datetime) -> datetime:
    text = form.value("from").strip()
    if not text:
        return now
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day <= shop_day(now):
        form.wrong("from", _("请选今天以后的日期；要马上使用，就留空。"))
        return now
    return day_start(day)


def _changes(before: PointsTerms, after: PointsTerms) -> dict[str, Any]:
    was, now = before.as_json(), after.as_json()
    return {name: [str(was[name]), str(now[name])] for name in now if was[name] != now[name]}


@blp.get("/versions")
@requires(Permission.LOYALTY_VIEW)
def versions() -> str:
    current = queries.current_version(clock.now())
    return render_template(
        "points_admin/versions.html",
        rows=queries.versions(),
        current=current.number if current else 0,
        now=clock.now(),
    )


@blp.get("/versions/<int:number>")
@requires(Permission.LOYALTY_VIEW)
def version(number: int) -> str:
    row = found(queries.version(number))
    terms = PointsTerms.of_json(row.terms)
    return render_template(
        "points_admin/version.html",
        row=row,
        sentences=wording.rules_text(terms, names=dict(queries.categories())),
        shortfall=SHORTFALLS[terms.shortfall.value],
        notice_days=terms.notice_days,
    )


@blp.get("/simulator")
@requires(Permission.LOYALTY_VIEW)
def simulate() -> str:
    """An order that was not placed: points per line by the rules of its day."""
    now = clock.now()
    form = Form(MultiDict(request.args))
    if not request.args:
        form = Form.filled({"factor": "1", "day": shop_day(now).isoformat(), "pay-1": "128.50"})
    categories = queries.categories()
    names = dict(categories)
    lines = forms.read_lines(form, category_ids=list(names))
    factor = forms.bp_of(form.value("factor").strip())
    if factor is None:
        form.wrong("factor", _("请填写倍数，例如 1.5。"))
    day = _simulated_day(form)
    if not lines and not form.errors:
        form.wrong("pay-1", _("请至少填一行金额。"))
    points = [] if form.errors else _simulated(lines, factor=factor or ONCE, day=day, form=form)
    return render_template(
        "points_admin/simulate.html",
        form=form,
        categories=categories,
        numbers=range(1, forms.SIMULATED_LINES + 1),
        rows=[
            {
                "name": _("、").join(names[key] for key in line.category_ids) or _("没有分类"),
                "pay": line.pay,
                "points": given,
            }
            for line, given in zip(lines, points, strict=False)
        ],
        total=sum(points),
    )


def _simulated_day(form: Form) -> date:
    try:
        return date.fromisoformat(form.value("day"))
    except ValueError:
        form.wrong("day", _("请选日期。"))
        return shop_day(clock.now())


def _simulated(lines: list[EarnLine], *, factor: int, day: date, form: Form) -> list[int]:
    at = max(day_start(day), clock.now()) if day >= shop_day(clock.now()) else day_start(day)
    terms = queries.terms(at)
    return rules.award(
        lines=lines,
        terms=terms.earn,
        tier_bp=factor,
        day=day,
        birthday_month=form.ticked("birthday"),
        left_today=terms.earn.most_per_day,
    )
