"""What an order earns and what points are worth; no database.

Factors are in basis points: 10000 is once. Of the factors of a line's categories and of the day, the highest counts; the
factor of the tier multiplies it. An order earns the whole points of the exact sum over its lines, up to its caps; each line
has what it earned exactly, or its proportion of the cap, rounded by largest remainder, so that a refund can take back what
its line was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Self

from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall

ONCE = 10_000
FEN_OF_BASIS = 10_000
SCALE = FEN_OF_BASIS * ONCE * ONCE


@dataclass(frozen=True, kw_only=True)
class EarnLine:
    """A line as far as earning goes. `pay` is what is paid for it after all reductions; `key` names it in its order."""

    key: str
    product_id: str
    category_ids: frozenset[str]
    pay: Money


@dataclass(frozen=True, kw_only=True)
class EarnTerms:
    """`per_hundred_yuan` points for each 100 yuan. Maps hold factors: by category, by ISO date, by weekday from 0 Monday.

    A line in an excluded category earns nothing. A cap of None means none.
    """

    per_hundred_yuan: int = 100
    category_bp: dict[str, int] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    date_bp: dict[str, int] = field(default_factory=dict)
    weekday_bp: dict[str, int] = field(default_factory=dict)
    birthday_month_bp: int | None = None
    most_per_order: int | None = None
    most_per_day: int | None = None
    most_per_month: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "excluded": list(self.excluded)}

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> Self:
        return cls(**{**kept, "excluded": tuple(kept["excluded"])})

    def factors_of_day(self, day: date, *, birthday_month: bool) -> list[int]:
        """Those that the date, the weekday and the member's birthday month bring; none on most days."""
        found = [self.date_bp.get(day.isoformat()), self.weekday_bp.get(str(day.weekday()))]
        if birthday_month:
            found.append(self.birthday_month_bp)
        return [factor for factor in found if factor is not None]


def award(
    *,
    lines: Sequence[EarnLine],
    terms: EarnTerms,
    tier_bp: int,
    day: date,
    birthday_month: bool,
    left_today: int | None,
) -> list[int]:
    """The points of each line, in the order of the lines. Their sum is what the order earns.

    `left_today` is what the caps of the day and the month leave the member; None for no such cap. The total does not
    depend on the order of the lines, and neither does a line's share.
    """
    of_day = terms.factors_of_day(day, birthday_month=birthday_month)
    exact = [_exact(line, terms, of_day=of_day) * tier_bp for line in lines]
    earned = total = sum(exact) // SCALE
    for cap in (terms.most_per_order, left_today):
        total = total if cap is None else min(total, max(cap, 0))
    keys = [line.key for line in lines]
    if total == earned:
        return _round(exact, SCALE, total=total, keys=keys)
    return _round([total * weight for weight in exact], sum(exact), total=total, keys=keys)


def factor_of(line: EarnLine, terms: EarnTerms, *, of_day: Sequence[int]) -> int:
    """The factor that counts for a line, before that of the tier; 0 where its category earns nothing."""
    if line.category_ids.intersection(terms.excluded):
        return 0
    own = [terms.category_bp[name] for name in line.category_ids if name in terms.category_bp]
    return max([*own, *of_day], default=ONCE)


def _exact(line: EarnLine, terms: EarnTerms, *, of_day: Sequence[int]) -> int:
    """What a line earns before the tier, times SCALE / ONCE."""
    return max(line.pay.fen, 0) * terms.per_hundred_yuan * factor_of(line, terms, of_day=of_day)


def _round(parts: Sequence[int], divisor: int, *, total: int, keys: Sequence[str]) -> list[int]:
    """Whole numbers of the parts over the divisor that sum to `total`, by largest remainder; ties go by key, not by place."""
    whole = [part // divisor for part in parts]
    places = sorted(range(len(parts)), key=lambda place: (-(parts[place] % divisor), keys[place]))
    for place in places[: total - sum(whole)]:
        whole[place] += 1
    return whole


@dataclass(frozen=True, kw_only=True)
class RedeemTerms:
    """`points_per_yuan` points are worth a yuan. They pay for at most this share of the goods, in multiples of `step`, from
    `least_goods` on. A share of 0 means that points can't pay.
    """

    points_per_yuan: int = 100
    most_share_bp: int = 5_000
    step: int = 100
    least_goods: Money = ZERO

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "least_goods": self.least_goods.fen}

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> Self:
        return cls(**{**kept, "least_goods": Money(kept["least_goods"])})

    @property
    def step_is_whole_fen(self) -> bool:
        """Whether a step is worth whole fen, so that no point is given away for nothing."""
        return self.step * 100 % self.points_per_yuan == 0


def worth(points: int, terms: RedeemTerms) -> Money:
    """What these points pay, rounded down to the fen."""
    return Money(points * 100 // terms.points_per_yuan)


def most_points(*, available: int, goods: Money, terms: RedeemTerms) -> int:
    """How many points may pay for these goods: whole steps, within the balance and the allowed share of the goods."""
    if goods < terms.least_goods or goods <= ZERO:
        return 0
    payable = goods.fen * terms.most_share_bp // ONCE
    points = min(available, payable * terms.points_per_yuan // 100)
    return max(points - points % terms.step, 0)


@dataclass(frozen=True, kw_only=True)
class TaskTerms:
    """Points for what members do; 0 switches one off. `check_in` is one round of days in a row, which then starts anew.

    The caps are of all tasks together; a cap of None means none.
    """

    joining: int = 100
    profile: int = 50
    first_order: int = 100
    review: int = 0
    check_in: tuple[int, ...] = (2, 2, 2, 2, 2, 2, 10)
    most_per_day: int | None = None
    most_per_month: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "check_in": list(self.check_in)}

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> Self:
        return cls(**{**kept, "check_in": tuple(kept["check_in"])})

    def of_streak(self, streak: int) -> int:
        """The points of the day that makes it `streak` ≥ 1 days in a row."""
        return self.check_in[(streak - 1) % len(self.check_in)] if self.check_in else 0


@dataclass(frozen=True, kw_only=True)
class PointsTerms:
    """All rules of points at one time. `notice_days` before points end, their owner is told; 0 for never."""

    earn: EarnTerms = EarnTerms()
    redeem: RedeemTerms = RedeemTerms()
    tasks: TaskTerms = TaskTerms()
    life: Life = field(default_factory=lambda: Life(months=12))
    shortfall: Shortfall = Shortfall.DEBT
    notice_days: int = 7

    def as_json(self) -> dict[str, Any]:
        return {
            "earn": self.earn.as_json(),
            "redeem": self.redeem.as_json(),
            "tasks": self.tasks.as_json(),
            "life": str(self.life),
            "shortfall": self.shortfall.value,
            "notice_days": self.notice_days,
        }

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> Self:
        return cls(
            earn=EarnTerms.of_json(kept["earn"]),
            redeem=RedeemTerms.of_json(kept["redeem"]),
            tasks=TaskTerms.of_json(kept["tasks"]),
            life=Life.parse(kept["life"]),
            shortfall=Shortfall(kept["shortfall"]),
            notice_days=kept["notice_days"],
        )
