"""Perks for tests: members of tiers, perks for them, and the job run on a day of shop time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.clock import day_start
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.cards import offering
from shopapp.loyalty.cards.rules import PlanContent
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as books
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.perks import defining, jobs, queries
from shopapp.loyalty.perks.models import PerkGrant
from shopapp.loyalty.perks.queries import GrantView
from shopapp.loyalty.perks.rules import FIXED, Period, PerkContent, PerkKind, PerkTerms
from shopapp.loyalty.tiers import services as tiers

from .coupons import make_coupon
from .members import make_member
from .people import Person

TERMS = frozenset(PerkTerms.__dataclass_fields__)


def perk_content(**wanted: Any) -> PerkContent:
    """100 points a month for everybody, but for what is named; terms and content by name."""
    kind = wanted.setdefault("kind", PerkKind.POINTS)
    if kind is PerkKind.POINTS or kind is PerkKind.BIRTHDAY_GIFT:
        wanted.setdefault("points", 100)
    if kind is PerkKind.BIRTHDAY_GIFT:
        wanted.setdefault("claim_days", 30)
    terms = PerkTerms(**{name: wanted.pop(name) for name in TERMS & wanted.keys()})
    wanted.setdefault("period", FIXED.get(kind, Period.MONTH))
    wanted.setdefault("name", "会员礼")
    if "plans" not in wanted:
        wanted.setdefault("tiers", ("member",))
    return PerkContent(terms=terms, **wanted)


def make_perk(**wanted: Any) -> str:
    """The public id of a new perk."""
    with transaction():
        return defining.create(content=perk_content(**wanted), now=clock.now()).public_id


def perk_coupon(**wanted: Any) -> str:
    """A coupon that perks may hand out, as often as they like."""
    wanted.setdefault("per_person", None)
    return make_coupon(giving=Giving.PERK, **wanted)


def make_plan(**wanted: Any) -> str:
    """The public id of a new card plan: a year for 99 yuan."""
    if "days" not in wanted:
        wanted.setdefault("months", 12)
    content = PlanContent(**{"name": "年卡", "price": Money(9_900), **wanted})
    with transaction():
        return offering.create_plan(content=content, now=clock.now()).public_id


def joined(**told: Any) -> Person:
    """Somebody who became a member just now and so has the first tier."""
    person = make_member(**told)
    with transaction():
        tiers.enter(customer_id=person.id, at=clock.now(), now=clock.now())
    return person


def put_in_tier(person: Person, code: str, *, days: int = 365) -> None:
    """Staff give a tier from now on."""
    now = clock.now()
    with transaction():
        tiers.set_override(
            customer_id=person.id,
            public_id=person.signed_in.public_id,
            code=code,
            reason="测试",
            until=now + timedelta(days=days),
            now=now,
        )


def on(year: int, month: int, day: int, hour: int = 9) -> datetime:
    """A moment of a day in shop time."""
    return day_start(date(year, month, day)) + timedelta(hours=time(hour).hour)


def run(at: datetime) -> int:
    """The job, as it would run at this moment."""
    db.session.rollback()
    done = jobs.grant_perks(at)
    db.session.rollback()
    db.session.expire_all()
    return done


def grants(person: Person, *, now: datetime | None = None) -> list[GrantView]:
    """What somebody was granted, the oldest first."""
    db.session.rollback()
    db.session.expire_all()
    return queries.grants_of(customer_id=person.id, now=now or clock.now())[::-1]


def periods(person: Person) -> list[str]:
    return [grant.period for grant in grants(person)]


def row_of(grant_id: str) -> PerkGrant:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(PerkGrant).filter_by(public_id=grant_id)).one()


def points_of(person: Person) -> int:
    """How many points perks gave somebody."""
    db.session.rollback()
    lines, _more = books.statement(purse=purse(customer_id=person.id, unit=Unit.POINTS), limit=100)
    return sum(line.active for line in lines if line.subject.startswith("perk:"))
