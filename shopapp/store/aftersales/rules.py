"""What goes back in a refund: pieces, their money, and the freight; no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shopapp.kernel.money import ZERO, Money
from shopapp.store.pricing.rules import refund_share


@dataclass(frozen=True, kw_only=True)
class LineState:
    """A line of an order before a refund. `pay` is its paid share, `points` what of the used points it bore;
    a `gift` came with a coupon."""

    line_id: int
    sku_id: int
    quantity: int
    shipped: int
    refunded: int
    pay: Money
    refunded_pay: Money
    points: int = 0
    gift: bool = False

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
    """What one line gives back; `unshipped` of its `pieces` never left the house, `points` are points it was paid with."""

    line_id: int
    sku_id: int
    pieces: int
    unshipped: int
    amount: Money
    points: int


@dataclass(frozen=True, kw_only=True)
class PaidFrom:
    """How an order was paid before a refund: `wallet` of its `whole` price; `back` of the price was given back so far."""

    whole: Money
    wallet: Money
    back: Money


CASH_ALONE = PaidFrom(whole=ZERO, wallet=ZERO, back=ZERO)


@dataclass(frozen=True, kw_only=True)
class RefundPlan:
    """What a refund takes back in all: `total`, of which `wallet` goes to the wallet and `cash` to WeChat Pay."""

    parts: tuple[RefundPart, ...]
    freight: Money
    wallet: Money

    @property
    def total(self) -> Money:
        return Money.total(part.amount for part in self.parts) + self.freight

    @property
    def cash(self) -> Money:
        return self.total - self.wallet

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)


def plan(
    *,
    lines: Sequence[LineState],
    wanted: Mapping[int, int],
    freight: Money,
    paid_from: PaidFrom = CASH_ALONE,
    amount: Money | None = None,
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
    total = Money.total(shares) + back
    return RefundPlan(
        wallet=wallet_share(paid_from, total),
        parts=tuple(
            RefundPart(
                line_id=line.line_id,
                sku_id=line.sku_id,
                pieces=wanted[line.line_id],
                unshipped=min(wanted[line.line_id], line.unshipped),
                amount=share,
                points=_points(line, wanted[line.line_id]),
            )
            for line, share in zip(chosen, shares, strict=True)
        ),
        freight=back,
    )


def with_gifts(*, lines: Sequence[LineState], wanted: Mapping[int, int]) -> dict[int, int]:
    """The wanted pieces by line, and with the last of what was paid for the gifts that never left the house."""
    paid_left = [line for line in lines if not line.gift and line.left > wanted.get(line.line_id, 0)]
    gifts = {line.line_id: line.unshipped for line in lines if line.gift and line.unshipped}
    return {**({} if paid_left else gifts), **wanted}


def wallet_share(paid_from: PaidFrom, amount: Money) -> Money:
    """What of this amount goes back to the wallet: floor(wallet × given back / whole) after it less the same before.

    Refunds in any split give back exactly what came from the wallet, and never more than they are.
    """
    if not paid_from.wallet:
        return ZERO
    before, after = paid_from.back.fen, (paid_from.back + amount).fen
    whole = paid_from.whole.fen
    return paid_from.wallet.share(done=after, of=whole) - paid_from.wallet.share(done=before, of=whole)


def _points(line: LineState, pieces: int) -> int:
    """floor(points × pieces given back / pieces) after it less the same before."""
    after = line.points * (line.refunded + pieces) // line.quantity
    return after - line.points * line.refunded // line.quantity


def _share(line: LineState, pieces: int) -> Money:
    share = refund_share(pay=line.pay, quantity=line.quantity, refunded_before=line.refunded, pieces=pieces)
    return min(share, line.pay - line.refunded_pay)


def _cut(shares: list[Money], amount: Money) -> list[Money]:
    whole = Money.total(shares)
    if not ZERO <= amount <= whole:
        raise ValueError("more money than these pieces were paid with")
    return amount.split([share.fen for share in shares]) if whole else shares
