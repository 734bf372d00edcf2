"""The form of a perk: how it is filled, and what it says."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, half_width

from . import rules
from .rules import FIXED, Period, PerkContent, PerkKind, PerkTerms


def blank() -> Form:
    return Form.filled(
        {"period": Period.MONTH.value, "points_months": 12, "days_before": 3, "claim_days": "", "active": "1"}
    )


def filled(content: PerkContent) -> Form:
    terms = content.terms
    values: list[tuple[str, str]] = [
        ("name", content.name),
        ("how", content.how),
        ("period", content.period.value),
        ("points", str(terms.points or "")),
        ("points_months", str(terms.points_months)),
        ("worth", str(terms.worth) if terms.worth else ""),
        ("days_before", str(terms.days_before)),
        ("claim_days", str(terms.claim_days or "")),
        ("automatic", "1" if terms.automatic else ""),
        ("contact_name", terms.contact_name),
        ("contact_text", terms.contact_text),
        ("position", str(content.position)),
        ("active", "1" if content.active else ""),
        *(("tiers", code) for code in content.tiers),
        *(("plans", plan_id) for plan_id in content.plans),
    ]
    for number, (coupon_id, pieces) in enumerate(terms.coupons):
        values += [(f"coupon_{number}", coupon_id), (f"pieces_{number}", str(pieces))]
    return Form(MultiDict(values))


def content_in(form: Form, kind: PerkKind) -> PerkContent:
    """What the form says; wrong fields are noted in it. Fields of other kinds count as empty."""
    fixed = FIXED.get(kind)
    period = fixed or _period(form)
    return PerkContent(
        name=form.text("name", longest=rules.NAME_MAX, needed=True),
        how=form.text("how", longest=rules.HOW_MAX),
        kind=kind,
        period=period,
        tiers=tuple(form.values.getlist("tiers")),
        plans=tuple(form.values.getlist("plans")),
        position=_number(form, "position", most=rules.POSITION_MAX),
        active=form.ticked("active"),
        terms=_terms(form, kind),
    )


def _period(form: Form) -> Period:
    choices = {one.value: one for one in Period}
    return choices.get(form.choice("period", choices), Period.MONTH)


def _terms(form: Form, kind: PerkKind) -> PerkTerms:
    if kind is PerkKind.CONTACT:
        return PerkTerms(
            contact_name=form.text("contact_name", longest=rules.CONTACT_NAME_MAX, needed=True),
            contact_text=form.text("contact_text", longest=rules.CONTACT_TEXT_MAX, needed=True),
        )
    birthday = kind is PerkKind.BIRTHDAY_GIFT
    with_points = birthday or kind is PerkKind.POINTS
    return PerkTerms(
        points=_number(form, "points", most=rules.POINTS_MAX) if with_points else 0,
        points_months=_number(form, "points_months", most=rules.LIFE_MONTHS_MAX) if with_points else 12,
        worth=form.yuan("worth") if with_points and form.value("worth").strip() else PerkTerms().worth,
        coupons=_coupons(form) if kind is not PerkKind.POINTS else (),
        days_before=_number(form, "days_before", most=rules.DAYS_BEFORE_MAX) if birthday else 0,
        claim_days=_claim_days(form),
        automatic=form.ticked("automatic"),
    )


def _claim_days(form: Form) -> int | None:
    if not half_width(form.value("claim_days")):
        return None
    return form.whole("claim_days", least=1, most=rules.CLAIM_DAYS_MAX)


def _coupons(form: Form) -> tuple[tuple[str, int], ...]:
    found = []
    for number in range(rules.COUPONS_MAX):
        coupon_id = form.value(f"coupon_{number}")
        if coupon_id:
            pieces = form.value(f"pieces_{number}").strip() or "1"
            good = pieces.isascii() and pieces.isdigit() and 1 <= int(pieces[:4]) <= rules.PIECES_MAX
            if not good:
                form.wrong("coupons", _("张数须为 1 到 %(max)s。", max=rules.PIECES_MAX))
            found.append((coupon_id, int(pieces[:4]) if good else 1))
    return tuple(found)


def _number(form: Form, name: str, *, most: int) -> int:
    """An empty field is 0."""
    return form.whole(name, least=0, most=most) if form.value(name).strip() else 0
