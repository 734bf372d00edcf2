"""Perks as the shop defined them, and what was granted to people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Select, case, func, or_, select, type_coerce

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.db import db
from shopapp.kernel.money import ZERO, Money

from .models import Perk, PerkGrant, PerkSaving
from .rules import GrantStatus, PerkContent, PerkKind, PerkTerms

GRANTS_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class PerkRow:
    """A perk with its row id; `granted_through` is when its grants were last made for all."""

    row_id: int
    id: str
    content: PerkContent
    granted_through: datetime | None

    @property
    def slot(self) -> str:
        return slot_of(self.content.kind, self.id)


@dataclass(frozen=True, kw_only=True)
class GrantView:
    """One grant. `status` is what holds now, also when the job has not yet written an end by time."""

    id: str
    perk_id: str
    name: str
    kind: PerkKind
    period: str
    terms: PerkTerms
    status: GrantStatus
    reason: str
    gave: dict[str, Any]
    saved: Money
    valid_until: datetime | None
    granted_at: datetime
    seen_at: datetime | None
    redeemed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What membership has saved somebody: in this calendar year, and in all."""

    year: Money = ZERO
    total: Money = ZERO


def slot_of(kind: PerkKind, public_id: str) -> str:
    """What a person has at most one grant of in each period: every birthday gift is in one slot."""
    return "birthday" if kind is PerkKind.BIRTHDAY_GIFT else public_id


def perks(*, active: bool | None = None) -> list[PerkRow]:
    """All perks in the order of the shop; with `active` those in force or those that are not."""
    statement = select(Perk)
    if active is not None:
        statement = statement.where(Perk.active.is_(active))
    return [_perk(row) for row in db.session.scalars(statement.order_by(Perk.position, Perk.id))]


def perk(public_id: str) -> PerkRow | None:
    row = db.session.scalar(select(Perk).where(Perk.public_id == public_id))
    return None if row is None else _perk(row)


def _perk(row: Perk) -> PerkRow:
    return PerkRow(
        row_id=row.id, id=row.public_id, content=content_of(row), granted_through=row.granted_through
    )


def content_of(row: Perk) -> PerkContent:
    return PerkContent(
        name=row.name,
        how=row.how,
        kind=row.kind,
        period=row.period,
        terms=PerkTerms.load(row.terms),
        tiers=tuple(row.tiers),
        plans=tuple(row.plans),
        position=row.position,
        active=row.active,
    )


def grants_of(*, customer_id: int, now: datetime, limit: int = GRANTS_SHOWN) -> list[GrantView]:
    """What somebody was granted, the latest first."""
    mine = _grants().where(PerkGrant.customer_id == customer_id)
    rows = db.session.execute(mine.order_by(PerkGrant.granted_at.desc(), PerkGrant.id.desc()).limit(limit))
    return [_grant(*row, now=now) for row in rows]


def grant(public_id: str, *, now: datetime) -> GrantView | None:
    row = db.session.execute(_grants().where(PerkGrant.public_id == public_id)).first()
    return None if row is None else _grant(*row, now=now)


def grant_of_row(row_id: int, *, now: datetime) -> tuple[int, GrantView]:
    """Whose grant this is (row id of the customer), and the grant."""
    row = db.session.execute(_grants().where(PerkGrant.id == row_id)).one()
    return row[0].customer_id, _grant(*row, now=now)


def _grants() -> Select[PerkGrant, str, str, PerkKind]:
    return select(PerkGrant, Perk.public_id, Perk.name, Perk.kind).join(Perk, Perk.id == PerkGrant.perk_id)


def _grant(row: PerkGrant, perk_id: str, name: str, kind: PerkKind, *, now: datetime) -> GrantView:
    over = row.status is GrantStatus.GRANTED and row.valid_until is not None and row.valid_until <= now
    return GrantView(
        id=row.public_id,
        perk_id=perk_id,
        name=name,
        kind=kind,
        period=row.period,
        terms=PerkTerms.load(row.terms),
        status=GrantStatus.EXPIRED if over else row.status,
        reason=row.reason,
        gave=row.gave,
        saved=row.saved,
        valid_until=row.valid_until,
        granted_at=row.granted_at,
        seen_at=row.seen_at,
        redeemed_at=row.redeemed_at,
    )


def saved(*, customer_id: int, now: datetime) -> Saved:
    """Reductions on orders less what refunds took back of them, and the worth of gifts that were taken."""
    new_year = day_start(date(shop_day(now).year, 1, 1))
    return Saved(year=_saved(customer_id, since=new_year), total=_saved(customer_id, since=None))


