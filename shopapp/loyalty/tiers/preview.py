"""Who would move if these rules were saved now: all members, some at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from . import queries
from .line import Version
from .queries import Inputs
from .rules import History
from .terms import TierTerms

BATCH = 1000
EXAMPLES_MAX = 10
MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Mover:
    """A member who goes from one tier, by its name, to another: at once when up, else at `at`."""

    customer_id: int
    before: str
    after: str
    at: datetime | None


@dataclass(kw_only=True)
class Preview:
    """`up` go up at once. `down` keep their tier to the end of its term and lose it then, by what they have today, though
    the rules in force would not take it."""

    up: int = 0
    down: int = 0
    same: int = 0
    examples: list[Mover] = field(default_factory=list)


def preview(*, terms: TierTerms, now: datetime) -> Preview:
    """Count over all members. Reads only; memory does not grow with their number."""
    present = queries.versions()
    wanted = [*present, Version(number=present[-1].number + 1, at=max(now, present[-1].at), terms=terms)]
    result, last = Preview(), 0
    while rows := queries.batch_after(row_id=last, limit=BATCH):
        last = rows[-1].id
        inputs = queries.inputs_of(rows=rows, now=now)
        before = queries.histories_from(inputs, among=present)
        after = queries.histories_from(inputs, among=wanted)
        _count(result, inputs, before, after, present=present, wanted=wanted)
    return result


def _count(
    result: Preview,
    inputs: Mapping[int, Inputs],
    before: Mapping[int, History],
    after: Mapping[int, History],
    *,
    present: list[Version],
    wanted: list[Version],
) -> None:
    for customer_id, old in before.items():
        new = after[customer_id]
        down = None
        if new.current.code != old.current.code and new.current.until is not None:
            result.up += 1
        elif (down := _later(inputs[customer_id], old, new, present=present, wanted=wanted)) is not None:
            result.down += 1
        else:
            result.same += 1
            continue
        if len(result.examples) < EXAMPLES_MAX:
            result.examples.append(
                Mover(
                    customer_id=customer_id,
                    before=old.level.name,
                    after=(down or new).level.name,
                    at=None if down is None or new.keep is None else new.keep.drops_at,
                )
            )


def _later(
    own: Inputs, old: History, new: History, *, present: list[Version], wanted: list[Version]
) -> History | None:
    """What the member falls to when the term ends, if it is because of the new rules."""
    if new.keep is None or not new.keep.gap:
        return None
    if old.keep is not None and old.keep.gap and old.keep.needed >= new.keep.needed:
        return None
    ends = Inputs(
        growth=own.growth,
        overrides=own.overrides,
        joined_at=own.joined_at,
        now=max(new.keep.drops_at, old.keep.drops_at if old.keep else own.now) + MOMENT,
    )
    then = {
        kind: queries.histories_from({0: ends}, among=rules)[0]
        for kind, rules in (("old", present), ("new", wanted))
    }
    return then["new"] if then["new"].rank < then["old"].rank else None
