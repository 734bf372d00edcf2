"""All that is shown of one member's tier, for their own page, the API and the console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.loyalty.ledger import queries as ledger

from . import queries
from .line import Growth
from .models import MemberTier, TierOverride
from .rules import History, counting
from .terms import TierTerms

MOMENT = timedelta(seconds=1)
COUNTING_MAX = 50


@dataclass(frozen=True, kw_only=True)
class Counting:
    """Growth that counts now: what is left of it, when it came and until when it counts. `source` is the word before the
    colon of what earned it, e.g. order."""

    amount: int
    at: datetime
    until: datetime
    source: str


@dataclass(frozen=True, kw_only=True)
class MemberFile:
    """A member's history, what the levels are called, and the name of the tier they fall to if no growth comes."""

    history: History
    names: dict[str, str]
    falls_to: str | None
    counting: list[Counting]

    @property
    def terms(self) -> TierTerms:
        return self.history.version.terms


def file_of(*, customer_id: int, now: datetime) -> MemberFile | None:
    """None for who is no member."""
    row = db.session.execute(
        select(MemberTier.__table__).where(MemberTier.customer_id == customer_id)
    ).first()
    if row is None:
        return None
    versions = queries.versions()
    own = queries.inputs_of(rows=[row], now=now)[customer_id]
    history = queries.histories_from({customer_id: own}, among=versions)[customer_id]
    falls_to = None
    if history.keep is not None and history.keep.gap:
        then = queries.Inputs(
            growth=own.growth,
            overrides=own.overrides,
            joined_at=own.joined_at,
            now=history.keep.drops_at + MOMENT,
        )
        falls_to = queries.histories_from({customer_id: then}, among=versions)[customer_id].level.name
    return MemberFile(
        history=history,
        names={level.code: level.name for version in versions for level in version.terms.levels},
        falls_to=falls_to,
        counting=_counting(customer_id, own.growth, terms=history.version.terms, now=own.now),
    )


def _counting(
    customer_id: int, growth: Sequence[Growth], *, terms: TierTerms, now: datetime
) -> list[Counting]:
    entries = ledger.qualifying(customer_ids=[customer_id])[customer_id]
    sources = {entry.award: entry.subject.partition(":")[0] for entry in reversed(entries)}
    return [
        Counting(
            amount=entry.amount,
            at=entry.at,
            until=terms.stops_counting(entry.at),
            source=sources.get(entry.award, ""),
        )
        for entry in counting(growth=growth, terms=terms, now=now)[:COUNTING_MAX]
    ]


def overrides_of(*, customer_id: int) -> Sequence[TierOverride]:
    """Tiers that staff gave to a customer, the newest first."""
    mine = select(TierOverride).where(TierOverride.customer_id == customer_id)
    return db.session.scalars(mine.order_by(TierOverride.id.desc())).all()
