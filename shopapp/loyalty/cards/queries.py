"""Plans on offer, who holds which, and what became of codes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select

from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.members.identity import former

from .models import Card, CardCode, CardCodeBatch, CardHolder, CardPlan
from .rules import CardSource, PlanContent

TRIAL = "card:trial"


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """A plan as it is offered."""

    id: str
    content: PlanContent
    created_at: datetime

    @property
    def name(self) -> str:
        return self.content.name

    @property
    def price(self) -> Money:
        return self.content.price


@dataclass(frozen=True, kw_only=True)
class CardView:
    """One term of a plan that somebody has or had."""

    id: str
    plan_id: str
    name: str
    source: CardSource
    starts_at: datetime
    ends_at: datetime
    order_no: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Held:
    """A plan that somebody holds now, and until when with all their renewals."""

    plan_id: str
    name: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Codes made together; `count` of them, `used` so far."""

    id: str
    name: str
    count: int
    used: int
    expires_at: datetime | None
    exported_at: datetime | None
    created_at: datetime


def plans(*, active: bool | None = None) -> list[PlanView]:
    """All plans in the order of the shop; with `active` those on sale or those that are not."""
    statement = select(CardPlan)
    if active is not None:
        statement = statement.where(CardPlan.active.is_(active))
    return [_plan(row) for row in db.session.scalars(statement.order_by(CardPlan.position, CardPlan.id))]


def plan(public_id: str) -> PlanView | None:
    row = db.session.scalar(select(CardPlan).where(CardPlan.public_id == public_id))
    return None if row is None else _plan(row)


def _plan(row: CardPlan) -> PlanView:
    values = {name: getattr(row, name) for name in PlanContent.__dataclass_fields__}
    return PlanView(id=row.public_id, content=PlanContent(**values), created_at=row.created_at)


def cards_of(*, customer_id: int) -> list[CardView]:
    """All terms that somebody has or had, the latest first."""
    return [_card(*row) for row in db.session.execute(_cards().where(Card.customer_id == customer_id))]


def card(*, row_id: int) -> CardView:
    row = db.session.execute(_cards().where(Card.id == row_id)).one()
    return _card(row[0], row[1], row[2])


def of_order(*, order_no: str) -> CardView | None:
    """The term that a paid order brought."""
    row = db.session.execute(_cards().where(Card.order_no == order_no)).first()
    return None if row is None else _card(row[0], row[1], row[2])


def _cards() -> Select[Card, str, str]:
    joined = select(Card, CardPlan.public_id, CardPlan.name).join(CardPlan, CardPlan.id == Card.plan_id)
    return joined.order_by(Card.ends_at.desc(), Card.id.desc())


def _card(row: Card, plan_id: str, name: str) -> CardView:
    return CardView(
        id=row.public_id,
        plan_id=plan_id,
        name=name,
        source=row.source,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        order_no=row.order_no,
        reason=row.reason,
    )


def held(*, customer_id: int, now: datetime) -> list[Held]:
    """The plans that somebody holds now."""
    rows = db.session.execute(
        select(CardPlan.public_id, CardPlan.name, CardHolder.until)
        .join(CardHolder, CardHolder.plan_id == CardPlan.id)
        .where(CardHolder.customer_id == customer_id, CardHolder.until > now)
        .order_by(CardPlan.position, CardPlan.id)
    )
    return [Held(plan_id=plan_id, name=name, until=until) for plan_id, name, until in rows]


def tried(*, customer_id: int, now: datetime) -> bool:
    """Whether this person has had their trial, also as somebody who was forgotten since."""
    mine = has_trial(customer_id=customer_id)
    return mine or former.had_before(customer_id=customer_id, gift=TRIAL, now=now)


def has_trial(*, customer_id: int) -> bool:
    """Whether a trial is among the cards of this customer."""
    mine = (Card.customer_id == customer_id, Card.source == CardSource.TRIAL)
    return db.session.scalar(select(Card.id).where(*mine).limit(1)) is not None


def holders(
    *, plan_ids: Collection[str], after_id: int = 0, limit: int, now: datetime
) -> Sequence[tuple[int, datetime]]:
    """Who holds one of these plans now and until when, in the order of their row ids."""
    statement = _holders(plan_ids, now=now).where(CardHolder.customer_id > after_id)
    return _pairs(statement.order_by(CardHolder.customer_id).limit(limit))


def holders_among(
    *, plan_ids: Collection[str], customer_ids: Collection[int], now: datetime
) -> Sequence[tuple[int, datetime]]:
    """Those of these customers who hold one of these plans now, and until when."""
    return _pairs(_holders(plan_ids, now=now).where(CardHolder.customer_id.in_(customer_ids)))


def _holders(plan_ids: Collection[str], *, now: datetime) -> Select[int, datetime]:
    return (
        select(CardHolder.customer_id, func.max(CardHolder.until))
        .join(CardPlan, CardPlan.id == CardHolder.plan_id)
        .where(CardPlan.public_id.in_(plan_ids), CardHolder.until > now)
        .group_by(CardHolder.customer_id)
    )


def _pairs(statement: Select[int, datetime]) -> list[tuple[int, datetime]]:
    return [(customer_id, until) for customer_id, until in db.session.execute(statement)]


def counts(*, now: datetime) -> dict[str, int]:
    """How many people hold each plan now, by its public id."""
    rows = db.session.execute(
        select(CardPlan.public_id, func.count())
        .join(CardHolder, CardHolder.plan_id == CardPlan.id)
        .where(CardHolder.until > now)
        .group_by(CardPlan.public_id)
    )
    return {row[0]: row[1] for row in rows}


def batches(*, plan_id: str) -> list[Batch]:
    """The batches of codes of a plan, the latest first."""
    return _batches(CardPlan.public_id == plan_id)


def batch(public_id: str) -> Batch | None:
    return next(iter(_batches(CardCodeBatch.public_id == public_id)), None)


def _batches(condition: ColumnElement[bool]) -> list[Batch]:
    rows = db.session.execute(
        select(CardCodeBatch, func.count(CardCode.used_at))
        .join(CardPlan, CardPlan.id == CardCodeBatch.plan_id)
        .join(CardCode, CardCode.batch_id == CardCodeBatch.id)
        .where(condition)
        .group_by(CardCodeBatch.id)
        .order_by(CardCodeBatch.id.desc())
    )
    return [
        Batch(
            id=row.public_id,
            name=row.name,
            count=row.count,
            used=used,
            expires_at=row.expires_at,
            exported_at=row.exported_at,
            created_at=row.created_at,
        )
        for row, used in rows
    ]
