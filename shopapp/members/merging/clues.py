"""What a feature can tell of customers who may be one person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .rules import Reason

OTHERS_MAX = 5
"""With how many others, the oldest first, one customer is compared for one thing that they have in common."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """How many things were looked at, and the pairs of customers, by row id, who have one of them in common."""

    seen: int
    pairs: Sequence[tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Clue:
    """`look(limit)` takes that many things which it has not looked at, within the open transaction, and marks them.

    It never compares what is masked.
    """

    reason: Reason
    look: Callable[[int], Looked]


def is_masked(text: str) -> bool:
    """王** and 1380013****: what a platform hides can't tell two people apart."""
    return "*" in text or "＊" in text
