"""The books as plainly as their rules can be put; shares nothing with the shop. What is over is over at once here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
WEEK = timedelta(days=7)
NEVER = datetime.max.replace(tzinfo=CHINA)


class RefusedError(Exception):
    """`args[0]` is the name of the error with which the shop refuses."""


def end_of_life(start: datetime, *, months: int, days: int) -> datetime:
    """The first moment at which it is over."""
    day = start.astimezone(CHINA).date()
    if not months and not days:
        return NEVER
    if not months:
        return datetime.combine(day + timedelta(days=days), time(), CHINA)
    year, month = day.year, day.month + months
    while month > 12:
        year, month = year + 1, month - 12
    try:
        return datetime.combine(date(year, month, day.day), time(), CHINA)
    except ValueError:
        following = date(year, month, 28) + timedelta(days=4)
        return datetime.combine(following.replace(day=1), time(), CHINA)


@dataclass
class Lot:
    key: str
    number: int
    home: int
    earned: int
    remaining: int
    months: int
    days: int
    state: str
    order: str
    ends: datetime = NEVER
    activates: datetime | None = None
    spent: int = 0
    expired: int = 0
    reversed: int = 0
    taken_back: int = 0


@dataclass
class Hold:
    home: int
    parts: dict[str, int]
    lapses: datetime | None
    state: str = "open"


@dataclass
class Merge:
    source: int
    target: int
    lots: list[str]
    holds: list[str]
    debt: int
    undone: bool = False


@dataclass
class Model:
    lots: dict[str, Lot] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    merges: dict[str, Merge] = field(default_factory=dict)
    spent: dict[str, dict[str, int]] = field(default_factory=dict)
    adjusted: set[str] = field(default_factory=set)
    debts: Counter[int] = field(default_factory=Counter)
    shop: Counter[str] = field(default_factory=Counter)

    # what there is

    def held(self, lot: Lot) -> int:
        return sum(hold.parts.get(lot.key, 0) for hold in self.holds.values() if hold.state == "open")

    def free(self, lot: Lot) -> int:
        return lot.remaining - self.held(lot)

    def mine(self, home: int, state: str = "active") -> list[Lot]:
        """The lots that end first coming first."""
        found = [lot for lot in self.lots.values() if lot.home == home and lot.state == state]
        return sorted(found, key=lambda lot: (lot.ends, lot.number))

    def available(self, home: int) -> int:
        return sum(self.free(lot) for lot in self.mine(home))

    def figures(self, home: int) -> tuple[int, int, int, int]:
        """Active, pending, held, debt."""
        active = sum(lot.remaining for lot in self.mine(home))
        pending = sum(lot.remaining for lot in self.mine(home, "pending"))
        held = sum(self.held(lot) for lot in self.mine(home))
        return active, pending, held, self.debts[home]

    def expiring(self, home: int) -> list[tuple[datetime, int]]:
        found: Counter[datetime] = Counter()
        for lot in self.mine(home):
            if lot.ends != NEVER and self.free(lot):
                found[lot.ends] += self.free(lot)
        return sorted(found.items())[:12]

    # what happens

    def pass_time(self, now: datetime) -> None:
        for lot in self.lots.values():
            if lot.state == "active" and lot.ends <= now:
                over = self.free(lot)
                lot.remaining -= over
                lot.expired += over
                self.shop["expired"] += over

    def earn(
        self,
        home: int,
        key: str,
        amount: int,
        *,
        life: tuple[int, int],
        waits: bool,
        adjust: bool,
        order: str = "",
        now: datetime,
    ) -> None:
        months, days = life
        lot = Lot(key, len(self.lots), home, amount, amount, months, days, "pending", order or key)
        self.lots[key] = lot
        self.shop["adjusted" if adjust else "issued"] += amount
        if not waits:
            self._start(lot, now)

    def _start(self, lot: Lot, since: datetime) -> None:
        lot.state = "active"
        lot.ends = end_of_life(since, months=lot.months, days=lot.days)
        repaid = min(self.debts[lot.home], lot.remaining)
        self.debts[lot.home] -= repaid
        lot.remaining -= repaid
        lot.spent += repaid

    def activate(self, now: datetime) -> int:
        due = [
            lot for lot in self.lots.values() if lot.state == "pending" and (lot.activates or NEVER) <= now
        ]
        for lot in sorted(due, key=lambda lot: (lot.activates, lot.number)):
            assert lot.activates is not None
            self._start(lot, lot.activates)
        self.pass_time(now)
        return len(due)

    def _pick(self, home: int, amount: int) -> dict[str, int]:
        if self.available(home) < amount:
            raise RefusedError("NotEnough")
        picked = {}
        for lot in self.mine(home):
            part = min(amount, self.free(lot))
            if part:
                picked[lot.key] = part
                amount -= part
        return picked

    def spend(self, home: int, key: str, amount: int, *, adjust: bool) -> None:
        self._take(key, self._pick(home, amount), adjust=adjust)

    def _take(self, key: str, parts: dict[str, int], *, adjust: bool) -> None:
        self.spent[key] = dict(parts)
        if adjust:
            self.adjusted.add(key)
        for name, part in parts.items():
            self.lots[name].remaining -= part
            self.lots[name].spent += part
        total = sum(parts.values())
        self.shop["adjusted" if adjust else "spent"] += -total if adjust else total

    def hold(self, home: int, key: str, amount: int, *, lapses: datetime | None) -> None:
        self.holds[key] = Hold(home, self._pick(home, amount), lapses)

    def commit(self, key: str, amount: int | None, now: datetime) -> int:
        hold = self.holds[key]
        if hold.state != "open":
            raise RefusedError("HoldEnded")
        left = wanted = sum(hold.parts.values()) if amount is None else amount
        taken = {}
        for name in self._by_end(hold.parts):
            part = min(left, hold.parts[name])
            if part:
                taken[name] = part
                left -= part
        hold.state = "committed"
        self._take(key, taken, adjust=False)
        self._wake((name for name, part in hold.parts.items() if part > taken.get(name, 0)), now)
        return wanted

    def release(self, key: str, now: datetime, state: str = "released") -> bool:
        hold = self.holds[key]
        if hold.state == "committed":
            raise RefusedError("HoldEnded")
        if hold.state != "open":
            return False
        hold.state = state
        self._wake(hold.parts, now)
        return True

    def _by_end(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: (self.lots[name].ends, self.lots[name].number))

    def _wake(self, names: Iterable[str], now: datetime) -> None:
        """What comes free or comes back after its end lives a week more."""
        for name in names:
            if self.lots[name].ends <= now:
                self.lots[name].ends = now + WEEK

    def lapse(self, now: datetime) -> None:
        for key, hold in self.holds.items():
            if hold.state == "open" and hold.lapses is not None and hold.lapses <= now:
                self.release(key, now, "lapsed")

    def give_back(self, spent_with: str, amount: int, now: datetime) -> None:
        taken = self.spent[spent_with]
        if sum(taken.values()) < amount:
            raise RefusedError("NotEnough")
        adjust = spent_with in self.adjusted
        self.shop["adjusted" if adjust else "spent"] += amount if adjust else -amount
        for name in reversed(self._by_end(taken)):
            part = min(taken[name], amount)
            if part:
                taken[name] -= part
                amount -= part
                self._wake([name], now)
                self.lots[name].remaining += part
                self.lots[name].spent -= part

    def take_back(self, award: str, *, refunded: int, paid: int, policy: str) -> int:
        lot = self.lots[award]
        wanted = lot.earned * refunded // paid - lot.taken_back
        if wanted <= 0:
            return 0
        lot.taken_back += wanted
        missing = wanted
        same = [*self.mine(lot.home, "pending"), *self.mine(lot.home)]
        others = [other for other in same if other.order == lot.order]
        if policy == "other_lots":
            others += [other for other in self.mine(lot.home) if other.order != lot.order]
        for source in [lot, *(other for other in others if other is not lot)]:
            part = min(missing, self.free(source))
            source.remaining -= part
            source.reversed += part
            missing -= part
            if part and source.state == "pending" and not source.remaining:
                source.state = "cancelled"
        self.shop["reversed"] += wanted
        if policy == "waive":
            self.shop["waived"] += missing
        else:
            self.debts[lot.home] += missing
        return wanted

    def forfeit(self, home: int) -> None:
        for lot in [*self.mine(home), *self.mine(home, "pending")]:
            over = self.free(lot)
            lot.remaining -= over
            lot.expired += over
            self.shop["expired"] += over
            if lot.state == "pending":
                lot.state = "cancelled"
        self.shop["waived"] += self.debts[home]
        self.debts[home] = 0

    def merge(self, key: str, source: int, target: int) -> None:
        lots = [lot.key for lot in self.lots.values() if lot.home == source]
        holds = [name for name, hold in self.holds.items() if hold.home == source]
        self.merges[key] = Merge(source, target, lots, holds, self.debts[source])
        self._move(self.merges[key], target, debt=self.debts[source])

    def undo(self, key: str) -> None:
        merge = self.merges[key]
        if merge.undone:
            return
        names = list(self.merges)
        for later in names[names.index(key) + 1 :]:
            if self.merges[later].source == merge.target and not self.merges[later].undone:
                raise RefusedError("MergedOn")
        for name, hold in self.holds.items():
            if hold.state == "open" and name not in merge.holds and set(hold.parts) & set(merge.lots):
                raise RefusedError("HoldsMixed")
        merge.undone = True
        self._move(merge, merge.source, debt=min(merge.debt, self.debts[merge.target]))

    def _move(self, merge: Merge, home: int, *, debt: int) -> None:
        for lot in merge.lots:
            self.lots[lot].home = home
        for hold in merge.holds:
            self.holds[hold].home = home
        self.debts[merge.source + merge.target - home] -= debt
        self.debts[home] += debt
