"""Who buys, as far as the price goes: tier, coupons, balances, and what the purchase earns. Somebody who is known, a
guest, or a member who was made up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shopapp.kernel.clock import SHOP_ZONE, shop_day
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons.content import CouponStatus
from shopapp.loyalty.coupons.rules import Candidate
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.points import queries as points
from shopapp.loyalty.points.rules import PointsTerms, RedeemTerms
from shopapp.loyalty.tiers import queries as tiers
from shopapp.loyalty.tiers.queries import TierView
from shopapp.members.identity.members import member_of
from shopapp.members.identity.queries import SignedIn
from shopapp.store.catalogue.tier_prices import WHOLE_BP, price_at

from .rules import Earning


@dataclass(frozen=True, kw_only=True)
class Purses:
    """What a buyer who was made up has."""

    points: int = 0
    wallet: Money = ZERO


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """`customer_id` is None for a guest, `tier` and `terms` for who is no member: they pay list prices and earn nothing.

    `purses` is there for who was made up and has no account.
    """

    customer_id: int | None
    now: datetime
    coupons: tuple[Candidate, ...] = ()
    tier: TierView | None = None
    terms: PointsTerms | None = None
    purses: Purses | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is more to the price than that of the list."""
        return self.customer_id is not None or self.terms is not None or bool(self.coupons)

    @property
    def tier_name(self) -> str:
        return self.tier.name if self.tier else ""

    @property
    def free_freight(self) -> bool:
        return self.tier is not None and self.tier.benefits.free_freight

    @property
    def redeem(self) -> RedeemTerms | None:
        return self.terms.redeem if self.terms else None

    def tier_price(self, price: Money) -> Money | None:
        """The published price of this tier for one piece."""
        if self.tier is None:
            return None
        return price_at(price, discount_bp=self.tier.benefits.discount_bp)

    def points(self) -> int:
        """Points that can be used now; a guest and who is no member have none."""
        if self.purses is not None:
            return self.purses.points
        return self._available(Unit.POINTS) if self.terms else 0

    def wallet(self) -> Money:
        """Money in the wallet that can be used now."""
        if self.purses is not None:
            return self.purses.wallet
        return Money(self._available(Unit.PRINCIPAL) + self._available(Unit.GIFT)) if self.terms else ZERO

    def _available(self, unit: Unit) -> int:
        if self.customer_id is None:
            return 0
        own = purse(customer_id=self.customer_id, unit=unit)
        return ledger.balance(purse=own, now=self.now).available

    def earning(self) -> Earning | None:
        """By what this buyer earns; None for who is no member."""
        if self.terms is None:
            return None
        return Earning(
            terms=self.terms.earn,
            tier_bp=self.tier.benefits.points_bp if self.tier else WHOLE_BP,
            day=shop_day(self.now),
            birthday_month=self._is_birthday_month(),
            left_today=self._left_to_earn(self.terms),
            growth_per_yuan=tiers.terms_now().growth_per_yuan,
        )

    def _is_birthday_month(self) -> bool:
        member = None if self.customer_id is None else member_of(self.customer_id)
        birthday = member.birthday if member else None
        return birthday is not None and birthday.month == self.now.astimezone(SHOP_ZONE).month

    def _left_to_earn(self, terms: PointsTerms) -> int | None:
        if self.customer_id is None:
            caps = (terms.earn.most_per_day, terms.earn.most_per_month)
            return min((cap for cap in caps if cap is not None), default=None)
        return points.left_to_earn(customer_id=self.customer_id, terms=terms, now=self.now)


def of(*, customer: SignedIn | None, asked_coupons: Sequence[str], now: datetime) -> Buyer:
    """The buyer with those of the asked coupons that are theirs and can be used."""
    if customer is None:
        return Buyer(customer_id=None, now=now)
    return known(
        customer_id=customer.customer_id,
        is_member=customer.is_member,
        asked_coupons=asked_coupons,
        now=now,
    )


def known(*, customer_id: int, is_member: bool, asked_coupons: Sequence[str], now: datetime) -> Buyer:
    """Like `of`, for a customer by row id."""
    return Buyer(
        customer_id=customer_id,
        now=now,
        coupons=tuple(_held(customer_id, asked_coupons, now=now)),
        tier=tiers.tier_of(customer_id=customer_id, now=now) if is_member else None,
        terms=points.terms(now) if is_member else None,
    )


def made_up(*, tier: TierView, purses: Purses, now: datetime) -> Buyer:
    """A member of this tier who has nothing but what is in these purses, and earned nothing today."""
    return Buyer(customer_id=None, now=now, tier=tier, terms=points.terms(now), purses=purses)


def _held(customer_id: int, coupon_ids: Sequence[str], *, now: datetime) -> Iterator[Candidate]:
    for coupon_id in dict.fromkeys(coupon_ids):
        held = coupons.holding(public_id=coupon_id, customer_id=customer_id, now=now)
        if held is not None and held.status is CouponStatus.AVAILABLE:
            yield held.candidate
