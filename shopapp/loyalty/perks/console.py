"""The merchant's reads: perks with whom they reach, the choices of a form, and one customer's perks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopapp.loyalty.cards import queries as cards
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons.content import CouponContent
from shopapp.loyalty.tiers import queries as tiers

from . import offers, queries, words
from .queries import GrantView, PerkRow
from .rules import GrantStatus, PerkContent, PerkKind

TAKEN_BACK = frozenset({GrantStatus.GRANTED, GrantStatus.RESERVED})


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A perk in the list: the rule as a sentence, how many people have it now, and its grants by status."""

    perk: PerkRow
    sentence: str
    reach: int
    grants: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a form offers: names by code of a tier, id of a plan, id of a coupon; how many people have each."""

    levels: Mapping[str, str]
    plans: Mapping[str, str]
    coupons: Mapping[str, CouponContent]
    members: Mapping[str, int]
    holders: Mapping[str, int]


def choices(*, now: datetime) -> Choices:
    return Choices(
        levels={level.code: level.name for level in tiers.terms_now().levels},
        plans={plan.id: plan.name for plan in cards.plans()},
        coupons=coupons.for_perks(),
        members=tiers.counts(),
        holders=cards.counts(now=now),
    )


def listing(*, now: datetime) -> list[Listed]:
    offered, counts, known = queries.perks(), queries.counts(), choices(now=now)
    wanted = {coupon_id for perk in offered for coupon_id, _pieces in perk.content.terms.coupons}
    contents = coupons.contents(public_ids=wanted)
    return [
        Listed(
            perk=perk,
            sentence=words.sentence(
                perk.content,
                whom=words.audience(perk.content, levels=known.levels, plans=known.plans),
                coupons=contents,
            ),
            reach=_reach(perk.content, known),
            grants=counts.get(perk.id, {}),
        )
        for perk in offered
    ]


def reach(content: PerkContent, *, now: datetime) -> int:
    """How many people are entitled to this now; who has both tier and card counts twice."""
    return _reach(content, choices(now=now))


def _reach(content: PerkContent, known: Choices) -> int:
    in_tiers = sum(known.members.get(code, 0) for code in content.tiers)
    return in_tiers + sum(known.holders.get(plan_id, 0) for plan_id in content.plans)


def of_customer(*, customer_id: int, now: datetime) -> dict[str, Any]:
    grants = queries.grants_of(customer_id=customer_id, now=now)
    known = coupons.contents(
        public_ids={coupon_id for grant in grants for coupon_id, _pieces in grant.terms.coupons}
    )
    return {
        "mine": offers.mine(customer_id=customer_id, now=now),
        "grants": [
            {
                "on": grant,
                "gives": words.gives(grant.terms, known),
                "period": words.period(grant.period),
                "status": words.STATUSES[grant.status],
                "open": grant.status in TAKEN_BACK,
            }
            for grant in grants
        ],
        "givable": [perk for perk in queries.perks(active=True) if perk.content.kind is not PerkKind.CONTACT],
        "cards": cards.cards_of(customer_id=customer_id),
        "plans": cards.plans(active=True),
    }


def grant_of(*, customer_id: int, grant_id: str, now: datetime) -> GrantView | None:
    """A grant, if it is this customer's."""
    mine = queries.grants_of(customer_id=customer_id, now=now)
    return next((grant for grant in mine if grant.id == grant_id), None)
