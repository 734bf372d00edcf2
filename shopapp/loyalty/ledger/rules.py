"""The arithmetic of the books; no database."""

from __future__ import annotations

import calendar
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, Self, TypeVar

from shopapp.kernel.clock import day_start, shop_day

from .models import Book, Kind

LIFE = re.compile(r"P(\d{1,4})([MD])")

COUNTER = {
    Kind.SPEND: "spent",
    Kind.RETURN: "spent",
    Kind.REPAY: "spent",
    Kind.EXPIRE: "expired",
    Kind.REVERSE: "reversed",
}
"""Which counter of a lot a posting's entries on it go to; an adjustment that takes counts as spent."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """How long a lot lives once it is active; neither months nor days means for ever."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """P12M, P30D or "" for ever. Raises `ValueError`."""
        if not text:
            return cls()
        match = LIFE.fullmatch(text)
        if match is None:
            raise ValueError(text)
        count = int(match[1])
        return cls(months=count) if match[2] == "M" else cls(days=count)

    def __str__(self) -> str:
        if self.months:
            return f"P{self.months}M"
        return f"P{self.days}D" if self.days else ""

    def end(self, start: datetime) -> datetime | None:
        """The first moment at which it is over: a beginning of a day of shop time.

        N days end as the N-th day after `start` begins. N months end as the day of the same number begins; where that
        month has no such day, they end with its last day.
        """
        day = shop_day(start)
        if self.months:
            return day_start(_months_later(day, self.months))
        return day_start(day + timedelta(days=self.days)) if self.days else None


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    last = calendar.monthrange(year, month)[1]
    return date(year, month, day.day) if day.day <= last else date(year, month, last) + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One entry to be written; the amounts of a posting's legs sum to zero."""

    book: Book
    amount: int
    lot_id: int | None = None
    expires_at: datetime | None = None


class Takeable(Protocol):
    """A lot as far as taking from it goes."""

    @property
    def free(self) -> int:
        """What remains and is not held."""


P = TypeVar("P", bound=Takeable)


def allocate(amount: int, lots: Iterable[P]) -> list[tuple[P, int]]:
    """Take this much from the lots in their order. What they lack is missing from the sum of the parts."""
    parts: list[tuple[P, int]] = []
    for lot in lots:
        if amount <= 0:
            break
        part = min(lot.free, amount)
        if part > 0:
            parts.append((lot, part))
            amount -= part
    return parts


def award_taken_back(*, award: int, refunded: int, paid: int) -> int:
    """How much of an award is gone once this much of what earned it was refunded: floor(award × refunded / paid).

    Steps in any split add up to exactly the award. Raises `ValueError` for more refunded than paid.
    """
    if not 0 <= refunded <= paid or paid < 1:
        raise ValueError(f"cannot take back {refunded} of {paid}")
    return award * refunded // paid


def body_hash(*parts: object) -> str:
    """What a key is bound to: the same body gives the same result, another one is refused."""
    return hashlib.sha256(json.dumps(parts, default=str, separators=(",", ":")).encode()).hexdigest()


def chain_start(owner_kind: str, owner_id: int, unit: str) -> str:
    """What the first posting of an account is chained to: whose it is cannot change without the chain saying so."""
    return body_hash(owner_kind, owner_id, unit)


def chain_hash(before: str, fields: Sequence[object], legs: Iterable[Leg]) -> str:
    """SHA-256 over the hash before, the posting's fields and its legs, as compact JSON; times in UTC as ISO 8601."""
    rows = [[leg.book.value, leg.amount, leg.lot_id, _stamp(leg.expires_at)] for leg in legs]
    content = [before, [_stamp(field) for field in fields], rows]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _stamp(value: object) -> object:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
