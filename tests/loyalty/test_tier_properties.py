"""What must hold of tiers whatever happens: random growth, refunds, rules and overrides over some years."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shopapp.loyalty.tiers.line import Growth, Version, Why
from shopapp.loyalty.tiers.rules import History, Override, evaluate
from shopapp.loyalty.tiers.terms import Drop, Level, Mode, TierTerms
from tests.support.tiers import JOINED, first

SPAN = 3 * 365
DROPS = (Why.DROPPED, Why.REFUND, Why.OVERRIDE_END)


@dataclass(frozen=True)
class Life:
    """What happened to one member."""

    growth: list[Growth]
    versions: list[Version]
    overrides: list[Override]

    def at(self, now: datetime) -> History:
        return evaluate(
            growth=self.growth,
            versions=self.versions,
            overrides=self.overrides,
            joined_at=JOINED,
            now=now,
        )

    def known_by(self, now: datetime) -> Life:
        """What had happened by then; an override that was ended later was not ended yet."""
        overrides = [
            replace(entry, ended_at=None if entry.ended_at and entry.ended_at > now else entry.ended_at)
            for entry in self.overrides
        ]
        return Life(
            growth=[entry for entry in self.growth if entry.at <= now],
            versions=[version for version in self.versions if version.at <= now],
            overrides=[entry for entry in overrides if entry.since <= now],
        )


def moment(day: int, hour: int = 3) -> datetime:
    return JOINED + timedelta(days=day, hours=hour)


days = st.integers(min_value=0, max_value=SPAN)


@st.composite
def rules(draw: st.DrawFn) -> TierTerms:
    mode = draw(st.sampled_from(Mode))
    length = {
        Mode.ROLLING: st.integers(1, 14),
        Mode.DAYS: st.integers(20, 400),
        Mode.CALENDAR_YEAR: st.just(0),
    }
    entries = sorted(draw(st.sets(st.integers(1, 60), min_size=3, max_size=3)))
    keeps = sorted(draw(st.integers(0, entry)) for entry in entries)
    levels = [Level(code="member", name="0", entry=0, keep=0)]
    for code, entry, keep in zip(("silver", "gold", "diamond"), entries, keeps, strict=True):
        levels.append(Level(code=code, name=code, entry=entry, keep=min(entry, keep)))
    return TierTerms(
        mode=mode,
        length=draw(length[mode]),
        levels=tuple(levels),
        grace_days=draw(st.sampled_from([0, 5, 15])),
        drop=draw(st.sampled_from(Drop)),
        growth_per_yuan=1,
    )


@st.composite
def gains(draw: st.DrawFn) -> list[Growth]:
    found = draw(st.lists(st.tuples(days, st.integers(1, 50)), max_size=10))
    return [Growth(amount=amount, at=moment(day), award=str(n)) for n, (day, amount) in enumerate(found)]


@st.composite
def refunds(draw: st.DrawFn, growth: list[Growth]) -> list[Growth]:
    taken = []
    for entry in (
        draw(st.lists(st.sampled_from(growth), max_size=4, unique_by=lambda entry: entry.award))
        if growth
        else []
    ):
        wait = timedelta(days=draw(st.integers(0, 300)), hours=1)
        amount = draw(st.integers(1, entry.amount))
        taken.append(Growth(amount=-amount, at=entry.at + wait, award=entry.award))
    return taken


@st.composite
def lives(draw: st.DrawFn, *, with_rules: bool = True, with_overrides: bool = True) -> Life:
    growth = draw(gains())
    growth = draw(st.permutations([*growth, *draw(refunds(growth))]))
    versions = [first(draw(rules()))]
    if with_rules:
        for number, day in enumerate(sorted(draw(st.lists(days, max_size=2))), start=1):
            versions.append(Version(number=number, at=moment(day, 5), terms=draw(rules())))
    overrides = []
    for day in draw(st.lists(days, max_size=2)) if with_overrides else []:
        until = moment(day + draw(st.integers(1, 200)), 0)
        ended = draw(st.none() | st.integers(0, 220).map(lambda wait, day=day: moment(day + wait, 7)))  # type: ignore[misc]
        code = draw(st.sampled_from(["silver", "gold", "diamond"]))
        overrides.append(Override(code=code, since=moment(day, 2), until=until, ended_at=ended))
    return Life(growth=list(growth), versions=versions, overrides=overrides)


def key(history: History) -> Any:
    return (history.steps, history.level, history.grace_until, history.keep, history.next, history.growth)


@settings(max_examples=300, deadline=None)
@given(life=lives(), stops=st.lists(days, min_size=1, max_size=6))
def test_looking_every_day_comes_to_the_same_as_looking_once_and_late(life: Life, stops: list[int]) -> None:
    """What was worked out with what was known by then is the beginning of what is worked out at the end."""
    end = moment(SPAN + 30)
    whole = life.at(end).steps
    for stop in stops:
        now = moment(stop, 12)
        known = life.known_by(now)
        early = known.at(now)
        assert early.steps == tuple(step for step in whole if step.since <= now)
        # a tier given ahead is known, and puts off the drop that members are told of
        assert key(early) == key(replace(life, overrides=known.overrides).at(now))


@settings(max_examples=300, deadline=None)
@given(life=lives())
def test_between_looks_nothing_changes(life: Life) -> None:
    """From one look to the next that was foreseen there is no step that growth, rules or staff did not cause."""
    at, end = JOINED, moment(SPAN)
    acts = {entry.at for entry in life.growth} | {version.at for version in life.versions}
    acts |= {time for entry in life.overrides for time in (entry.since, entry.over_at)}
    foreseen = set()
    for act in sorted({JOINED, *(time for time in acts if JOINED <= time <= end)}):
        at = act
        while (following := life.known_by(act).at(at).next_look(at)) is not None and following <= end:
            foreseen.add(following)
            at = following
    assert {step.since for step in life.at(end).steps} <= acts | foreseen | {JOINED}


@settings(max_examples=300, deadline=None)
@given(life=lives(with_overrides=False))
def test_nobody_goes_down_before_the_end_of_a_term_but_by_a_refund(life: Life) -> None:
    steps = life.at(moment(SPAN + 400)).steps
    for before, after in pairwise(steps):
        ranks = [
            next(version.terms for version in life.versions if version.number == after.version).rank(
                step.code
            )
            for step in (before, after)
        ]
        if ranks[0] is not None and ranks[1] is not None and ranks[1] < ranks[0]:
            assert after.why in DROPS or before.until is None
            if after.why is Why.DROPPED:
                assert before.until is not None
                assert after.since >= before.until
        if after.why in (Why.UP, Why.KEPT) or (after.why is Why.RULES and ranks[1]):
            assert ranks[0] is None or ranks[1] is None or ranks[1] >= ranks[0] or after.why is Why.RULES


@settings(max_examples=300, deadline=None)
@given(life=lives(with_rules=False, with_overrides=False), more=st.tuples(days, st.integers(1, 50)))
def test_a_refund_never_makes_anything_better(life: Life, more: tuple[int, int]) -> None:
    """Until a term has ended, nobody stands higher with a refund or lower with more growth, and tiers only rise.

    Later they may: who reached a tier earlier sees its term end earlier.
    """
    terms = life.versions[0].terms
    kept = Life([entry for entry in life.growth if entry.amount > 0], life.versions, [])
    again = Life([*kept.growth, Growth(amount=more[1], at=moment(more[0]), award="more")], life.versions, [])
    steps = [*kept.at(moment(SPAN)).steps, *again.at(moment(SPAN)).steps]
    ends = [step.since for step in steps if step.why in (Why.KEPT, Why.DROPPED)]
    now = min([*ends, moment(SPAN)]) - timedelta(hours=1)
    if now < JOINED:
        return
    assert life.at(now).rank <= kept.at(now).rank
    assert again.at(now).rank >= kept.at(now).rank
    ranks = [terms.rank(step.code) or 0 for step in kept.at(now).steps]
    assert ranks == sorted(ranks)


@settings(max_examples=200, deadline=None)
@given(life=lives(with_rules=False, with_overrides=False))
def test_who_took_everything_back_stands_where_somebody_without_orders_stands(life: Life) -> None:
    """As long as no term has ended in between: what was kept at the end of a term stays."""
    gained = [entry for entry in life.growth if entry.amount > 0]
    back = [Growth(amount=-entry.amount, at=moment(SPAN, 1), award=entry.award) for entry in gained]
    long = replace(life.versions[0].terms, mode=Mode.ROLLING, length=36)
    found = evaluate(growth=[*gained, *back], versions=[first(long)], joined_at=JOINED, now=moment(SPAN, 2))
    if not any(step.why in (Why.KEPT, Why.DROPPED) for step in found.steps):
        assert found.rank == 0
        assert found.growth == 0


@settings(max_examples=300, deadline=None)
@given(terms=rules(), grown=days, looked=days)
def test_growth_counts_from_when_it_came_until_it_stops(terms: TierTerms, grown: int, looked: int) -> None:
    """The window seen from its end is the one seen from its beginning."""
    at, now = moment(grown), moment(max(grown, looked))
    assert (terms.counts_since(now) <= at) is (terms.stops_counting(at) > now)
