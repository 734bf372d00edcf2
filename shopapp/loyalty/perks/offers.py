"""What one person's membership gives: their tier and cards, each perk with where it stands, and what the next tier adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopapp.loyalty.cards import queries as cards
from shopapp.loyalty.cards.queries import Held
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons.content import CouponContent
from shopapp.loyalty.tiers import queries as tiers
from shopapp.loyalty.tiers.queries import TierView
from shopapp.loyalty.tiers.terms import Benefits

from . import queries, words
from .queries import GrantView, PerkRow, Saved
from .rules import GrantStatus, Period, PerkKind

TAKABLE = frozenset({GrantStatus.GRANTED, GrantStatus.RESERVED})


@dataclass(frozen=True, kw_only=True)
class MyPerk:
    """A perk as its owner sees it. `id` is None for what the tier itself gives, which is never granted or taken."""

    id: str | None
    kind: PerkKind
    name: str
    gives: str
    how: str
    period: Period | None
    state: str
    can_redeem: bool
    grant: GrantView | None
    contact_name: str
    contact_text: str


@dataclass(frozen=True, kw_only=True)
class NextTier:
    """The level above, how much growth it takes, and what it adds."""

    name: str
    missing: int
    perks: Sequence[MyPerk]


@dataclass(frozen=True, kw_only=True)
class Mine:
    """All that somebody's membership gives; `tier` is None for who is no member.

    `left` was granted by what they had before and can still be taken.
    """

    tier: TierView | None
    perks: Sequence[MyPerk]
    left: Sequence[MyPerk]
    next: NextTier | None
    cards: Sequence[Held]
    saved: Saved


def mine(*, customer_id: int, now: datetime) -> Mine:
    tier = tiers.tier_of(customer_id=customer_id, now=now)
    held = cards.held(customer_id=customer_id, now=now)
    grants = _shown_grants(queries.grants_of(customer_id=customer_id, now=now))
    offered = queries.perks()
    known = coupons.contents(
        public_ids={coupon_id for perk in offered for coupon_id, _pieces in perk.content.terms.coupons}
    )
    plans = {one.plan_id for one in held}
    own = [perk for perk in offered if _has(perk, tier, plans)]
    left = [perk for perk in offered if perk not in own and _waits(grants.get(perk.id))]
    return Mine(
        tier=tier,
        perks=[
            *(_benefits(tier.benefits) if tier is not None else ()),
            *(_shown(perk, grants.get(perk.id), known) for perk in own),
        ],
        left=[_shown(perk, grants.get(perk.id), known) for perk in left],
        next=_next(customer_id, tier, offered, [*own, *left], known, now=now),
        cards=held,
        saved=queries.saved(customer_id=customer_id, now=now),
    )


def _has(perk: PerkRow, tier: TierView | None, plans: set[str]) -> bool:
    content = perk.content
    in_tier = tier is not None and tier.code in content.tiers
    return content.active and (in_tier or not plans.isdisjoint(content.plans))


def _waits(grant: GrantView | None) -> bool:
    return grant is not None and grant.status in TAKABLE


def _shown_grants(grants: Iterable[GrantView]) -> dict[str, GrantView]:
    """The grant to show of each perk: what can be taken and ends first, else the latest."""
    found: dict[str, GrantView] = {}
    for grant in grants:
        before = found.get(grant.perk_id)
        if before is None or (_waits(grant) and (not _waits(before) or _ends_before(grant, before))):
            found[grant.perk_id] = grant
    return found


def _ends_before(grant: GrantView, other: GrantView) -> bool:
    if grant.valid_until is None:
        return False
    return other.valid_until is None or grant.valid_until < other.valid_until


def _shown(perk: PerkRow, grant: GrantView | None, known: Mapping[str, CouponContent]) -> MyPerk:
    content = perk.content
    waits = grant is not None and grant.status is GrantStatus.GRANTED
    terms = grant.terms if grant is not None and waits else content.terms
    return MyPerk(
        id=perk.id,
        kind=content.kind,
        name=content.name,
        gives=words.gives(terms, known),
        how=words.how(content),
        period=content.period,
        state=words.state(grant),
        can_redeem=waits,
        grant=grant,
        contact_name=terms.contact_name,
        contact_text=terms.contact_text,
    )


def _benefits(given: Benefits) -> list[MyPerk]:
    return [
        MyPerk(
            id=None,
            kind=kind,
            name=str(words.KINDS[kind]),
            gives=gives,
            how=str(words.BENEFIT_HOWS[kind]),
            period=None,
            state="",
            can_redeem=False,
            grant=None,
            contact_name="",
            contact_text="",
        )
        for kind, gives in words.benefits(given).items()
    ]


def _next(
    customer_id: int,
    tier: TierView | None,
    offered: Sequence[PerkRow],
    own: Sequence[PerkRow],
    known: Mapping[str, CouponContent],
    *,
    now: datetime,
) -> NextTier | None:
    history = tiers.history_of(customer_id=customer_id, now=now)
    if tier is None or history is None or history.next is None:
        return None
    level = history.next.level
    have = {(one.kind, one.gives) for one in _benefits(tier.benefits)}
    mine = {perk.id for perk in own}
    return NextTier(
        name=level.name,
        missing=history.next.missing,
        perks=[
            *(one for one in _benefits(level.benefits) if (one.kind, one.gives) not in have),
            *(
                _shown(perk, None, known)
                for perk in offered
                if perk.id not in mine and perk.content.active and level.code in perk.content.tiers
            ),
        ],
    )


def summary(*, customer_id: int, now: datetime) -> dict[str, Any]:
    """For the person's own page: how many perks wait to be taken, and what membership has saved, in fen."""
    return {
        "url": "/me/perks",
        "waiting": queries.count_waiting(customer_id=customer_id, now=now),
        "saved_fen": queries.saved(customer_id=customer_id, now=now).total.fen,
    }
