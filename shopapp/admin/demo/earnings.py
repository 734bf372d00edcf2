"""What the orders of members earned, by the tier that they had then, and what else gave them points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from heapq import heappop, heappush

from shopapp.kernel import preferences
from shopapp.kernel.clock import SHOP_ZONE, shop_day
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.rules import award_taken_back
from shopapp.loyalty.points import rules as point_rules
from shopapp.loyalty.points.queries import periods
from shopapp.loyalty.points.rules import EarnLine
from shopapp.loyalty.tiers import queries as tier_queries
from shopapp.loyalty.tiers import rules as tier_rules
from shopapp.loyalty.tiers import services as tiers
from shopapp.loyalty.tiers.line import Growth, Line

from . import rows
from .books import Award, Books, TakenBack
from .followers import Known
from .orders import PlannedOrder
from .programme import POINTS, TIERS

# The plan's refunds come sooner after receipt than this.
RETURNS_AT_LEAST = timedelta(days=7)
BATCH = 1000
ORDERS, TASKS = "orders", "tasks"


@dataclass(slots=True)
class Standing:
    """The tier of a member up to the last order that was looked at; `coming` is growth that counts later."""

    line: Line
    coming: list[tuple[datetime, str, int]] = field(default_factory=list)
    had_first_order: bool = False

    def factor(self, at: datetime) -> int:
        """What the tier of this time multiplies points by, in basis points."""
        while self.coming and self.coming[0][0] <= at:
            when, key, amount = heappop(self.coming)
            self.line.take(when, [Growth(amount=amount, at=when, award=key)])
        self.line.advance(at)
        return TIERS.levels[self.line.rank].benefits.points_bp


@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtLine:
    """A line of an order as far as earning goes; `refunded` fen of `pay` were given back."""

    public_id: str
    sku: str
    pay: Money
    refunded: Money


class Earnings:
    """Works out what each order earns when it is placed, and leaves the rest to the books."""

    def __init__(self, *, people: Sequence[Known], books: Books) -> None:
        self.books = books
        self.window = max(timedelta(days=preferences.read("orders.aftersales_days")), RETURNS_AT_LEAST)
        self.members = [one for one in people if one.since is not None]
        versions = tier_queries.versions()
        self.standings: dict[int, Standing] = {}
        for one in self.members:
            line = Line(versions, one.joined)
            line.join(one.joined)
            self.standings[one.customer_id] = Standing(line)
        self._bought: list[Award] = []
        self._counted: Counter[tuple[int, str, str]] = Counter()
        ids = [one.customer_id for one in self.members]
        for unit in (Unit.POINTS, Unit.GROWTH):
            for start in range(0, len(ids), BATCH):
                books.open(ids[start : start + BATCH], unit=unit)
        self.give([joining(one) for one in self.members])

    def give(self, awards: Sequence[Award]) -> None:
        """Points for what members do, which no cap holds back."""
        for award in awards:
            self._count(award, TASKS)
        for start in range(0, len(awards), BATCH):
            self.books.plan(awards[start : start + BATCH])

    def expect(self, awards: Sequence[Award]) -> None:
        """Growth that comes from elsewhere: it counts for what is bought once it is active."""
        for award in awards:
            if award.activates_at is not None:
                heappush(
                    self.standings[award.customer_id].coming, (award.activates_at, award.key, award.amount)
                )
        for start in range(0, len(awards), BATCH):
            self.books.plan(awards[start : start + BATCH])

    def of_order(
        self, plan: PlannedOrder, *, customer: Known, no: str, lines: Sequence[BoughtLine]
    ) -> list[tuple[int, int]]:
        """Points and growth of each line; none for who is no member yet. `settle` puts what was paid for into the books."""
        standing = self.standings.get(customer.customer_id)
        if standing is None or plan.placed_at < customer.joined:
            return [(0, 0)] * len(lines)
        growths = [tier_rules.growth_for(line.pay, TIERS) for line in lines]
        points = point_rules.award(
            lines=[
                EarnLine(key=line.sku, product_id="", category_ids=frozenset(), pay=line.pay)
                for line in lines
            ],
            terms=POINTS.earn,
            tier_bp=standing.factor(plan.placed_at),
            day=shop_day(plan.placed_at),
            birthday_month=plan.placed_at.astimezone(SHOP_ZONE).month == customer.birthday_month,
            left_today=None,
        )
        earned = list(zip(points, growths, strict=True))
        if plan.paid_at is not None:
            self._book(plan, customer, no, list(zip(lines, earned, strict=True)))
        return earned

    def _book(
        self,
        plan: PlannedOrder,
        customer: Known,
        no: str,
        lines: Sequence[tuple[BoughtLine, tuple[int, int]]],
    ) -> None:
        final_at = None if plan.completed_at is None else plan.completed_at + self.window
        awards = [
            self._award(plan, customer, no, line, unit, amount, final_at=final_at)
            for line, earned in lines
            for unit, amount in zip((Unit.POINTS, Unit.GROWTH), earned, strict=True)
            if amount
        ]
        for award in awards:
            if award.unit is Unit.POINTS:
                self._count(award, ORDERS)
            elif final_at is not None and (left := award.amount - _gone(award)):
                heappush(self.standings[customer.customer_id].coming, (final_at, award.key, left))
        self._bought += awards
        if final_at is not None and any(line.refunded < line.pay for line, _earned in lines):
            self.books.do(final_at, partial(self._first_order, customer, no))

    @staticmethod
    def _award(
        plan: PlannedOrder,
        customer: Known,
        no: str,
        line: BoughtLine,
        unit: Unit,
        amount: int,
        *,
        final_at: datetime | None,
    ) -> Award:
        if plan.paid_at is None:
            raise ValueError("only what was paid earns")
        back = None
        if plan.refunded_at is not None and line.refunded:
            back = TakenBack(at=plan.refunded_at, refunded=line.refunded.fen, paid=line.pay.fen)
        return Award(
            customer_id=customer.customer_id,
            unit=unit,
            amount=amount,
            key=f"order:{no}:{line.public_id}:{unit.value}",
            subject=f"order:{no}",
            at=plan.paid_at,
            life=POINTS.life if unit is Unit.POINTS else None,
            reason=no,
            pending=True,
            activates_at=final_at,
            taken_back=back,
        )

    def _first_order(self, customer: Known, no: str, at: datetime) -> None:
        standing = self.standings[customer.customer_id]
        if not standing.had_first_order:
            standing.had_first_order = True
            self.give(
                [_task(customer, "first_order", POINTS.tasks.first_order, at, subject=f"first_order:{no}")]
            )

    def _count(self, award: Award, kind: str) -> None:
        """Caps look at the present day and month alone."""
        present = periods(shop_day(self.books.until))
        for period in set(periods(shop_day(award.at))) & set(present):
            self._counted[award.customer_id, kind, period] += award.amount

    def settle(self, *, to: datetime) -> None:
        """Bring the books up to this time; no order that was looked at was paid before the last time."""
        self.books.plan(self._bought)
        self._bought = []
        self.books.run(to)

    def close(self) -> None:
        """Write what is left to be written, and place all members in their tiers."""
        self.settle(to=self.books.until + timedelta(seconds=1))
        rows.add(
            "points_counts",
            [
                {"customer_id": customer_id, "kind": kind, "period": period, "counted": counted}
                for (customer_id, kind, period), counted in self._counted.items()
            ],
        )
        for start in range(0, len(self.members), BATCH):
            batch = self.members[start : start + BATCH]
            tiers.place(joined={one.customer_id: one.joined for one in batch}, now=self.books.until)


def _gone(award: Award) -> int:
    back = award.taken_back
    return 0 if back is None else award_taken_back(award=award.amount, refunded=back.refunded, paid=back.paid)


def joining(member: Known) -> Award:
    return _task(member, "joining", POINTS.tasks.joining, member.joined)


def check_in(member: Known, *, day: date, streak: int, at: datetime) -> Award:
    """The points of a day's check-in."""
    task = f"check_in:{day.isoformat()}"
    return Award(
        customer_id=member.customer_id,
        unit=Unit.POINTS,
        amount=POINTS.tasks.of_streak(streak),
        key=f"points:check_in:{member.customer_id}:{day.isoformat()}",
        subject=task,
        at=at,
        life=POINTS.life,
    )


def _task(member: Known, task: str, amount: int, at: datetime, *, subject: str | None = None) -> Award:
    return Award(
        customer_id=member.customer_id,
        unit=Unit.POINTS,
        amount=amount,
        key=f"points:{task}:{member.customer_id}",
        subject=subject or f"task:{task}",
        at=at,
        life=POINTS.life,
    )
