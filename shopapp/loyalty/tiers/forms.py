"""The rules as a form of the console: read from it and put into it. Rows without a name are left out."""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from typing import Any

from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, half_width

from .terms import (
    DAYS_MAX,
    GRACE_MAX,
    GROWTH_MAX,
    LEVELS_MAX,
    NAME_MAX,
    PER_YUAN_MAX,
    WHOLE,
    Benefits,
    Drop,
    Level,
    Mode,
    TierTerms,
    problems,
)
from .words import decimal

MODES: dict[str, Any] = {
    Mode.ROLLING.value: _l("从升级那天起若干个月"),
    Mode.CALENDAR_YEAR.value: _l("自然年，保留到下一年年底"),
    Mode.DAYS.value: _l("从升级那天起若干天"),
}
DROPS: dict[str, Any] = {
    Drop.ONE_STEP.value: _l("降一级"),
    Drop.REPLACE.value: _l("按攒到的成长值重新定级"),
}
TENTH = WHOLE // 10
FIGURE = re.compile(r"\d{1,2}(\.\d{1,3})?", re.ASCII)


def filled(terms: TierTerms, *, version: int) -> Form:
    """A form with these rules, to be changed."""
    values: dict[str, Any] = {
        "version": version,
        "mode": terms.mode.value,
        "length": terms.length or "",
        "grace_days": terms.grace_days,
        "drop": terms.drop.value,
        "growth_per_yuan": terms.growth_per_yuan,
        "note": "",
    }
    for row, level in enumerate(terms.levels):
        perks = level.benefits
        values |= {
            f"levels.{row}.code": level.code,
            f"levels.{row}.name": level.name,
            f"levels.{row}.entry": level.entry,
            f"levels.{row}.keep": level.keep,
            f"levels.{row}.discount_bp": decimal(perks.discount_bp, TENTH),
            f"levels.{row}.points_bp": decimal(perks.points_bp, WHOLE),
            f"levels.{row}.free_freight": "1" if perks.free_freight else "",
        }
    return Form.filled(values)


def rows(form: Form) -> int:
    """How many rows of levels the form has: one more than are filled in, for another level."""
    named = [row for row in range(LEVELS_MAX) if form.value(f"levels.{row}.name").strip()]
    return min(max(named, default=0) + 2, LEVELS_MAX)


def read(form: Form) -> TierTerms:
    """The rules that were sent. Raises `Invalid` with the fields as the form names them."""
    mode = Mode(form.choice("mode", MODES) if form.value("mode") in MODES else Mode.ROLLING)
    drop = form.choice("drop", DROPS)
    used = [row for row in range(LEVELS_MAX) if form.value(f"levels.{row}.name").strip()]
    taken = {form.value(f"levels.{row}.code") for row in used}
    terms = TierTerms(
        mode=mode,
        length=0 if mode is Mode.CALENDAR_YEAR else form.whole("length", least=1, most=DAYS_MAX),
        levels=tuple(_level(form, row, taken=taken) for row in used),
        grace_days=form.whole("grace_days", least=0, most=GRACE_MAX),
        drop=Drop(drop) if drop in DROPS else Drop.ONE_STEP,
        growth_per_yuan=form.whole("growth_per_yuan", least=0, most=PER_YUAN_MAX),
    )
    form.check()
    for field, messages in problems(terms).items():
        for message in messages:
            form.wrong(_field(field, used), message)
    form.check()
    return terms


def digest(terms: TierTerms) -> str:
    """The same for the same rules and for no others."""
    return hashlib.sha256(json.dumps(terms.to_json(), sort_keys=True).encode()).hexdigest()


def _field(field: str, used: list[int]) -> str:
    parts = field.split(".")
    return ".".join([parts[0], str(used[int(parts[1])]), parts[2]]) if len(parts) == 3 else field


def _level(form: Form, row: int, *, taken: set[str]) -> Level:
    code = form.value(f"levels.{row}.code")
    if not code:
        code = next(f"level{n}" for n in range(1, 2 * LEVELS_MAX + 1) if f"level{n}" not in taken)
        taken.add(code)
    return Level(
        code=code,
        name=form.text(f"levels.{row}.name", longest=NAME_MAX, needed=True),
        entry=form.whole(f"levels.{row}.entry", least=0, most=GROWTH_MAX),
        keep=form.whole(f"levels.{row}.keep", least=0, most=GROWTH_MAX),
        benefits=Benefits(
            discount_bp=_figure(form, f"levels.{row}.discount_bp", unit=TENTH, default=10),
            points_bp=_figure(form, f"levels.{row}.points_bp", unit=WHOLE, default=1),
            free_freight=form.ticked(f"levels.{row}.free_freight"),
        ),
    )


def _figure(form: Form, name: str, *, unit: int, default: int) -> int:
    """9.5 of 1000 -> 9500; an empty field is the default."""
    words = half_width(form.value(name)) or str(default)
    if not FIGURE.fullmatch(words):
        form.wrong(name, _("请填写数字，例如 9.5。"))
        return default * unit
    return int(Decimal(words) * unit)
