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
from shopapp.members.identity.queries import SignedIn
from shopapp.store.catalogue.queries import SellableSku

from . import buyers, queries, rules
from .rules import Quote


@dataclass(frozen=True, kw_only=True)
class CouponChoice:
    """A coupon that somebody holds, and what it does for these goods or why it does nothing."""

    coupon: Holding
    does: Effect | Refusal


@dataclass(frozen=True, kw_only=True)
class PointsChoice:
    """`most` points can be used and are worth `worth`; `available` are there."""

    available: int
    most: int
    worth: Money


def coupon_choices(
    *, bought: Sequence[tuple[SellableSku, int]], customer: SignedIn, now: datetime
) -> tuple[list[CouponChoice], list[str]]:
    """All coupons that are valid now, those that do something first, and the ids of the best ones."""
    held = coupons.usable(customer_id=customer.customer_id, now=now)
    if not held or not bought:
        return [], []
    buyer = buyers.of(customer=customer, asked_coupons=(), now=now)
    lines = rules.lines_for_coupons([queries.wanted(sku, pieces, buyer=buyer) for sku, pieces in bought])
    terms = queries.freight_terms()
    goods = Money.total(line.amount for line in lines)

    def freight(reduction: Money) -> Money:
        return ZERO if buyer.free_freight else rules.freight_for(goods=goods - reduction, terms=terms)

    choices = _choices(held, lines=lines, freight=freight, now=now)
    can = [one.coupon.candidate for one in choices if isinstance(one.does, Effect)]
    best = coupon_rules.best(candidates=can, lines=lines, freight=freight, now=now)
    return choices, best.ids


def _choices(
    held: Sequence[Holding], *, lines: Sequence[Line], freight: Callable[[Money], Money], now: datetime
) -> list[CouponChoice]:
    gifts = queries.gifts_of(one.candidate.terms for one in held)
    does = {
        one.id: coupon_rules.effect(candidate=one, lines=lines, now=now)
        for one in (holding.candidate for holding in held)
    }
    most = max((one.reduction for one in does.values() if isinstance(one, Effect)), default=ZERO)

    def looked_at(found: Effect | Refusal) -> Effect | Refusal:
        if isinstance(found, Effect) and found.gift_sku_id is not None and found.gift_sku_id not in gifts:
            return rules.gift_gone()
        if isinstance(found, Effect) and found.free_freight and not freight(most):
            return rules.freight_is_free()
        return found

    choices = [CouponChoice(coupon=one, does=looked_at(does[one.candidate.id])) for one in held]
    return sorted(choices, key=lambda one: isinstance(one.does, Refusal))


def points_choice(*, quote: Quote, customer: SignedIn, now: datetime) -> PointsChoice | None:
    """What points could do for a purchase that is quoted without them; None for who has none."""
    buyer = buyers.of(customer=customer, asked_coupons=(), now=now)
    available = buyer.points()
    if not available or buyer.redeem is None:
        return None
    most = point_rules.most_points(available=available, goods=quote.goods, terms=buyer.redeem)
    return PointsChoice(
        available=available, most=most, worth=point_rules.worth(most, buyer.redeem) if most else ZERO
    )


def wallet_balance(*, customer: SignedIn, now: datetime) -> Money:
    """What is in the wallet and can be used."""
    return buyers.of(customer=customer, asked_coupons=(), now=now).wallet()
