"""Published tier prices: what a piece costs to who looks, or to every member where a guest does."""

from __future__ import annotations

from dataclasses import dataclass

from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.loyalty.tiers import queries as tiers

WHOLE_BP = 10_000


@dataclass(frozen=True, kw_only=True)
class TierPrice:
    """The terms of one tier: `own` if it is the viewer's, else that which everybody gets who joins."""

    name: str
    discount_bp: int
    own: bool

    def of(self, price: Money) -> Money | None:
        """The tier's price of one piece; None where it is not lower."""
        lower = price_at(price, discount_bp=self.discount_bp)
        return lower if lower < price else None


def price_at(price: Money, *, discount_bp: int) -> Money:
    """To the customer's favour where it does not come out even."""
    return Money(price.fen * min(discount_bp, WHOLE_BP) // WHOLE_BP)


def tier_price(tier: str | None) -> TierPrice:
    """By the code of the viewer's tier; None, or a code that is no more, stands for a guest."""
    terms = tiers.terms_now()
    level = terms.level(tier) if tier is not None else None
    if level is None:
        level = terms.levels[0]
        return TierPrice(name=_("会员价"), discount_bp=level.benefits.discount_bp, own=False)
    return TierPrice(name=level.name, discount_bp=level.benefits.discount_bp, own=True)
