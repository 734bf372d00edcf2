"""The form of the rules: filled from them, and read back into them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.kernel.screens import Form, half_width
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall

from .rules import ONCE, EarnLine, EarnTerms, PointsTerms, RedeemTerms, TaskTerms
from .wording import factor_text

POINTS_MAX = 1_000_000
FACTOR_MAX = 100
FACTOR = re.compile(r"\d{1,3}(\.\d{1,4})?", re.ASCII)
WHOLE = re.compile(r"\d{1,7}", re.ASCII)
WEEK = range(7)
DATES_MAX = 40
ROUND_MAX = 31
LIVES = ("months", "days", "ever")
LIFE_MAX = {"months": 120, "days": 3650}
NOTICE_MAX = 30
SIMULATED_LINES = 4


def values_of(terms: PointsTerms) -> dict[str, Any]:
    """The rules as the form shows them."""
    earn, redeem, tasks = terms.earn, terms.redeem, terms.tasks
    return {
        "per": earn.per_hundred_yuan,
        **{f"cat-{key}": factor_text(bp) for key, bp in earn.category_bp.items()},
        **{f"cat-{key}": "0" for key in earn.excluded},
        **{f"week-{key}": factor_text(bp) for key, bp in earn.weekday_bp.items()},
        "dates": "\n".join(f"{key} {factor_text(bp)}" for key, bp in sorted(earn.date_bp.items())),
        "birthday": "" if earn.birthday_month_bp is None else factor_text(earn.birthday_month_bp),
        "cap_order": earn.most_per_order,
        "cap_day": earn.most_per_day,
        "cap_month": earn.most_per_month,
        "points_per_yuan": redeem.points_per_yuan,
        "share": factor_text(redeem.most_share_bp * 100),
        "step": redeem.step,
        "least": str(redeem.least_goods),
        **{name: getattr(tasks, name) for name in ("joining", "profile", "first_order")},
        "check_in": " ".join(str(points) for points in tasks.check_in),
        "task_day": tasks.most_per_day,
        "task_month": tasks.most_per_month,
        "life": "months" if terms.life.months else "days" if terms.life.days else "ever",
        "life_n": terms.life.months or terms.life.days or "",
        "shortfall": terms.shortfall.value,
        "notice_days": terms.notice_days,
        "from": "",
    }


def read_terms(form: Form, *, category_ids: Sequence[str]) -> PointsTerms:
    """The rules in a sent form. What is wrong stands in the form's errors."""
    return PointsTerms(
        earn=_earn(form, category_ids=category_ids),
        redeem=_redeem(form),
        tasks=_tasks(form),
        life=_life(form),
        shortfall=_shortfall(form),
        notice_days=form.whole("notice_days", least=0, most=NOTICE_MAX),
    )


def _earn(form: Form, *, category_ids: Sequence[str]) -> EarnTerms:
    of_category = {key: _factor(form, f"cat-{key}") for key in category_ids}
    of_weekday = {str(number): _factor(form, f"week-{number}") for number in WEEK}
    return EarnTerms(
        per_hundred_yuan=form.whole("per", least=0, most=POINTS_MAX),
        category_bp={key: bp for key, bp in of_category.items() if bp},
        excluded=tuple(key for key, bp in of_category.items() if bp == 0),
        weekday_bp={key: bp for key, bp in of_weekday.items() if bp is not None},
        date_bp=_dates(form),
        birthday_month_bp=_factor(form, "birthday"),
        most_per_order=_cap(form, "cap_order"),
        most_per_day=_cap(form, "cap_day"),
        most_per_month=_cap(form, "cap_month"),
    )


def _factor(form: Form, name: str) -> int | None:
    """1.5 -> 15000; None where nothing is written."""
    text = half_width(form.value(name))
    if not text:
        return None
    bp = bp_of(text)
    if bp is None:
        form.wrong(name, _("请填写 0 到 %(max)s 的倍数，最多四位小数，例如 1.5。", max=FACTOR_MAX))
    return bp


