"""What goes back in a refund: pieces, their money, and the freight; no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shopapp.kernel.money import ZERO, Money
from shopapp.store.pricing.rules import refund_share


@dataclass(frozen=True, kw_only=True)
class LineState:
    """A line of an order before a refund. `pay` is its paid share."""

    line_id: int
    sku_id: int
    quantity: int
    shipped: int
    refunded: int
    pay: Money
    refunded_pay: Money

    @property
    def left(self) -> int:
        """Pieces that were not taken back yet."""
        return self.quantity - self.refunded

    @property
    def unshipped(self) -> int:
        """Pieces that neither left in a parcel nor were taken back."""
        return max(self.quantity - self.shipped - self.refunded, 0)


@dataclass(frozen=True, kw_only=True)
class RefundPart:
    """What one line gives back; `unshipped` of its `pieces` never left the house."""

    line_id: int
    sku_id: int
    pieces: int
    unshipped: int
    amount: Money


@dataclass(frozen=True, kw_only=True)
class RefundPlan:
    """What a refund takes back in all."""

    parts: tuple[RefundPart, ...]
    freight: Money

    @property
    def total(self) -> Money:
        return Money.total(part.amount for part in self.parts) + self.freight


def plan(
    *, lines: Sequence[LineState], wanted: Mapping[int, int], freight: Money, amount: Money | None = None
) -> RefundPlan:
    """Work out a refund of these pieces, by line. Unshipped pieces go first.

    Any split of a line's pieces over refunds adds up to exactly its paid share. `freight` is what of it was not given
    back yet; it goes with the last piece of an order of which nothing was shipped. `amount`, if smaller than what these
    pieces bring, is split over them; raises `ValueError` if it is larger, or for more pieces than are left.
    """
    chosen = [line for line in lines if wanted.get(line.line_id, 0) > 0]
    if any(wanted[line.line_id] > line.left for line in chosen):
        raise ValueError("more pieces than are left")
    shares = [_share(line, wanted[line.line_id]) for line in chosen]
    nothing_shipped = not any(line.shipped for line in lines)
    nothing_left = all(line.left == wanted.get(line.line_id, 0) for line in lines)
    back = freight if nothing_shipped and nothing_left else ZERO
    if amount is not None:
        *shares, back = _cut([*shares, back], amount)
    return RefundPlan(
        parts=tuple(
            RefundPart(
                line_id=line.line_id,
                sku_id=line.sku_id,
                pieces=wanted[line.line_id],
                unshipped=min(wanted[line.line_id], line.unshipped),
                amount=share,
            )
            for line, share in zip(chosen, shares, strict=True)
        ),
        freight=back,
    )


def _share(line: LineState, pieces: int) -> Money:
    share = refund_share(pay=line.pay, quantity=line.quantity, refunded_before=line.refunded, pieces=pieces)
    return min(share, line.pay - line.refunded_pay)


def _cut(shares: list[Money], amount: Money) -> list[Money]:
    whole = Money.total(shares)
    if not ZERO <= amount <= whole:
        raise ValueError("more money than these pieces were paid with")
    return amount.split([share.fen for share in shares]) if whole else shares
