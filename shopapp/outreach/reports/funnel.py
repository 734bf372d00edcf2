"""The way of people from a printed card to a second order, counted; no database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from shopapp.kernel.money import ZERO, Money


class Step(StrEnum):
    """What people do one after another; each counts persons."""

    SCANNED = "scanned"
    FOLLOWED = "followed"
    CLAIMED = "claimed"
    PAID = "paid"
    JOINED = "members"
    FIRST_ORDER = "first_orders"
    SECOND_ORDER = "second_orders"


STEPS = tuple(Step)


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What one person did; `cashback` is what they were paid, `sales` the net of each own order by days since they came."""

    did: frozenset[Step]
    cashback: Money = ZERO
    sales: tuple[tuple[int, Money], ...] = ()


STRANGER = Journey(did=frozenset({Step.SCANNED}))
"""A browser whose owner never signed in."""


@dataclass(kw_only=True)
class Tally:
    """Figures of a channel, a batch, a day, or all.

    `passed` counts who did a step and all before it, so that no step has more people than the one before; `reached` who did
    it at all. `printed` counts copies. `cost` is what was spent on the channel and on printing.
    """

    key: str | None
    name: str
    printed: int = 0
    cost: Money = ZERO
    cashback: Money = ZERO
    net: Money = ZERO
    passed: Counter[Step] = field(default_factory=Counter)
    reached: Counter[Step] = field(default_factory=Counter)
    by_day: Counter[int] = field(default_factory=Counter)

    def count(self, journey: Journey) -> None:
        on_the_way = True
        for step in STEPS:
            did = step in journey.did
            on_the_way = on_the_way and did
            self.reached[step] += did
            self.passed[step] += on_the_way
        self.cashback += journey.cashback
        for days, net in journey.sales:
            self.net += net
            self.by_day[days] += net.fen

    def spend(self, cost: Money) -> None:
        self.cost += cost

    @property
    def spent(self) -> Money:
        """All that it took to bring these people: channel, printing and cash-back."""
        return self.cost + self.cashback

    @property
    def cost_per_member(self) -> Money | None:
        members = self.reached[Step.JOINED]
        return Money((self.spent.fen + members // 2) // members) if members else None

    @property
    def payback_days(self) -> int | None:
        """After how many days since each person came their own orders together made up for what was spent.

        None while they have not, and where nothing was spent.
        """
        if not self.spent:
            return None
        earned = 0
        for days in sorted(self.by_day):
            earned += self.by_day[days]
            if earned >= self.spent.fen:
                return days
        return None
