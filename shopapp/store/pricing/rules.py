"""What a purchase costs: pure arithmetic in fen, each step leaving a row per line that says what it took.

The steps run in a fixed order: prices of launches, of tiers, promotions, coupons, points, wallet, then freight. Those
that exist so far are the list price and the freight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shopapp.kernel.money import ZERO, Money


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Pieces of one SKU; `sku_id` as shown outside, `price` of one piece."""

    sku_id: str
    price: Money
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """What one step took from a line. `kind` is tier, flash, promotion, coupon or points."""

    kind: str
    amount: Money
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class QuotedLine:
    """One line of a quote, amounts of the whole line: pay = list − Σ reductions, never below zero."""

    sku_id: str
    quantity: int
    list: Money
    reductions: tuple[Reduction, ...] = ()

    @property
    def pay(self) -> Money:
        return self.list - Money.total(reduction.amount for reduction in self.reductions)


@dataclass(frozen=True, kw_only=True)
class FreightTerms:
    """One price per order, nothing from `free_from` worth of goods on; regions by the beginning of their six digits."""

    fee: Money
    free_from: Money
    no_delivery: tuple[str, ...] = ()

    def delivers_to(self, region_code: str) -> bool:
        return not any(region_code.startswith(prefix) for prefix in self.no_delivery)


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What a purchase costs now. `total` is what is left to be paid: Σ pay + freight."""

    lines: tuple[QuotedLine, ...]
    freight: Money
    delivered: bool = True
    goods: Money = field(init=False)
    total: Money = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "goods", Money.total(line.pay for line in self.lines))
        object.__setattr__(self, "total", self.goods + self.freight)


def quote(*, wanted: Sequence[Wanted], freight: FreightTerms, region_code: str | None = None) -> Quote:
    """Price these lines. Without a region the freight is that of any place where the shop delivers.

    Where it does not deliver, `delivered` is false and the freight 0: such a purchase must be refused.
    """
    lines = tuple(
        QuotedLine(sku_id=line.sku_id, quantity=line.quantity, list=line.price * line.quantity)
        for line in wanted
    )
    delivered = region_code is None or freight.delivers_to(region_code)
    goods = Money.total(line.pay for line in lines)
    fee = freight_for(goods=goods, terms=freight) if lines and delivered else ZERO
    return Quote(lines=lines, freight=fee, delivered=delivered)


def freight_for(*, goods: Money, terms: FreightTerms) -> Money:
    """The freight of goods worth this much after all reductions."""
    return ZERO if goods >= terms.free_from else terms.fee


def spread(amount: Money, *, over: Sequence[Money]) -> list[Money]:
    """Split a reduction over lines in proportion to their amounts, by largest remainder.

    It is capped at the sum of the lines first, so the parts sum to min(amount, Σ lines) and none is above its line.
    """
    whole = Money.total(over)
    capped = min(amount, whole)
    if not over or not whole:
        return [ZERO for _ in over]
    return capped.split([line.fen for line in over])


def refund_share(*, pay: Money, quantity: int, refunded_before: int, pieces: int) -> Money:
    """What `pieces` of a line bring back: floor(pay × done / quantity) after less the same before.

    Refunds of a line in any split add up to exactly its paid share. Raises `ValueError` for more pieces than are left.
    """
    if pieces < 0:
        raise ValueError("pieces must not be negative")
    return pay.share(done=refunded_before + pieces, of=quantity) - pay.share(
        done=refunded_before, of=quantity
    )
