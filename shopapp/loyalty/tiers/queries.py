"""Who has which tier, by which rules, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from shopapp.kernel.db import db
from shopapp.loyalty.ledger import queries as ledger
from shopapp.members.identity.queries import SESSION_HOLDER

from .line import Growth, Step, Version
from .models import MemberTier, TierOverride, TierStep, TierVersion
from .rules import History, Override, evaluate
from .terms import DEFAULT, Benefits, Level, TierTerms

BEGINNING = Version(number=0, at=datetime(1970, 1, 1, tzinfo=UTC), terms=DEFAULT)
EXPIRED = "expire"
CARD = "card:"

TIER_OF_HOLDER = (
    select(MemberTier.code)
    .where(MemberTier.customer_id == SESSION_HOLDER.c.customer_id)
    .correlate(SESSION_HOLDER)
    .scalar_subquery()
)
"""The code of the tier of who signed in, as it was last worked out: a column for glances that read `SESSION_HOLDER`."""


@dataclass(frozen=True, kw_only=True)
class TierView:
    """The tier somebody has now and what it gives; `level` counts from 0."""

    code: str
    name: str
    level: int
    benefits: Benefits
    since: datetime
    until: datetime | None
    grace_until: datetime | None


def versions() -> list[Version]:
    """All versions of the rules, the first being that of a shop that has set none."""
    rows = db.session.execute(
        select(TierVersion.number, TierVersion.starts_at, TierVersion.terms).order_by(TierVersion.number)
    )
    kept = [
        Version(number=row.number, at=row.starts_at, terms=TierTerms.from_json(row.terms)) for row in rows
    ]
    return [BEGINNING, *kept]


def version_now() -> Version:
    """The rules in force."""
    newest = select(TierVersion.number, TierVersion.starts_at, TierVersion.terms)
    row = db.session.execute(newest.order_by(TierVersion.number.desc()).limit(1)).first()
    if row is None:
        return BEGINNING
    return Version(number=row.number, at=row.starts_at, terms=TierTerms.from_json(row.terms))


def terms_now() -> TierTerms:
    return version_now().terms


def entry_tier() -> Level:
    """The level that every member has."""
    return terms_now().levels[0]


def tier_of(*, customer_id: int, now: datetime) -> TierView | None:
    """The tier of a member, right at `now`; None for who is no member."""
    row = db.session.execute(
        select(MemberTier.__table__).where(MemberTier.customer_id == customer_id)
    ).first()
    if row is None:
        return None
    version = version_now()
    level = version.terms.level(row.code)
    stale = row.version != version.number or (row.next_look_at is not None and row.next_look_at <= now)
    if stale or level is None:
        return _view(histories(rows=[row], now=now)[row.customer_id])
    return TierView(
        code=row.code,
        name=level.name,
        level=row.level,
        benefits=level.benefits,
        since=row.since,
        until=row.until,
        grace_until=row.grace_until,
    )


def _view(history: History) -> TierView:
    return TierView(
        code=history.level.code,
        name=history.level.name,
        level=history.rank,
        benefits=history.level.benefits,
        since=history.current.since,
        until=history.current.until,
        grace_until=history.grace_until,
    )


def benefits(*, customer_id: int, now: datetime) -> Benefits:
    """What a member's tier gives; for who is no member, nothing."""
    tier = tier_of(customer_id=customer_id, now=now)
    return Benefits() if tier is None else tier.benefits


def history_of(*, customer_id: int, now: datetime) -> History | None:
    """How a member came to their tier, what comes next, and what keeps it; None for who is no member."""
    row = db.session.execute(
        select(MemberTier.__table__).where(MemberTier.customer_id == customer_id)
    ).first()
    return None if row is None else histories(rows=[row], now=now)[customer_id]


def histories(*, rows: Sequence[Row[Any]], now: datetime) -> dict[int, History]:
    """By row id of the customer, for these rows of `member_tiers`."""
    return histories_from(inputs_of(rows=rows, now=now), among=versions())


