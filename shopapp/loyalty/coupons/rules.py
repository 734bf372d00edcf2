"""What a coupon takes off which goods: pure decisions over amounts that earlier steps of the price have already lowered.

An order takes at most one goods coupon (amount, percent, gift or exchange) and one free-freight coupon beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money

WHOLE_BP = 10_000


class CouponKind(StrEnum):
    AMOUNT = "amount"
    PERCENT = "percent"
    FREE_FREIGHT = "free_freight"
    GIFT = "gift"
    EXCHANGE = "exchange"


class Scope(StrEnum):
    ALL = "all"
    PRODUCTS = "products"
    CATEGORIES = "categories"


class Slot(StrEnum):
    """The two places of an order in which a coupon can stand."""

    GOODS = "goods"
    FREIGHT = "freight"


class Reason(StrEnum):
    """Why a coupon does nothing here."""

    NOT_YET = "not_yet"
    EXPIRED = "expired"
    NO_GOODS = "no_goods"
    TIER_PRICE = "tier_price"
    BELOW_MINIMUM = "below_minimum"
    GOODS_MISSING = "goods_missing"
    NOTHING_TO_REDUCE = "nothing_to_reduce"
    GIFT_GONE = "gift_gone"
    FREIGHT_IS_FREE = "freight_is_free"


@dataclass(frozen=True, kw_only=True)
class CouponTerms:
    """What a coupon promises; whoever holds one keeps the terms of the moment it was given.

    `value`: taken off (amount), or what the one piece then costs (exchange). `basis_points`: what remains to be paid of
    10,000 (percent), with `cap` the most taken off. `sku_id`: the public id of what is given (gift) or exchanged.
    `minimum`: what the eligible goods must come to. `scope_ids`: public ids of products or categories; with `excludes` all
    goods but those. `with_tier_price`: whether goods already at a member price are eligible.
    """

    name: str
    kind: CouponKind
    value: Money = ZERO
    basis_points: int = WHOLE_BP
    cap: Money | None = None
    sku_id: str | None = None
    minimum: Money = ZERO
    scope: Scope = Scope.ALL
    scope_ids: tuple[str, ...] = ()
    excludes: bool = False
    with_tier_price: bool = True

    @property
    def slot(self) -> Slot:
        return Slot.FREIGHT if self.kind is CouponKind.FREE_FREIGHT else Slot.GOODS

    def dump(self) -> dict[str, Any]:
        """As kept in JSON: money in fen, enumerations by their value."""
        return {
            **asdict(self),
            "kind": self.kind.value,
            "scope": self.scope.value,
            "value": self.value.fen,
            "cap": None if self.cap is None else self.cap.fen,
            "minimum": self.minimum.fen,
            "scope_ids": list(self.scope_ids),
        }

    @classmethod
    def load(cls, kept: dict[str, Any]) -> CouponTerms:
        """The terms again from what `dump` gave."""
        return cls(
            **{
                **kept,
                "kind": CouponKind(kept["kind"]),
                "scope": Scope(kept["scope"]),
                "value": Money(kept["value"]),
                "cap": None if kept["cap"] is None else Money(kept["cap"]),
                "minimum": Money(kept["minimum"]),
                "scope_ids": tuple(kept["scope_ids"]),
            }
        )

    def covers(self, line: Line) -> bool:
        """Whether the scope takes this line in, whatever its price."""
        if self.scope is Scope.ALL:
            return True
        ids = (line.product_id,) if self.scope is Scope.PRODUCTS else line.category_ids
        return any(one in self.scope_ids for one in ids) is not self.excludes


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a purchase as it comes to the coupons.

    `amount` is what the whole line still costs after tier prices and promotions. `key` names the line in the answer;
    ids are public ones.
    """

    key: str
    sku_id: str
    product_id: str
    category_ids: tuple[str, ...]
    amount: Money
    quantity: int
    is_tier_priced: bool = False


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a coupon does: `reduction` is to be spread over the lines of `line_keys` in proportion to their amounts.

    It is never negative and never above what these lines come to. With `gift_sku_id` one piece of that SKU goes along for
    nothing; with `free_freight` the order's freight is nothing.
    """

    reduction: Money = ZERO
    line_keys: tuple[str, ...] = ()
    free_freight: bool = False
    gift_sku_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a coupon does nothing for these lines; `short` is what is missing to the minimum."""

    code: Reason
    text: str
    short: Money = ZERO


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A coupon that somebody holds: `id` is its public id; valid from `valid_from`, before `valid_until`."""

    id: str
    terms: CouponTerms
    valid_from: datetime
    valid_until: datetime


def effect(*, candidate: Candidate, lines: Sequence[Line], now: datetime) -> Effect | Refusal:
    """What this coupon does for these lines now, alone in its slot."""
    if now < candidate.valid_from:
        return Refusal(code=Reason.NOT_YET, text=_("这张优惠券还没到可以用的日子。"))
    if now >= candidate.valid_until:
        return Refusal(code=Reason.EXPIRED, text=_("这张优惠券已经过期。"))
    return effect_of(terms=candidate.terms, lines=lines)


def effect_of(*, terms: CouponTerms, lines: Sequence[Line]) -> Effect | Refusal:
    """Like `effect`, without looking at the dates."""
    if terms.kind is CouponKind.EXCHANGE:
        return _exchange(terms, lines)
    covered = [line for line in lines if terms.covers(line)]
    eligible = [line for line in covered if terms.with_tier_price or not line.is_tier_priced]
    refusal = _out_of_scope(covered, eligible) or _below(terms, eligible)
    if refusal is not None:
        return refusal
    keys = tuple(line.key for line in eligible)
    if terms.kind is CouponKind.FREE_FREIGHT:
        return Effect(line_keys=keys, free_freight=True)
    if terms.kind is CouponKind.GIFT:
        return Effect(line_keys=keys, gift_sku_id=terms.sku_id)
    reduction = _reduction(terms, Money.total(line.amount for line in eligible))
    return Effect(reduction=reduction, line_keys=keys) if reduction else _nothing()


def _out_of_scope(covered: Sequence[Line], eligible: Sequence[Line]) -> Refusal | None:
    if not covered:
        return Refusal(code=Reason.NO_GOODS, text=_("这张优惠券不适用于所选的商品。"))
    if not eligible:
        return Refusal(code=Reason.TIER_PRICE, text=_("这张优惠券不能和会员价同时使用。"))
    return None


def _below(terms: CouponTerms, counted: Sequence[Line]) -> Refusal | None:
    short = terms.minimum - Money.total(line.amount for line in counted)
    if short <= ZERO:
        return None
    return Refusal(
        code=Reason.BELOW_MINIMUM, text=_("再买 %(yuan)s 元可用这张优惠券。", yuan=short), short=short
    )


def _reduction(terms: CouponTerms, amount: Money) -> Money:
    """Amount: its value. Percent: amount − floor(amount × basis points ÷ 10,000), so that a split fen is the customer's
    gain. Neither above the cap nor above the amount."""
    if terms.kind is CouponKind.AMOUNT:
        return min(terms.value, amount)
    return min(amount - Money(amount.fen * terms.basis_points // WHOLE_BP), terms.cap or amount)


def _nothing() -> Refusal:
    return Refusal(code=Reason.NOTHING_TO_REDUCE, text=_("用这张优惠券不会更便宜。"))


def _exchange(terms: CouponTerms, lines: Sequence[Line]) -> Effect | Refusal:
    """One piece of the named SKU at the fixed price; of several lines with it, the dearest piece.

    The minimum is asked of the other eligible goods: the exchanged piece does not count towards it.
    """
    same = [line for line in lines if line.sku_id == terms.sku_id]
    usable = [line for line in same if terms.with_tier_price or not line.is_tier_priced]
    if not same:
        return Refusal(code=Reason.GOODS_MISSING, text=_("请先把可以换购的商品放进购物车。"))
    if not usable:
        return Refusal(code=Reason.TIER_PRICE, text=_("这张优惠券不能和会员价同时使用。"))
    chosen = max(usable, key=_piece)
    refusal = _below(terms, [line for line in _others(lines, chosen) if _counts(terms, line)])
    if refusal is not None:
        return refusal
    reduction = _piece(chosen) - terms.value
    return Effect(reduction=reduction, line_keys=(chosen.key,)) if reduction > ZERO else _nothing()


def _counts(terms: CouponTerms, line: Line) -> bool:
    return terms.covers(line) and (terms.with_tier_price or not line.is_tier_priced)


def _piece(line: Line) -> Money:
    """What one piece of the line costs, without the fen that do not divide."""
    return line.amount.share(done=1, of=line.quantity)


def _others(lines: Iterable[Line], chosen: Line) -> list[Line]:
    """The lines without the one piece that is exchanged."""
    left = replace(chosen, amount=chosen.amount - _piece(chosen))
    return [left if line is chosen else line for line in lines]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The coupons to suggest for a purchase, and what is to be paid with them, freight included."""

    goods: Candidate | None
    freight: Candidate | None
    pay: Money

    @property
    def ids(self) -> list[str]:
        return [one.id for one in (self.goods, self.freight) if one is not None]


