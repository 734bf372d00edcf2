"""Money: a whole number of fen in its own type; splitting it loses nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

FEN_MAX = 10**13


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in fen; may be negative between two amounts."""

    fen: int

    def __post_init__(self) -> None:
        if type(self.fen) is not int:
            raise TypeError(f"fen must be a whole number, not {self.fen!r}")

    def __add__(self, other: Money) -> Money:
        return Money(self.fen + other.fen)

    def __sub__(self, other: Money) -> Money:
        return Money(self.fen - other.fen)

    def __neg__(self) -> Money:
        return Money(-self.fen)

    def __mul__(self, count: int) -> Money:
        return Money(self.fen * count)

    def __bool__(self) -> bool:
        return self.fen != 0

    def __str__(self) -> str:
        sign = "-" if self.fen < 0 else ""
        yuan, rest = divmod(abs(self.fen), 100)
        return f"{sign}{yuan}.{rest:02d}"

    @classmethod
    def total(cls, parts: Iterable[Money]) -> Self:
        return cls(sum(part.fen for part in parts))

    def share(self, *, done: int, of: int) -> Money:
        """The part that `done` of `of` pieces have earned: floor(amount x done / of), so steps add up to the whole."""
        if not 0 <= done <= of or of < 1:
            raise ValueError(f"cannot take {done} of {of}")
        return Money(self.fen * done // of)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Parts in proportion to the weights by largest remainder; ties go to the earlier part.

        The parts always add up to the amount, and no part of a non-negative amount is negative.
        With all weights zero the parts are equal by the same rule.
        """
        if not weights:
            raise ValueError("cannot split over nothing")
        if any(weight < 0 for weight in weights) or self.fen < 0:
            raise ValueError("weights and amount must not be negative")
        shares = list(weights) if any(weights) else [1] * len(weights)
        whole = sum(shares)
        floors = [self.fen * share // whole for share in shares]
        remainders = [self.fen * share % whole for share in shares]
        by_remainder = sorted(range(len(shares)), key=lambda index: (-remainders[index], index))
        for index in by_remainder[: self.fen - sum(floors)]:
            floors[index] += 1
        return [Money(part) for part in floors]


ZERO = Money(0)