def histories_from(inputs: Mapping[int, Inputs], *, among: Sequence[Version]) -> dict[int, History]:
    """By row id of the customer, by these versions of the rules."""
    return {
        customer_id: evaluate(
            growth=own.growth,
            versions=among,
            overrides=own.overrides,
            joined_at=own.joined_at,
            now=own.now,
        )
        for customer_id, own in inputs.items()
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What one member's tier follows from; `now` is never before what was looked at already."""

    growth: list[Growth]
    overrides: list[Override]
    joined_at: datetime
    now: datetime


def inputs_of(*, rows: Sequence[Row[Any]], now: datetime) -> dict[int, Inputs]:
    """By row id of the customer, for these rows of `member_tiers`."""
    ids = [row.customer_id for row in rows]
    growth = {
        customer_id: [
            Growth(amount=entry.amount, at=entry.at, award=entry.award)
            for entry in entries
            if entry.kind != EXPIRED
        ]
        for customer_id, entries in ledger.qualifying(customer_ids=ids).items()
    }
    given = overrides_of(customer_ids=ids)
    return {
        row.customer_id: Inputs(
            growth=growth[row.customer_id],
            overrides=given.get(row.customer_id, []),
            joined_at=row.joined_at,
            now=max(now, row.evaluated_at, *(entry.at for entry in growth[row.customer_id][-1:])),
        )
        for row in rows
    }


def overrides_of(*, customer_ids: Sequence[int]) -> dict[int, list[Override]]:
    """Tiers given by staff, also past ones, by row id of the customer."""
    statement = select(TierOverride.__table__).where(TierOverride.customer_id.in_(customer_ids))
    found: dict[int, list[Override]] = {}
    for row in db.session.execute(statement.order_by(TierOverride.id)):
        override = Override(
            code=row.code,
            since=row.since,
            until=row.until,
            ended_at=row.ended_at,
            card=row.actor if row.actor.startswith(CARD) else "",
        )
        found.setdefault(row.customer_id, []).append(override)
    return found


def step(*, customer_id: int, number: int) -> Step | None:
    """The N-th step of a member's history as it is kept, counted from 1."""
    row = db.session.scalar(select(TierStep).filter_by(customer_id=customer_id, number=number))
    return None if row is None else kept_step(row)


def kept_step(row: Any) -> Step:
    return Step(
        code=row.code,
        since=row.since,
        until=row.until,
        why=row.why,
        version=row.version,
        got=row.got,
        needed=row.needed,
        award=row.award,
    )


def kept_steps(*, customer_ids: Sequence[int]) -> dict[int, list[Step]]:
    """The steps as they are kept, by row id of the customer."""
    statement = select(TierStep.__table__).where(TierStep.customer_id.in_(customer_ids))
    found: dict[int, list[Step]] = {customer_id: [] for customer_id in customer_ids}
    for row in db.session.execute(statement.order_by(TierStep.customer_id, TierStep.number)):
        found[row.customer_id].append(kept_step(row))
    return found


def counts() -> dict[str, int]:
    """How many members have each tier, by its code, as it was last worked out."""
    statement = select(MemberTier.code, func.count().label("members")).group_by(MemberTier.code)
    return {row.code: row.members for row in db.session.execute(statement)}


def batch_after(*, row_id: int, limit: int) -> Sequence[Row[Any]]:
    """The rows of `member_tiers` that follow this row id: for looking at all members, some at a time."""
    table = MemberTier.__table__
    return db.session.execute(
        select(table).where(table.c.id > row_id).order_by(table.c.id).limit(limit)
    ).all()


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A member in a tier, as it was last worked out."""

    customer_id: int
    code: str
    joined_at: datetime
    until: datetime | None


def placed(*, codes: Collection[str], after_id: int = 0, limit: int) -> list[Placed]:
    """Members in one of these tiers, in the order of their row ids."""
    wanted = _placed().where(MemberTier.code.in_(codes), MemberTier.customer_id > after_id)
    return _as_placed(wanted.order_by(MemberTier.customer_id).limit(limit))


def placed_among(*, customer_ids: Collection[int]) -> list[Placed]:
    """Those of these customers who are members, with the tier of each."""
    return _as_placed(_placed().where(MemberTier.customer_id.in_(customer_ids)))


def names_among(*, customer_ids: Collection[int]) -> dict[int, str]:
    """What the tier of each of these customers is called who is a member, by row id."""
    names = {level.code: level.name for level in terms_now().levels}
    return {one.customer_id: names.get(one.code, one.code) for one in placed_among(customer_ids=customer_ids)}


def _placed() -> Select[int, str, datetime, datetime | None]:
    return select(MemberTier.customer_id, MemberTier.code, MemberTier.joined_at, MemberTier.until)


def _as_placed(statement: Select[int, str, datetime, datetime | None]) -> list[Placed]:
    return [
        Placed(customer_id=row.customer_id, code=row.code, joined_at=row.joined_at, until=row.until)
        for row in db.session.execute(statement)
    ]
