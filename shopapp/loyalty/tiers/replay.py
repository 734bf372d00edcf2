"""Work all tiers out anew from the books and compare them with what is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from . import queries

BATCH = 1000
DIFFERENCES_MAX = 100


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A member, by row id of the customer, of whom something is kept that does not follow from the books."""

    customer_id: int
    field: str
    kept: str
    replayed: str


@dataclass(kw_only=True)
class Replay:
    checked: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.differences


def replay(*, progress: Callable[[int], None] | None = None) -> Replay:
    """Each member as of when they were last looked at, or of their last growth. At most 100 differences are listed."""
    result, last, versions = Replay(), 0, queries.versions()
    while rows := queries.batch_after(row_id=last, limit=BATCH):
        last = rows[-1].id
        inputs = queries.inputs_of(rows=rows, now=queries.BEGINNING.at)
        histories = queries.histories_from(inputs, among=versions)
        kept = queries.kept_steps(customer_ids=[row.customer_id for row in rows])
        for row in rows:
            history = histories[row.customer_id]
            pairs = {
                "code": (row.code, history.level.code),
                "level": (row.level, history.rank),
                "since": (row.since, history.current.since),
                "until": (row.until, history.current.until),
                "grace_until": (row.grace_until, history.grace_until),
                "steps": (kept[row.customer_id], list(history.steps)),
            }
            result.differences += [
                Difference(customer_id=row.customer_id, field=name, kept=str(old), replayed=str(new))
                for name, (old, new) in pairs.items()
                if old != new and len(result.differences) < DIFFERENCES_MAX
            ]
        result.checked += len(rows)
        if progress is not None:
            progress(result.checked)
    return result
