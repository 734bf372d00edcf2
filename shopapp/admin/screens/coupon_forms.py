"""The form of a coupon: what was written into it, and what a coupon looks like in it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.screens import Form, first_day, half_width, last_day
from shopapp.loyalty.coupons import words
from shopapp.loyalty.coupons.content import (
    COUNT_MAX,
    DAYS_MAX,
    NAME_MAX,
    PUBLIC_ID,
    CouponContent,
    Giving,
    Moment,
    Period,
)
from shopapp.loyalty.coupons.rules import CouponKind, CouponTerms, Scope

BY_DAYS, BY_DATES = "days", "dates"
ZHE = re.compile(r"[0-9](\.[0-9]{1,2})?")
BP_OF_ZHE = 1000
WITH_VALUE = (CouponKind.AMOUNT, CouponKind.EXCHANGE)
WITH_SKU = (CouponKind.GIFT, CouponKind.EXCHANGE)
# What the rules call a field, where the form has another name for it.
FORM_NAMES = {"basis_points": "zhe", "scope_ids": "scope"}


def empty_form() -> Form:
    """A new coupon: amount off, in the coupon centre, one a person, 30 days."""
    return Form.filled(
        {
            "kind": CouponKind.AMOUNT.value,
            "scope": Scope.ALL.value,
            "with_tier_price": "1",
            "giving": Giving.CLAIM.value,
            "per_person": "1",
            "validity": BY_DAYS,
            "valid_days": "30",
        }
    )


def filled_form(content: CouponContent) -> Form:
    terms = content.terms
    form = Form.filled(
        {
            "name": terms.name,
            "kind": terms.kind.value,
            "minimum": words.yuan(terms.minimum) if terms.minimum else "",
            "value": words.yuan(terms.value) if terms.kind in WITH_VALUE else "",
            "zhe": f"{terms.basis_points / BP_OF_ZHE:g}" if terms.kind is CouponKind.PERCENT else "",
            "cap": words.yuan(terms.cap) if terms.cap else "",
            "sku_id": terms.sku_id or "",
            "scope": terms.scope.value,
            "excludes": "1" if terms.excludes else "",
            "products": "\n".join(terms.scope_ids) if terms.scope is Scope.PRODUCTS else "",
            "with_tier_price": "1" if terms.with_tier_price else "",
            "giving": content.giving.value,
            "moment": content.moment.value if content.moment else "",
            "stock": content.stock,
            "per_person": content.per_person,
            "per_period": content.per_period,
            "period": content.period.value if content.period else "",
            "claim_from": first_day(content.claim_from),
            "claim_until": last_day(content.claim_until),
            "validity": BY_DATES if content.valid_days is None else BY_DAYS,
            "valid_from": first_day(content.valid_from),
            "valid_until": last_day(content.valid_until),
            "valid_days": content.valid_days,
        }
    )
    if terms.scope is Scope.CATEGORIES:
        form.values.setlist("category", list(terms.scope_ids))
    return form


def read(form: Form, *, was: CouponContent | None) -> CouponContent:
    """What the form says; what could not be read is noted in it. Days that were not touched keep the time of day that
    `was` had."""
    by_days = form.value("validity") != BY_DATES
    giving = _choice(form, "giving", Giving)
    pushed = giving is Giving.PUSH
    return CouponContent(
        terms=_terms(form),
        giving=giving,
        moment=_choice(form, "moment", Moment) if pushed else None,
        stock=_count(form, "stock"),
        per_person=_count(form, "per_person"),
        per_period=_count(form, "per_period"),
        period=_choice(form, "period", Period) if form.value("per_period").strip() else None,
        claim_from=form.day("claim_from", before=was.claim_from if was else None),
        claim_until=form.day("claim_until", before=was.claim_until if was else None, last=True),
        valid_from=None if by_days else form.day("valid_from", before=was.valid_from if was else None),
        valid_until=None
        if by_days
        else form.day("valid_until", before=was.valid_until if was else None, last=True),
        valid_days=form.whole("valid_days", least=1, most=DAYS_MAX) if by_days else None,
    )


def in_form(wrong: dict[str, Any]) -> dict[str, Any]:
    """The fields that the rules found wrong, by their names in the form."""
    return {FORM_NAMES.get(name, name): messages for name, messages in wrong.items()}


def _terms(form: Form) -> CouponTerms:
    kind = _choice(form, "kind", CouponKind)
    scope = _choice(form, "scope", Scope)
    return CouponTerms(
        name=form.text("name", longest=NAME_MAX, needed=True),
        kind=kind,
        value=_yuan(form, "value") if kind in WITH_VALUE else ZERO,
        basis_points=_zhe(form) if kind is CouponKind.PERCENT else CouponTerms.basis_points,
        cap=_yuan(form, "cap") or None if kind is CouponKind.PERCENT else None,
        sku_id=form.value("sku_id").strip() or None if kind in WITH_SKU else None,
        minimum=_yuan(form, "minimum"),
        scope=scope,
        scope_ids=_scope_ids(form, scope),
        excludes=form.ticked("excludes") and scope is not Scope.ALL,
        with_tier_price=form.ticked("with_tier_price"),
    )


def _scope_ids(form: Form, scope: Scope) -> tuple[str, ...]:
    """Categories are ticked; products stand one a line, as their id or their address in the shop."""
    if scope is Scope.CATEGORIES:
        return tuple(dict.fromkeys(form.values.getlist("category")))
    if scope is Scope.ALL:
        return ()
    lines = (line.strip().rstrip("/").rpartition("/p/")[2] for line in form.value("products").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _yuan(form: Form, name: str) -> Money:
    return form.yuan(name) if form.value(name).strip() else ZERO


def _zhe(form: Form) -> int:
    """8.5 -> 8500"""
    text = half_width(form.value("zhe"))
    if not ZHE.fullmatch(text):
        form.wrong("zhe", _("请填写几折，例如 8.5。"))
        return CouponTerms.basis_points
    return int(Decimal(text) * BP_OF_ZHE)


def _count(form: Form, name: str) -> int | None:
    return form.whole(name, least=1, most=COUNT_MAX) if form.value(name).strip() else None


def _choice(form: Form, name: str, kinds: Any) -> Any:
    """The member that was chosen; the first one stands in for a wrong one."""
    chosen = form.choice(name, [one.value for one in kinds])
    return next((one for one in kinds if one.value == chosen), next(iter(kinds)))


def like_ids(text: str) -> list[str]:
    """What a person pasted, by blanks, commas or lines; only what can be an id, and the rest as it is for the answer."""
    return [part for part in re.split(r"[\s,，、;；]+", text) if part]


def is_id(text: str) -> bool:
    return PUBLIC_ID.fullmatch(text) is not None
