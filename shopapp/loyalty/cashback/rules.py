"""Pure decisions about claims: which order a campaign is for, how much it brings, what refunds take of it, what looks odd."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from shopapp.kernel.money import ZERO, Money

from .states import AmountMode, Verdict

WHOLE_BP = 10_000
TAIL_LENGTH = 4
CNY = "CNY"
SEED_BYTES = 32
GUESSES_HOLD = 5
IN_A_ROW_HOLD = 3
IN_A_ROW_STEP = 10
DEVICE_HOLD, DEVICE_BLOCK = 2, 5
ADDRESS_HOLD, ADDRESS_BLOCK = 3, 6
PHONE_HOLD, PHONE_BLOCK = 1, 4
NETWORK_HOLD = 20


@dataclass(frozen=True, kw_only=True)
class Bought:
    """One line of a marketplace order; `paid` is None where the export did not say."""

    title: str
    sku: str
    paid: Money | None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Which orders a campaign is for. Without words and SKUs every product; `paid_from` counts with its moment."""

    title_words: Sequence[str] = ()
    skus: Sequence[str] = ()
    paid_from: datetime | None = None

    @property
    def picks(self) -> bool:
        return bool(self.title_words or self.skus)

    def takes(self, line: Bought) -> bool:
        """Whether this line is one of the products: one of the SKUs, or a title with one of the words."""
        title = line.title.casefold()
        return line.sku in self.skus or any(word.casefold() in title for word in self.title_words)


def basis(fit: Fit, *, paid_at: datetime | None, paid: Money, lines: Sequence[Bought]) -> Money | None:
    """What was paid for the products that the campaign is for; None when it is not for this order.

    Lines that do not say what they cost share what the others leave of the order.
    """
    if fit.paid_from is not None and (paid_at is None or paid_at < fit.paid_from):
        return None
    if not fit.picks:
        return paid
    chosen = [line for line in lines if fit.takes(line)]
    if not chosen:
        return None
    if any(line.paid is None for line in chosen):
        others = Money.total(line.paid or ZERO for line in lines if not fit.takes(line))
        return max(paid - others, ZERO)
    return min(Money.total(line.paid or ZERO for line in chosen), paid)


@dataclass(frozen=True, kw_only=True)
class AmountTerms:
    """How much a claim brings. fixed: `most`. random: from `least` to `most`, both included. percent: `basis_points` of
    what was paid, at most `most`."""

    mode: AmountMode
    least: Money
    most: Money
    basis_points: int = 0


def award(terms: AmountTerms, *, base: Money, seed: str, claim: str) -> Money:
    """What a claim (its public id) brings for `base`; a share is rounded down to whole fen and may be nothing."""
    if terms.mode is AmountMode.PERCENT:
        return min(Money(base.fen * terms.basis_points // WHOLE_BP), terms.most)
    if terms.mode is AmountMode.RANDOM:
        return drawn(seed=seed, claim=claim, least=terms.least, most=terms.most)
    return terms.most


def drawn(*, seed: str, claim: str, least: Money, most: Money) -> Money:
    """The amount that this seed (64 hex digits) draws for a claim; anyone with the seed can work it out again.

    HMAC-SHA256 of the claim's id under the seed's bytes, as a big-endian number, modulo the number of amounts.
    """
    ticket = hmac.digest(bytes.fromhex(seed), claim.encode(), "sha256")
    return Money(least.fen + int.from_bytes(ticket, "big") % (most.fen - least.fen + 1))


def taken_back(amount: Money, *, refunded: Money, paid: Money) -> Money:
    """How much of an award is gone once so much of the order was refunded: floor(award x refunded / paid)."""
    if paid <= ZERO:
        return ZERO
    return amount.share(done=min(refunded.fen, paid.fen), of=paid.fen)


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What can be counted about a claim, each as other people's claims of the last weeks but for `guesses`."""

    same_device: int = 0
    same_phone: int = 0
    same_address: int = 0
    same_network: int = 0
    same_buyer: bool = False
    guesses: Sequence[str] = ()


def judge(traces: Traces) -> tuple[Verdict, list[str]]:
    """Pass, hold or block, with the signs that led there, the gravest verdict winning."""
    signs: list[tuple[str, Verdict]] = []
    for name, count, hold, block in (
        ("device", traces.same_device, DEVICE_HOLD, DEVICE_BLOCK),
        ("phone", traces.same_phone, PHONE_HOLD, PHONE_BLOCK),
        ("address", traces.same_address, ADDRESS_HOLD, ADDRESS_BLOCK),
        ("network", traces.same_network, NETWORK_HOLD, None),
        ("guesses", len(traces.guesses), GUESSES_HOLD, None),
        ("in_a_row", in_a_row(traces.guesses), IN_A_ROW_HOLD, None),
        ("buyer", int(traces.same_buyer), 1, None),
    ):
        if block is not None and count >= block:
            signs.append((name, Verdict.BLOCK))
        elif count >= hold:
            signs.append((name, Verdict.HOLD))
    verdicts = {verdict for _name, verdict in signs}
    worst = next((one for one in (Verdict.BLOCK, Verdict.HOLD) if one in verdicts), Verdict.PASS)
    return worst, [name for name, _verdict in signs]


def in_a_row(numbers: Iterable[str]) -> int:
    """The most numbers that follow one another closely, as somebody counts up who tries them out."""
    known = sorted({int(number) for number in numbers if number.isascii() and number.isdigit()})
    longest = current = 1 if known else 0
    for before, after in pairwise(known):
        current = current + 1 if after - before <= IN_A_ROW_STEP else 1
        longest = max(longest, current)
    return longest


def network_of(address: str | None) -> str | None:
    """The network an address belongs to, /24 or /48; None for addresses that say nothing about where somebody is."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if not found.is_global:
        return None
    prefix = 24 if found.version == 4 else 48
    return str(ipaddress.ip_network(f"{found}/{prefix}", strict=False))
