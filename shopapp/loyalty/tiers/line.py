"""What growth alone earns: one member's tier moved forward in time by rules, ends of terms and growth. No database."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from .terms import Drop, TierTerms


class Why(StrEnum):
    """Why a member came to a tier, or to a new term in it."""

    JOINED = "joined"
    UP = "up"
    KEPT = "kept"
    DROPPED = "dropped"
    REFUND = "refund"
    RULES = "rules"
    OVERRIDE = "override"
    OVERRIDE_END = "override_end"


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """Growth that came, or with a negative amount was taken back from this award."""

    amount: int
    at: datetime
    award: str


@dataclass(frozen=True, kw_only=True)
class Version:
    """The rules in force from `at` until the next version."""

    number: int
    at: datetime
    terms: TierTerms


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """From `since` the member has this tier; `until` is when its term ends. `got` of `needed` growth decided it."""

    code: str
    since: datetime
    until: datetime | None
    why: Why
    version: int
    got: int = 0
    needed: int = 0
    award: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The tier that growth holds. Growth from place `first` on, not before `counts_from`, counts for keeping it."""

    code: str
    until: datetime | None
    first: int
    counts_from: datetime
    grace_until: datetime | None = None


class Line:
    """What growth alone comes to, moved forward in time; the semantics stand in `rules`."""

    def __init__(self, versions: Sequence[Version], start: datetime) -> None:
        self.versions = versions
        self.at_version = max(bisect_right(versions, start, key=attrgetter("at")) - 1, 0)
        self.times: list[datetime] = []
        self.amounts: list[int] = []
        self.awards: list[str] = []
        self.known = 0
        self.steps: list[Step] = []

    @property
    def terms(self) -> TierTerms:
        return self.versions[self.at_version].terms

    @property
    def rank(self) -> int:
        return self.terms.rank(self.held.code) or 0

    def book(self, entries: Sequence[Growth]) -> None:
        """Take note of growth of one instant, and take back from awards, the latest part of each first."""
        for entry in entries:
            if entry.amount > 0:
                self.times.append(entry.at)
                self.amounts.append(entry.amount)
                self.awards.append(entry.award)
        for entry in entries:
            if entry.amount < 0:
                self._take_back(entry.award, -entry.amount)
        self.known = len(self.times)

    def _take_back(self, award: str, amount: int) -> None:
        for place in range(len(self.awards) - 1, -1, -1):
            if amount and self.awards[place] == award:
                part = min(amount, self.amounts[place])
                self.amounts[place] -= part
                amount -= part

    def join(self, at: datetime) -> None:
        self.held = Held(code=self.terms.levels[0].code, until=None, first=self.known, counts_from=at)
        self._note(at, Why.JOINED)
        self._settled()
        self._lift(at, Why.UP)

    def take(self, at: datetime, entries: Sequence[Growth]) -> None:
        self.advance(at)
        self.book(entries)
        lost = next((entry.award for entry in entries if entry.amount < 0), None)
        if lost is not None and self.held is not self.settled[0]:
            self._again(at, award=lost)
        self._lift(at, Why.UP, award=entries[-1].award)

    def advance(self, to: datetime) -> None:
        """Let rules come into force and terms end, up to and with this moment."""
        while True:
            following = self.versions[self.at_version + 1 : self.at_version + 2]
            ends_at = self.held.grace_until or self.held.until
            if following and following[0].at <= to and (ends_at is None or following[0].at <= ends_at):
                self._new_rules(following[0])
            elif ends_at is not None and ends_at <= to:
                self._end_term(ends_at)
            else:
                return

    def got(self) -> int:
        """The growth that counts for keeping what is held."""
        begin = bisect_left(self.times, self.held.counts_from, hi=self.known)
        return sum(self.amounts[max(begin, self.held.first) : self.known])

    def needed(self) -> int:
        return self.terms.levels[self.rank].keep

    def counted(self, at: datetime) -> int:
        """The growth that counts for going up at this time."""
        return sum(self.amounts[self.first_counting(at) : self.known])

    def first_counting(self, at: datetime) -> int:
        return bisect_left(self.times, self.terms.counts_since(at), hi=self.known)

    def _lift(self, at: datetime, why: Why, *, award: str = "") -> None:
        levels, rank = self.terms.levels, self.rank
        if rank + 1 < len(levels) and sum(self.amounts[: self.known]) >= levels[rank + 1].entry:
            got = self.counted(at)
            target = self.terms.reached(got)
            if target > rank:
                end = self.terms.end(at)
                self._hold(target, until=end, first=self.known, start=at)
                self._note(at, why, got=got, needed=levels[target].entry, award=award)
                return
        if self.held.grace_until is not None and self.got() >= self.needed():
            self._keep(at)

    def _hold(self, rank: int, *, until: datetime | None, first: int, start: datetime) -> None:
        counts_from = start if until is None else self.terms.counting_from(start=start, end=until)
        code = self.terms.levels[rank].code
        self.held = Held(code=code, until=until, first=first, counts_from=counts_from)

    def _end_term(self, at: datetime) -> None:
        if self.held.grace_until is None:
            if self.got() >= self.needed():
                return self._keep(at)
            if self.terms.grace_days:
                self.held = replace(self.held, grace_until=self.terms.grace_end(at))
                return None
        return self._drop(at)

    def _keep(self, at: datetime) -> None:
        got, needed, old = self.got(), self.needed(), self.held.until or at
        self._hold(self.rank, until=self.terms.next_end(old), first=self.known, start=old)
        self._note(at, Why.KEPT, got=got, needed=needed)
        self._settled()

    def _drop(self, at: datetime) -> None:
        got, needed, old, rank = self.got(), self.needed(), self.held.until or at, self.rank
        lower = rank - 1 if self.terms.drop is Drop.ONE_STEP else min(self.terms.kept(got), rank - 1)
        lower = max(lower, self.terms.reached(self.counted(at)), 0)
        self._hold(lower, until=self.terms.next_end(old) if lower else None, first=0, start=old)
        self._note(at, Why.DROPPED if lower < rank else Why.KEPT, got=got, needed=needed)
        self._settled()

    def _new_rules(self, version: Version) -> None:
        """A level that is no longer in the rules passes its members on to the nearest that asks for no more; one that is
        the first now has no term any more."""
        before = self.terms.levels[self.rank]
        self.at_version += 1
        code = self.held.code
        if self.held.until is None:
            code = self.terms.levels[0].code
        elif self.terms.rank(code) is None:
            code = self.terms.levels[self.terms.reached(before.entry)].code
        if code != self.held.code:
            self.held = replace(self.held, code=code)
            self._note(version.at, Why.RULES)
        if self.held.until is not None and code == self.terms.levels[0].code:
            self._hold(0, until=None, first=self.held.first, start=version.at)
            self._note(version.at, Why.RULES)
        self._lift(version.at, Why.RULES)

    def _settled(self) -> None:
        """From here the time is worked out again when growth is taken back."""
        self.settled = (self.held, self.known, self.at_version)

    def _again(self, at: datetime, *, award: str) -> None:
        before, steps, end = self.held, self.steps, self.known
        self.steps = []
        self.held, self.known, self.at_version = self.settled
        while self.known < end:
            time = self.times[self.known]
            self.advance(time)
            self.known = bisect_right(self.times, time, lo=self.known, hi=end)
            self._lift(time, Why.UP)
        self.advance(at)
        self.steps = steps
        if (self.held.code, self.held.until) != (before.code, before.until):
            self._note(at, Why.REFUND, got=self.counted(at), award=award)

    def _note(self, at: datetime, why: Why, *, got: int = 0, needed: int = 0, award: str = "") -> None:
        self.steps.append(
            Step(
                code=self.held.code,
                since=at,
                until=self.held.until,
                why=why,
                version=self.versions[self.at_version].number,
                got=got,
                needed=needed,
                award=award,
            )
        )
