"""A member's tier is a pure function of growth, rule versions, overrides and the clock. No database.

All happens in the order of time; growth of one instant counts together, after what the rules do at that instant.

- **Up** at once, when the growth that still counts reaches the `entry` of a higher level. Growth counts for the length of a
  term from the day it came (12 months, N days), or within its calendar year. The tier is then held for a whole term.
- **Keeping.** At the end of a term the growth that came after the tier was entered, not what entered it, must reach
  `keep`; with calendar years it is the growth of the last year of the term. What keeps it gives one more term from the old end.
- **Grace.** Whoever falls short keeps the tier for `grace_days` more; reaching `keep` by then gives the same term, counted
  from the old end, and that growth is used up. Otherwise the member drops: one level, or to the highest whose `keep` is
  reached, and never below what counting growth reaches. The lower tier has a term from the old end too.
- **Taken back** growth (a refund names the award) counts from then on as if it had not come. If the member went up since
  their last term began, the time since then is worked out again without it, and the tier is what comes of that: an upgrade
  that the rest supports stays. What was kept or lost at the end of a term stays decided.
- **New rules** decide from the moment they are saved; a term that has a date keeps it. Who reaches more by them goes up.
- **Override.** From its beginning to its end the member has at least this level; what they earn goes on beneath it. Where
  one follows another without a gap, nobody is told of a drop between them.
- Growth that merely expires is no news here: it stops counting by the windows above.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from shopapp.kernel.money import Money

from .line import Growth, Line, Step, Version, Why
from .terms import Level, TierTerms

AHEAD = (30, 7)
"""How many days before a drop members are told."""


@dataclass(frozen=True, kw_only=True)
class Override:
    """A level given by staff: since ≤ t < until, or until it was ended. `card` is the key of the card it comes with."""

    code: str
    since: datetime
    until: datetime
    ended_at: datetime | None = None
    card: str = ""

    @property
    def over_at(self) -> datetime:
        return self.until if self.ended_at is None else max(min(self.until, self.ended_at), self.since)


@dataclass(frozen=True, kw_only=True)
class Keep:
    """What holds the tier at the end of its term; the member drops at `drops_at` if it does not come."""

    needed: int
    got: int
    until: datetime
    drops_at: datetime

    @property
    def gap(self) -> int:
        return max(self.needed - self.got, 0)


@dataclass(frozen=True, kw_only=True)
class Next:
    """The level above: how much growth is missing, and from when on some of what there is counts no more."""

    level: Level
    missing: int
    by: datetime | None


@dataclass(frozen=True, kw_only=True)
class History:
    """All steps up to now, the last being the present one, and what comes next. `growth` is what counts for going up."""

    steps: tuple[Step, ...]
    level: Level
    rank: int
    grace_until: datetime | None
    growth: int
    next: Next | None
    keep: Keep | None
    version: Version
    changes_at: datetime | None

    @property
    def current(self) -> Step:
        return self.steps[-1]

    def warning(self, now: datetime) -> int | None:
        """30 or 7, if the member is to have been told by now of a drop so many days ahead."""
        if self.keep is None or not self.keep.gap:
            return None
        told = [days for days in AHEAD if self.current.since <= self._ahead(days) <= now]
        return min(told, default=None)

    def next_look(self, now: datetime) -> datetime | None:
        """When there is something to do about this member, if no growth comes meanwhile."""
        times = [] if self.changes_at is None else [self.changes_at]
        if self.keep is not None and self.keep.gap:
            times += [self._ahead(days) for days in AHEAD]
        return min((time for time in times if time > now), default=None)

    def _ahead(self, days: int) -> datetime:
        return (self.keep.drops_at if self.keep else self.current.since) - timedelta(days=days)


def growth_for(pay: Money, terms: TierTerms) -> int:
    """The growth that paying this much gives: whole growth for whole parts of a yuan, rounded down."""
    return max(pay.fen, 0) * terms.growth_per_yuan // 100


def evaluate(
    *,
    growth: Sequence[Growth],
    versions: Sequence[Version],
    overrides: Sequence[Override] = (),
    joined_at: datetime,
    now: datetime,
) -> History:
    """The tiers of a member who joined at `joined_at`, up to `now` ≥ it. What comes later than `now` is not looked at.

    `versions` stand in the order of their times; the first is in force from the beginning.
    """
    line = Line(versions, joined_at)
    ordered = sorted((entry for entry in growth if entry.at <= now), key=attrgetter("at"))
    groups = [(at, list(entries)) for at, entries in groupby(ordered, key=attrgetter("at"))]
    for at, entries in groups:
        if at <= joined_at:
            line.book(entries)
    line.join(joined_at)
    for at, entries in groups:
        if at > joined_at:
            line.take(at, entries)
    line.advance(now)
    return _history(line, [entry for entry in overrides if entry.since <= now], overrides, now)


def counting(*, growth: Sequence[Growth], terms: TierTerms, now: datetime) -> list[Growth]:
    """The growth that counts for going up now, each with what is left of it, the newest first."""
    line = Line([Version(number=0, at=now, terms=terms)], now)
    for entry in sorted((entry for entry in growth if entry.at <= now), key=attrgetter("at")):
        line.book([entry])
    rows = zip(line.times, line.amounts, line.awards, strict=True)
    left = [Growth(amount=amount, at=at, award=award) for at, amount, award in rows if amount]
    return [entry for entry in reversed(left) if terms.stops_counting(entry.at) > now]


def _history(line: Line, begun: Sequence[Override], overrides: Sequence[Override], now: datetime) -> History:
    terms, held = line.terms, line.held
    steps = _with_overrides(line.steps, begun, line.versions, now) if begun else line.steps
    growth = line.counted(now)
    manual = steps[-1].why is Why.OVERRIDE
    rank = terms.rank(steps[-1].code) or 0
    times = [moment for entry in overrides for moment in (entry.since, entry.over_at)]
    times += [moment for moment in (held.grace_until or held.until,) if moment is not None]
    return History(
        steps=tuple(steps),
        level=terms.levels[rank],
        rank=rank,
        grace_until=None if manual else held.grace_until,
        growth=growth,
        next=_next(line, rank=rank, growth=growth, now=now),
        keep=_keep_of(line, steps[-1], overrides, growth=growth),
        version=line.versions[line.at_version],
        changes_at=min((moment for moment in times if moment > now), default=None),
    )


def _next(line: Line, *, rank: int, growth: int, now: datetime) -> Next | None:
    above = line.terms.levels[rank + 1 : rank + 2]
    if not above:
        return None
    oldest = line.times[line.first_counting(now) : line.known][:1]
    by = line.terms.stops_counting(oldest[0]) if oldest else None
    return Next(level=above[0], missing=max(above[0].entry - growth, 0), by=by)


def _keep_of(line: Line, current: Step, overrides: Sequence[Override], *, growth: int) -> Keep | None:
    """A tier given by staff is held beyond its end by reaching it."""
    if current.until is None:
        return None
    terms, held = line.terms, line.held
    if current.why is Why.OVERRIDE:
        level = terms.level(current.code)
        needed = level.entry if level else 0
        until = _given_until(current.code, current.until, overrides, terms=terms)
        return Keep(needed=needed, got=growth, until=until, drops_at=until)
    drops_at = held.grace_until or terms.grace_end(current.until)
    return Keep(needed=line.needed(), got=line.got(), until=current.until, drops_at=drops_at)


def _given_until(code: str, until: datetime, overrides: Sequence[Override], *, terms: TierTerms) -> datetime:
    """Until when at least this level is given without a gap: a card may wait behind the one that runs."""
    rank = terms.rank(code) or 0
    for entry in sorted(overrides, key=attrgetter("since")):
        if entry.since <= until < entry.over_at and (terms.rank(entry.code) or 0) >= rank:
            until = entry.over_at
    return until


def _with_overrides(
    earned: Sequence[Step], overrides: Sequence[Override], versions: Sequence[Version], now: datetime
) -> list[Step]:
    """The steps as the member had them: what was earned, where nothing higher was given."""
    times = {step.since for step in earned} | {
        moment for entry in overrides for moment in (entry.since, entry.over_at)
    }
    steps: list[Step] = []
    given_before = False
    for at in sorted(time for time in times if earned[0].since <= time <= now):
        version = versions[max(bisect_right(versions, at, key=attrgetter("at")) - 1, 0)]
        begun = [step for step in earned if step.since <= at]
        given = _given(overrides, begun[-1], terms=version.terms, at=at)
        if given is not None:
            step = Step(
                code=given.code,
                since=at,
                until=given.until,
                why=Why.OVERRIDE,
                version=version.number,
                award=given.card,
            )
            if not steps or (steps[-1].code, steps[-1].until) != (step.code, step.until):
                steps.append(step)
        elif begun[-1].since == at:
            steps += [step for step in begun if step.since == at]
        elif given_before:
            steps.append(replace(begun[-1], since=at, why=Why.OVERRIDE_END, version=version.number))
        given_before = given is not None
    return steps


def _given(overrides: Sequence[Override], earned: Step, *, terms: TierTerms, at: datetime) -> Override | None:
    """The override that stands above what was earned at this time, if one does."""
    best, best_rank, best_until = None, terms.rank(earned.code) or 0, earned.until
    for entry in overrides:
        rank = terms.rank(entry.code)
        if rank is None or not entry.since <= at < entry.over_at:
            continue
        later = best_until is not None and entry.until > best_until
        if rank > best_rank or (rank == best_rank and later):
            best, best_rank, best_until = entry, rank, entry.until
    return best