def best(
    *,
    candidates: Sequence[Candidate],
    lines: Sequence[Line],
    freight: Callable[[Money], Money],
    now: datetime,
) -> Choice:
    """The combination with the least to pay.

    `freight` tells what freight costs when the goods were reduced by this much, since a reduction may undo free freight.
    Among equals: one with a gift, then fewer coupons, then those that expire first, then the smaller ids.
    """
    goods = Money.total(line.amount for line in lines)
    does = {one.id: effect(candidate=one, lines=lines, now=now) for one in candidates}
    good = [one for one in candidates if isinstance(does[one.id], Effect)]

    def weigh(pair: tuple[Candidate | None, Candidate | None]) -> tuple[Any, ...]:
        chosen = [one for one in pair if one is not None]
        effects = [done for one in chosen if isinstance(done := does[one.id], Effect)]
        reduction = Money.total(done.reduction for done in effects)
        free = any(done.free_freight for done in effects)
        pay = goods - reduction + (ZERO if free else freight(reduction))
        gifts = sum(done.gift_sku_id is not None for done in effects)
        return pay, -gifts, len(chosen), [one.valid_until for one in chosen], [one.id for one in chosen]

    firsts = [None, *(one for one in good if one.terms.slot is Slot.GOODS)]
    seconds = [None, *(one for one in good if one.terms.slot is Slot.FREIGHT)]
    pairs = [(first, second) for first in firsts for second in seconds]
    chosen = min(pairs, key=weigh)
    return Choice(goods=chosen[0], freight=chosen[1], pay=weigh(chosen)[0])


def stack_problem(terms: Sequence[CouponTerms]) -> str | None:
    """Why these coupons cannot stand in one order; None if they can."""
    slots = [one.slot for one in terms]
    if len(slots) == len(set(slots)):
        return None
    return _("一张订单最多用一张商品券和一张免运费券，没有任何改动。")
