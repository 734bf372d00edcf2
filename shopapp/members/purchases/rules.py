"""What an order comes to in the history: pure decisions over plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shopapp.kernel.money import ZERO, Money

OWN = "own"
TEXT_MAX = 255


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One line of an order; `paid` and `refunded` are None where the source tells no money of lines."""

    title: str
    sku: str = ""
    quantity: int = 1
    paid: Money | None = None
    refunded: Money | None = None
    product_id: int | None = None
    sku_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Bought:
    """An order as its source has it now. Without a customer, a time of payment or things it has no place in the history."""

    ref: str
    source: str
    order_no: str
    customer_id: int | None
    purchased_at: datetime | None
    paid: Money
    refunded: Money
    things: Sequence[Thing]
    shop: str = ""

    @property
    def counts(self) -> bool:
        return self.customer_id is not None and self.purchased_at is not None and bool(self.things)


def shares(order: Bought) -> list[tuple[Money, Money]]:
    """(paid, refunded) of each thing: they add up to the order's own, whatever the source told of its lines.

    What was paid is split by the lines' money where the source tells all of it, else by their pieces; what went back by
    what the lines gave back, else by what they cost. A refund above the payment counts up to the payment.
    """
    paid = order.paid.split(_weights(order.things))
    back = min(max(order.refunded, ZERO), order.paid)
    return list(zip(paid, _refunds(order.things, paid=paid, back=back), strict=True))


def _weights(things: Sequence[Thing]) -> list[int]:
    known = [thing.paid.fen for thing in things if thing.paid is not None]
    if len(known) == len(things) and any(known) and min(known) >= 0:
        return known
    return [max(thing.quantity, 1) for thing in things]


def _refunds(things: Sequence[Thing], *, paid: Sequence[Money], back: Money) -> list[Money]:
    """First what each line is said to have given back, as far as it was paid; the rest by what the lines have left."""
    own = [min(thing.refunded or ZERO, share) for thing, share in zip(things, paid, strict=True)]
    told = Money.total(own)
    if told > back:
        return back.split([part.fen for part in own])
    left = [share - part for share, part in zip(paid, own, strict=True)]
    if not any(left):
        return own
    rest = (back - told).split([part.fen for part in left])
    return [part + more for part, more in zip(own, rest, strict=True)]
