"""What the merchant writes: perks. All inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shopapp.kernel import audit
from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.loyalty.cards import queries as cards
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.tiers import queries as tiers

from . import queries
from .models import Perk
from .rules import PerkContent, problems

OWN = ("name", "how", "kind", "period", "position", "active")


def create(*, content: PerkContent, now: datetime) -> Perk:
    """Promise a perk from now on; the next run grants it. Raises `Invalid`."""
    _check(content)
    perk = Perk(created_at=now)
    _fill(perk, content)
    db.session.add(perk)
    db.session.flush()
    audit.record(
        action="perk.create", subject_kind="perk", subject_id=perk.public_id, changes={"perk": _kept(content)}
    )
    return perk


def change(*, public_id: str, content: PerkContent, now: datetime) -> Perk:
    """Write a perk anew. What was granted keeps its terms; its kind and period stay, which the grants rest on.

    One that is put in force again begins now: what periods it rested for are not granted. Raises `NotFound`, `Invalid`.
    """
    wanted = select(Perk).where(Perk.public_id == public_id).with_for_update()
    perk = found(db.session.scalar(wanted.execution_options(populate_existing=True)))
    _check(content)
    if (perk.kind, perk.period) != (content.kind, content.period):
        raise Invalid({"kind": [_("种类和周期不能再改。请停用这一项，另建一项。")]})
    before = queries.content_of(perk)
    if content.active and not perk.active:
        perk.granted_through = now
    _fill(perk, content)
    db.session.flush()
    old, new = _kept(before), _kept(content)
    audit.record(
        action="perk.update",
        subject_kind="perk",
        subject_id=public_id,
        changes={name: [old[name], new[name]] for name in new if old[name] != new[name]},
    )
    return perk


def _fill(perk: Perk, content: PerkContent) -> None:
    for name in OWN:
        setattr(perk, name, getattr(content, name))
    perk.terms = content.terms.dump()
    perk.tiers, perk.plans = list(content.tiers), list(content.plans)


def _kept(content: PerkContent) -> dict[str, Any]:
    return {
        **{name: getattr(content, name) for name in OWN},
        "terms": content.terms.dump(),
        "tiers": list(content.tiers),
        "plans": list(content.plans),
    }


def _check(content: PerkContent) -> None:
    wrong = problems(content)
    levels = {level.code for level in tiers.terms_now().levels}
    _check_known(content.tiers, levels, "tiers", _("没有这个等级：%(ids)s"), wrong)
    _check_known(
        content.plans, {plan.id for plan in cards.plans()}, "plans", _("没有这种会员卡：%(ids)s"), wrong
    )
    wanted = [coupon_id for coupon_id, _pieces in content.terms.coupons]
    _check_known(
        wanted, set(coupons.for_perks()), "coupons", _("没有这张可以作为会员权益发的优惠券：%(ids)s"), wrong
    )
    if wrong:
        raise Invalid(wrong)


def _check_known(
    wanted: Collection[str], known: set[str], field: str, words: str, wrong: dict[str, list[str]]
) -> None:
    odd = [one for one in wanted if one not in known]
    if odd:
        wrong.setdefault(field, []).append(words % {"ids": "、".join(odd[:3])})