def _saved(customer_id: int, *, since: datetime | None) -> Money:
    kept = case(
        (PerkSaving.saved > PerkSaving.taken_back, _fen(PerkSaving.saved) - _fen(PerkSaving.taken_back)),
        else_=0,
    )
    orders = select(func.coalesce(func.sum(kept), 0)).where(PerkSaving.customer_id == customer_id)
    gifts = select(func.coalesce(func.sum(_fen(PerkGrant.saved)), 0)).where(
        PerkGrant.customer_id == customer_id, PerkGrant.status == GrantStatus.REDEEMED
    )
    if since is not None:
        orders = orders.where(PerkSaving.at >= since)
        gifts = gifts.where(PerkGrant.redeemed_at >= since)
    return Money(int(db.session.scalar(orders) or 0) + int(db.session.scalar(gifts) or 0))


def _fen(column: Any) -> Any:
    return type_coerce(column, BigInteger)


def granted_pairs(*, slot: str, customer_ids: Collection[int]) -> set[tuple[int, str]]:
    """(row id of the customer, period) of what these people were granted in this slot."""
    statement = select(PerkGrant.customer_id, PerkGrant.period).where(
        PerkGrant.slot == slot, PerkGrant.customer_id.in_(customer_ids)
    )
    return {(customer_id, period) for customer_id, period in db.session.execute(statement)}


def gift_of(*, slot: str, period: str) -> str:
    """The name under which it is remembered that somebody had this perk for this period."""
    return f"perk:{slot}:{period}"


def taken_once(customer_id: int, *, since: datetime) -> set[str]:
    """What somebody took of perks whose period may not be over: taken since then, or had once or for a term."""
    lasting = PerkGrant.period.in_(("once", "term")) | (PerkGrant.redeemed_at >= since)
    statement = select(PerkGrant.slot, PerkGrant.period).where(
        PerkGrant.customer_id == customer_id, PerkGrant.status == GrantStatus.REDEEMED, lasting
    )
    return {gift_of(slot=slot, period=period) for slot, period in db.session.execute(statement)}


def written(*, public_ids: Collection[str]) -> dict[str, int]:
    """The row ids of those of these grants that there are, by public id."""
    wanted = select(PerkGrant.public_id, PerkGrant.id).where(PerkGrant.public_id.in_(public_ids))
    return {row[0]: row[1] for row in db.session.execute(wanted.order_by(PerkGrant.id))}


def counts() -> dict[str, dict[str, int]]:
    """How many grants of each perk stand where: by public id, then by status."""
    rows = db.session.execute(
        select(Perk.public_id, PerkGrant.status, func.count())
        .join(PerkGrant, PerkGrant.perk_id == Perk.id)
        .group_by(Perk.public_id, PerkGrant.status)
    )
    found: dict[str, dict[str, int]] = {}
    for public_id, status, count in rows:
        found.setdefault(public_id, {})[status.value] = count
    return found


def has_unseen(*, customer_id: int) -> bool:
    unseen = select(PerkGrant.id).where(PerkGrant.customer_id == customer_id, PerkGrant.seen_at.is_(None))
    return db.session.scalar(unseen.limit(1)) is not None


def open_automatic(*, after_id: int, limit: int) -> Sequence[tuple[int, str]]:
    """(row id, public id) of grants that are to be given without being asked for and were not yet."""
    statement = select(PerkGrant.id, PerkGrant.public_id).where(
        PerkGrant.automatic, PerkGrant.status == GrantStatus.GRANTED, PerkGrant.id > after_id
    )
    rows = db.session.execute(statement.order_by(PerkGrant.id).limit(limit))
    return [(row_id, public_id) for row_id, public_id in rows]


def count_waiting(*, customer_id: int, now: datetime) -> int:
    """How many perks somebody could take now."""
    mine = (PerkGrant.customer_id == customer_id, PerkGrant.status == GrantStatus.GRANTED)
    in_time = or_(PerkGrant.valid_until.is_(None), PerkGrant.valid_until > now)
    return db.session.scalar(select(func.count()).select_from(PerkGrant).where(*mine, in_time)) or 0


def automatic_of(*, customer_id: int) -> list[str]:
    """Public ids of one person's grants that are to be given without being asked for and were not yet."""
    mine = select(PerkGrant.public_id).where(
        PerkGrant.customer_id == customer_id,
        PerkGrant.automatic,
        PerkGrant.status == GrantStatus.GRANTED,
    )
    return list(db.session.scalars(mine.order_by(PerkGrant.id)))


def due_to_end(*, limit: int, now: datetime) -> Sequence[int]:
    """Row ids of grants whose time is over and which do not say so yet, those that have waited longest first."""
    statement = select(PerkGrant.id).where(
        PerkGrant.status == GrantStatus.GRANTED, PerkGrant.valid_until <= now
    )
    return db.session.scalars(statement.order_by(PerkGrant.valid_until, PerkGrant.id).limit(limit)).all()


def left_reserved(*, before: datetime, limit: int) -> Sequence[int]:
    """Row ids of grants that were reserved before this time and neither committed nor released."""
    statement = select(PerkGrant.id).where(
        PerkGrant.status == GrantStatus.RESERVED, PerkGrant.reserved_at <= before
    )
    return db.session.scalars(statement.order_by(PerkGrant.id).limit(limit)).all()