def bp_of(text: str) -> int | None:
    """1.5 -> 15000; None for what is no factor."""
    if not FACTOR.fullmatch(text) or Decimal(text) > FACTOR_MAX:
        return None
    return int(Decimal(text) * ONCE)


def _dates(form: Form) -> dict[str, int]:
    found: dict[str, int] = {}
    lines = [line.split() for line in half_width(form.value("dates")).splitlines() if line.strip()]
    for parts in lines[: DATES_MAX + 1]:
        day, bp = (_day(parts[0]), bp_of(parts[1])) if len(parts) == 2 else (None, None)
        if day is None or bp is None:
            form.wrong(
                "dates",
                _(
                    "“%(line)s”没有看懂。请每行写一个日期和倍数，例如 2026-11-11 2。",
                    line=" ".join(parts)[:30],
                ),
            )
        else:
            found[day.isoformat()] = bp
    if len(lines) > DATES_MAX:
        form.wrong("dates", _("最多 %(max)s 个日期。", max=DATES_MAX))
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _cap(form: Form, name: str) -> int | None:
    text = half_width(form.value(name))
    if not text:
        return None
    return form.whole(name, least=0, most=POINTS_MAX)


def _redeem(form: Form) -> RedeemTerms:
    share = bp_of(half_width(form.value("share")))
    if share is None or share % 100:
        form.wrong("share", _("请填写 0 到 100 的百分数，最多两位小数。"))
    terms = RedeemTerms(
        points_per_yuan=form.whole("points_per_yuan", least=1, most=POINTS_MAX),
        most_share_bp=(share or 0) // 100,
        step=form.whole("step", least=1, most=POINTS_MAX),
        least_goods=form.yuan("least"),
    )
    if not form.errors and not terms.step_is_whole_fen:
        form.wrong(
            "step",
            _(
                "每次用的积分要正好抵整数的分，否则零头会白白扣掉。请改成 %(points)s 的倍数。",
                points=_least_step(terms),
            ),
        )
    return terms


def _least_step(terms: RedeemTerms) -> int:
    """The fewest points worth whole fen."""
    return next(
        step for step in range(1, terms.points_per_yuan + 1) if step * 100 % terms.points_per_yuan == 0
    )


def _tasks(form: Form) -> TaskTerms:
    days = half_width(form.value("check_in")).replace(",", " ").replace("、", " ").split()
    if len(days) > ROUND_MAX or not all(WHOLE.fullmatch(points) for points in days):
        form.wrong(
            "check_in", _("请用空格隔开每天的积分，最多 %(max)s 天，例如 2 2 2 2 2 2 10。", max=ROUND_MAX)
        )
        days = []
    return TaskTerms(
        joining=form.whole("joining", least=0, most=POINTS_MAX),
        profile=form.whole("profile", least=0, most=POINTS_MAX),
        first_order=form.whole("first_order", least=0, most=POINTS_MAX),
        check_in=tuple(int(points) for points in days),
        most_per_day=_cap(form, "task_day"),
        most_per_month=_cap(form, "task_month"),
    )


def _life(form: Form) -> Life:
    kind = form.choice("life", LIVES)
    if kind not in LIFE_MAX:
        return Life()
    count = form.whole("life_n", least=1, most=LIFE_MAX[kind])
    return Life(months=count) if kind == "months" else Life(days=count)


def _shortfall(form: Form) -> Shortfall:
    value = form.choice("shortfall", [one.value for one in Shortfall])
    return Shortfall(value) if not form.errors.get("shortfall") else Shortfall.DEBT


def read_lines(form: Form, *, category_ids: Sequence[str]) -> list[EarnLine]:
    """The lines of the simulator that have an amount."""
    lines = []
    for number in range(1, SIMULATED_LINES + 1):
        if not form.value(f"pay-{number}").strip():
            continue
        category = form.choice(f"in-{number}", ["", *category_ids])
        pay: Money = form.yuan(f"pay-{number}")
        lines.append(
            EarnLine(
                key=str(number),
                product_id="",
                category_ids=frozenset({category} if category else ()),
                pay=pay,
            )
        )
    return lines
