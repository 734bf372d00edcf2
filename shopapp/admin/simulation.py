"""What a purchase would cost and bring: the rules of price, points and tiers put together. Reads only.

The same functions that quote and order are asked, so that what is shown is what would happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shopapp.kernel import preferences
from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons import console as coupons
from shopapp.loyalty.coupons import content
from shopapp.loyalty.coupons.rules import Candidate
from shopapp.loyalty.points import rules as point_rules
from shopapp.loyalty.points.rules import ONCE, EarnLine
from shopapp.loyalty.points.wording import factor_text
from shopapp.loyalty.tiers import outlook
from shopapp.loyalty.tiers.queries import TierView
from shopapp.loyalty.tiers.rules import History
from shopapp.members.identity.queries import CustomerRow
from shopapp.store.orders import breakdown, quotes
from shopapp.store.pricing import buyers
from shopapp.store.pricing import queries as pricing
from shopapp.store.pricing.buyers import Buyer, Purses
from shopapp.store.pricing.queries import Asked, Priced, Refusal
from shopapp.store.pricing.rules import Earning, QuotedLine


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A purchase that nobody makes: of `customer`, else of a member of `tier`, else of a guest.

    `items` are pieces by public id of the SKU, `coupon_ids` held coupons, `template` the id of a coupon on offer.
    """

    at: datetime
    customer: CustomerRow | None = None
    tier: TierView | None = None
    items: Sequence[tuple[str, int]] = ()
    coupon_ids: tuple[str, ...] = ()
    template: str = ""
    points: int = 0
    wallet: Money = ZERO
    region_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class SimulatedLine:
    """A line with each step that lowered it as {label, fen}, and in words by what it earns."""

    quoted: QuotedLine
    title: str
    specs: str
    steps: list[dict[str, Any]]
    factors: str


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The tier at `at`, when the time for returns is over if the goods were received at once: with and without them."""

    at: datetime
    days: int
    growth: int
    without: History
    with_it: History


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """`capped`: an upper limit of points made less of them. `outlook` is None for who is no member."""

    priced: Priced
    refusals: list[Refusal]
    lines: list[SimulatedLine]
    growth: int
    capped: bool
    earns: bool
    outlook: Outlook | None


def simulate(wish: Wish) -> Simulation:
    buyer, asked = _buyer(wish)
    priced = pricing.price_for(buyer=buyer, items=wish.items, region_code=wish.region_code, asked=asked)
    limits = quotes.limit_refusals(priced=priced, items=wish.items, customer_id=buyer.customer_id)
    earning = buyer.earning()
    growth = sum(line.growth for line in priced.quote.lines)
    return Simulation(
        priced=priced,
        refusals=[*priced.refusals, *limits],
        lines=[_line(line, priced, earning) for line in priced.quote.lines],
        growth=growth,
        capped=_capped(priced, earning),
        earns=earning is not None,
        outlook=_outlook(wish, growth=growth),
    )


def _buyer(wish: Wish) -> tuple[Buyer, Asked]:
    if wish.customer is not None:
        buyer = buyers.known(
            customer_id=wish.customer.id,
            is_member=wish.customer.is_member,
            asked_coupons=wish.coupon_ids,
            now=wish.at,
        )
    elif wish.tier is not None:
        purses = Purses(points=wish.points, wallet=wish.wallet)
        buyer = buyers.made_up(tier=wish.tier, purses=purses, now=wish.at)
    else:
        buyer = Buyer(customer_id=None, now=wish.at)
    asked = Asked(coupon_ids=wish.coupon_ids, points=wish.points, wallet=wish.wallet)
    given = _given(wish)
    if given is None:
        return buyer, asked
    return (
        replace(buyer, coupons=(*buyer.coupons, given)),
        replace(asked, coupon_ids=(*asked.coupon_ids, given.id)),
    )


def _given(wish: Wish) -> Candidate | None:
    """The coupon on offer as somebody would hold it who got it at that moment."""
    row = coupons.offered(public_id=wish.template) if wish.template else None
    if row is None:
        return None
    first, end = content.validity(
        valid_from=row.content.valid_from,
        valid_until=row.content.valid_until,
        valid_days=row.content.valid_days,
        now=wish.at,
    )
    return Candidate(id=row.id, terms=row.content.terms, valid_from=first, valid_until=end)


def _line(line: QuotedLine, priced: Priced, earning: Earning | None) -> SimulatedLine:
    sku = priced.skus[line.sku_id]
    taken = [{"kind": one.kind, "fen": one.amount.fen, "note": one.note} for one in line.reductions]
    return SimulatedLine(
        quoted=line,
        title=sku.title,
        specs=sku.specs_text,
        steps=breakdown.of_line(taken),
        factors="" if earning is None else _factors(line, priced, earning),
    )


def _earn_line(line: QuotedLine, priced: Priced) -> EarnLine:
    sku = priced.skus[line.sku_id]
    return EarnLine(
        key=line.sku_id,
        product_id=sku.product_public_id,
        category_ids=frozenset(sku.category_ids),
        pay=line.pay,
    )


def _factors(line: QuotedLine, priced: Priced, earning: Earning) -> str:
    """100 分 / 100 元 × 1.5 × 等级 1.2"""
    of_day = earning.terms.factors_of_day(earning.day, birthday_month=earning.birthday_month)
    factor = point_rules.factor_of(_earn_line(line, priced), earning.terms, of_day=of_day)
    if not factor:
        return _("这个分类不积分")
    told = [_("每 100 元 %(n)s 分", n=earning.terms.per_hundred_yuan)]
    if factor != ONCE:
        told.append(_("分类或日子 ×%(factor)s", factor=factor_text(factor)))
    if earning.tier_bp != ONCE:
        told.append(_("等级 ×%(factor)s", factor=factor_text(earning.tier_bp)))
    return _("，").join(told)


def _capped(priced: Priced, earning: Earning | None) -> bool:
    if earning is None:
        return False
    unbounded = point_rules.award(
        lines=[_earn_line(line, priced) for line in priced.quote.lines],
        terms=replace(earning.terms, most_per_order=None),
        tier_bp=earning.tier_bp,
        day=earning.day,
        birthday_month=earning.birthday_month,
        left_today=None,
    )
    return priced.quote.points_to_earn < sum(unbounded)


def _outlook(wish: Wish, *, growth: int) -> Outlook | None:
    days: int = preferences.read("orders.aftersales_days")
    at = wish.at + timedelta(days=days)
    if wish.customer is not None:
        without = outlook.of_member(customer_id=wish.customer.id, growth=0, at=at)
        with_it = outlook.of_member(customer_id=wish.customer.id, growth=growth, at=at)
        if without is None or with_it is None:
            return None
    elif wish.tier is not None:
        code = wish.tier.code
        without = outlook.of_newcomer(code=code, growth=0, since=wish.at, at=at)
        with_it = outlook.of_newcomer(code=code, growth=growth, since=wish.at, at=at)
    else:
        return None
    return Outlook(at=at, days=days, growth=growth, without=without, with_it=with_it)
