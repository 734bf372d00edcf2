"""What a customer can use for a purchase beside money: coupons that fit, points, the wallet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons import rules as coupon_rules
from shopapp.loyalty.coupons.queries import Holding
from shopapp.loyalty.coupons.rules import Effect, Line, Refusal
from shopapp.loyalty.points import rules as point_rules
from shopapp.loyalty.points.rules import RedeemTerms
from shopapp.members.identity.queries import SignedIn
from shopapp.store.catalogue.queries import SellableSku

from . import buyers, queries, rules
from .rules import Quote


@dataclass(frozen=True, kw_only=True)
class CouponChoice:
    """A coupon that somebody holds, and what it does for these goods or why it does nothing.

    `freight` is by how much it changes what freight costs, below zero for less; `best` if it is among those to suggest.
    """

    coupon: Holding
    does: Effect | Refusal
    freight: Money = ZERO
    best: bool = False

    @property
    def saves(self) -> Money:
        """What the order costs less with it alone; below zero if freight costs more than it takes off."""
        return self.does.reduction - self.freight if isinstance(self.does, Effect) else ZERO


@dataclass(frozen=True, kw_only=True)
class PointsChoice:
    """`most` points can be used, in steps of the `terms`; `available` are there."""

    available: int
    most: int
    terms: RedeemTerms

    def worth(self, points: int) -> Money:
        """What so many points take off."""
        return point_rules.worth(points, self.terms)

    def nearest(self, wanted: int) -> int:
        """The most that can be used of what somebody asks for."""
        points = min(max(wanted, 0), self.most)
        return points - points % self.terms.step


def coupon_choices(
    *, bought: Sequence[tuple[SellableSku, int]], customer: SignedIn, now: datetime
) -> tuple[list[CouponChoice], list[str]]:
    """All coupons that are valid now, the best ones first, then those that save most, and the ids of the best ones."""
    held = coupons.usable(customer_id=customer.customer_id, now=now)
    if not held or not bought:
        return [], []
    buyer = buyers.of(customer=customer, asked_coupons=(), now=now)
    lines = rules.lines_for_coupons([queries.wanted(sku, pieces, buyer=buyer) for sku, pieces in bought])
    terms = queries.freight_terms()
    goods = Money.total(line.amount for line in lines)

    def freight(reduction: Money) -> Money:
        return ZERO if buyer.free_freight else rules.freight_for(goods=goods - reduction, terms=terms)

    found = _effects(held, lines=lines, freight=freight, now=now)
    can = [one.candidate for one in held if isinstance(found[one.id], Effect)]
    best = coupon_rules.best(candidates=can, lines=lines, freight=freight, now=now)

    def choice(one: Holding) -> CouponChoice:
        does = found[one.id]
        if isinstance(does, Refusal):
            return CouponChoice(coupon=one, does=does)
        after = ZERO if does.free_freight else freight(does.reduction)
        return CouponChoice(coupon=one, does=does, freight=after - freight(ZERO), best=one.id in best.ids)

    choices = [choice(one) for one in held]
    return sorted(
        choices, key=lambda one: (isinstance(one.does, Refusal), not one.best, -one.saves.fen)
    ), best.ids


def _effects(
    held: Sequence[Holding], *, lines: Sequence[Line], freight: Callable[[Money], Money], now: datetime
) -> dict[str, Effect | Refusal]:
    """What each coupon does; a gift that is gone and freight that costs nothing anyway are no effect."""
    gifts = queries.gifts_of(
        (one.candidate.terms for one in held), bought={line.sku_id: line.quantity for line in lines}
    )
    does = {one.id: coupon_rules.effect(candidate=one.candidate, lines=lines, now=now) for one in held}
    most = max((one.reduction for one in does.values() if isinstance(one, Effect)), default=ZERO)

    def looked_at(found: Effect | Refusal) -> Effect | Refusal:
        if isinstance(found, Effect) and found.gift_sku_id is not None and found.gift_sku_id not in gifts:
            return rules.gift_gone()
        if isinstance(found, Effect) and found.free_freight and not freight(most):
            return rules.freight_is_free()
        return found

    return {coupon_id: looked_at(one) for coupon_id, one in does.items()}


def points_choice(*, quote: Quote, customer: SignedIn, now: datetime) -> PointsChoice | None:
    """What points could do for a purchase that is quoted without them; None for who has none."""
    buyer = buyers.of(customer=customer, asked_coupons=(), now=now)
    available = buyer.points()
    if not available or buyer.redeem is None:
        return None
    most = point_rules.most_points(available=available, goods=quote.goods, terms=buyer.redeem)
    return PointsChoice(available=available, most=most, terms=buyer.redeem)


def wallet_balance(*, customer: SignedIn, now: datetime) -> Money:
    """What is in the wallet and can be used."""
    return buyers.of(customer=customer, asked_coupons=(), now=now).wallet()
