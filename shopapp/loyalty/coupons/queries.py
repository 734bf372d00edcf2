"""Reading coupons: what somebody holds, what can be taken, and what an order holds or used."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from shopapp.kernel.db import db

from .content import CouponContent, CouponStatus, Giving, Moment, period_start
from .models import Coupon, CouponTally, CustomerCoupon
from .rules import Candidate, CouponTerms

PAGE_MAX = 100
OFFERED_MAX = 50

_S = CouponStatus


@dataclass(frozen=True, kw_only=True)
class Holding:
    """One coupon of one customer. `status` is what holds now, also when the job has not yet written an end by time."""

    id: str
    coupon_id: str
    customer_id: int
    terms: CouponTerms
    source: Giving
    status: CouponStatus
    valid_from: datetime
    valid_until: datetime
    order_no: str | None
    given_at: datetime
    used_at: datetime | None

    @property
    def candidate(self) -> Candidate:
        """For `rules.effect` and `rules.best`."""
        return Candidate(
            id=self.id, terms=self.terms, valid_from=self.valid_from, valid_until=self.valid_until
        )


def gift_of(coupon_id: str) -> str:
    """The name under which it is remembered that somebody had all they get of this coupon."""
    return f"coupon:{coupon_id}"


def given_once(customer_id: int) -> set[str]:
    """The coupons of which somebody can be given no more: what was pushed, and what they took up to the limit."""
    had = select(Coupon.public_id).join(CouponTally, CouponTally.coupon_id == Coupon.id)
    full = or_(Coupon.giving == Giving.PUSH, CouponTally.given >= Coupon.per_person)
    mine = had.where(CouponTally.customer_id == customer_id, CouponTally.given > 0, full)
    return {gift_of(coupon_id) for coupon_id in db.session.scalars(mine)}


class OfferState(StrEnum):
    """Whether somebody can take a coupon now."""

    OPEN = "open"
    SOON = "soon"
    TAKEN = "taken"
    SOLD_OUT = "sold_out"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A coupon of the coupon centre. `left` is None without a limit; `mine` is how many the asker was given."""

    id: str
    content: CouponContent
    state: OfferState
    left: int | None
    mine: int


def coupons_of(
    *,
    customer_id: int,
    statuses: Collection[CouponStatus] = (),
    now: datetime,
    before: str | None = None,
    limit: int = PAGE_MAX,
) -> tuple[list[Holding], str | None]:
    """What somebody holds or held, in these statuses or all, the newest first, with the id to go on from; a stranger's
    or unknown `before` is the end of the list."""
    statement = _holdings().where(CustomerCoupon.customer_id == customer_id)
    if statuses:
        statement = statement.where(or_(*(in_status(status, now=now) for status in statuses)))
    if before is not None:
        mine = and_(CustomerCoupon.public_id == before, CustomerCoupon.customer_id == customer_id)
        statement = statement.where(
            CustomerCoupon.id < select(CustomerCoupon.id).where(mine).scalar_subquery()
        )
    rows = db.session.execute(statement.order_by(CustomerCoupon.id.desc()).limit(limit + 1)).all()
    found = [_holding(held, public_id, now) for held, public_id in rows[:limit]]
    return found, found[-1].id if len(rows) > limit else None


def in_status(status: CouponStatus, *, now: datetime) -> ColumnElement[bool]:
    """Rows that are in this status now: what is over by the clock counts as expired, whatever the row says."""
    over = and_(CustomerCoupon.status == _S.AVAILABLE, CustomerCoupon.valid_until <= now)
    if status is _S.AVAILABLE:
        return and_(CustomerCoupon.status == _S.AVAILABLE, CustomerCoupon.valid_until > now)
    if status is _S.EXPIRED:
        return or_(CustomerCoupon.status == _S.EXPIRED, over)
    return CustomerCoupon.status == status


def usable(*, customer_id: int, now: datetime) -> list[Holding]:
    """What somebody can use now, the first to expire first. Whether it does anything for given goods, the rules say."""
    statement = (
        _holdings()
        .where(
            CustomerCoupon.customer_id == customer_id,
            CustomerCoupon.status == _S.AVAILABLE,
            CustomerCoupon.valid_from <= now,
            CustomerCoupon.valid_until > now,
        )
        .order_by(CustomerCoupon.valid_until, CustomerCoupon.id)
        .limit(PAGE_MAX)
    )
    return [_holding(held, public_id, now) for held, public_id in db.session.execute(statement)]


def count_usable(*, customer_id: int, now: datetime) -> int:
    statement = select(func.count()).select_from(CustomerCoupon)
    mine = CustomerCoupon.customer_id == customer_id
    return db.session.scalar(statement.where(mine, in_status(_S.AVAILABLE, now=now))) or 0


def holding(*, public_id: str, customer_id: int | None = None, now: datetime) -> Holding | None:
    """One coupon; with `customer_id` only if it is theirs, so that a stranger's looks like none."""
    statement = _holdings().where(CustomerCoupon.public_id == public_id)
    if customer_id is not None:
        statement = statement.where(CustomerCoupon.customer_id == customer_id)
    row = db.session.execute(statement).first()
    return None if row is None else _holding(row[0], row[1], now)


def of_order(*, order_no: str, now: datetime) -> list[Holding]:
    """The coupons that an order holds or used, in the order they were given."""
    statement = _holdings().where(
        CustomerCoupon.order_no == order_no, CustomerCoupon.status.in_((_S.HELD, _S.USED))
    )
    rows = db.session.execute(statement.order_by(CustomerCoupon.id))
    return [_holding(held, public_id, now) for held, public_id in rows]


def claimable(*, customer_id: int | None, now: datetime) -> list[Offer]:
    """What the coupon centre shows: on offer now or announced, the newest first. A guest was given nothing yet."""
    statement = (
        select(Coupon)
        .where(
            Coupon.giving == Giving.CLAIM,
            Coupon.active,
            or_(Coupon.claim_until.is_(None), Coupon.claim_until > now),
            or_(Coupon.valid_until.is_(None), Coupon.valid_until > now),
        )
        .order_by(Coupon.id.desc())
        .limit(OFFERED_MAX)
    )
    rows = db.session.scalars(statement).all()
    tallies = _tallies(customer_id=customer_id, coupon_ids=[row.id for row in rows])
    return [_offer(row, tallies.get(row.id), now) for row in rows]


def for_points(*, customer_id: int | None, now: datetime) -> dict[str, Offer]:
    """The coupons that are given for points and can be given now, by public id, the newest first."""
    statement = select(Coupon).where(
        Coupon.giving == Giving.POINTS,
        Coupon.active,
        or_(Coupon.valid_until.is_(None), Coupon.valid_until > now),
    )
    rows = db.session.scalars(statement.order_by(Coupon.id.desc())).all()
    tallies = _tallies(customer_id=customer_id, coupon_ids=[row.id for row in rows])
    return {row.public_id: _offer(row, tallies.get(row.id), now) for row in rows}


def _tallies(*, customer_id: int | None, coupon_ids: list[int]) -> dict[int, CouponTally]:
    if customer_id is None or not coupon_ids:
        return {}
    mine = select(CouponTally).where(
        CouponTally.customer_id == customer_id, CouponTally.coupon_id.in_(coupon_ids)
    )
    return {tally.coupon_id: tally for tally in db.session.scalars(mine)}


def _offer(row: Coupon, tally: CouponTally | None, now: datetime) -> Offer:
    left = None if row.stock is None else row.stock - row.given
    state = OfferState.OPEN
    if row.claim_from is not None and row.claim_from > now:
        state = OfferState.SOON
    elif _limit_reached(row, tally, now):
        state = OfferState.TAKEN
    elif left == 0:
        state = OfferState.SOLD_OUT
    return Offer(
        id=row.public_id,
        content=content_of(row),
        state=state,
        left=left,
        mine=tally.given if tally is not None else 0,
    )


def _limit_reached(row: Coupon, tally: CouponTally | None, now: datetime) -> bool:
    if tally is None:
        return False
    if row.per_person is not None and tally.given >= row.per_person:
        return True
    same = tally.period_start == period_start(row.period, now=now)
    return row.per_period is not None and same and tally.in_period >= row.per_period


def pushed_at(*, moment: Moment) -> list[str]:
    """The ids of the coupons that give themselves at this moment, in the order in which they are to be locked."""
    statement = select(Coupon.public_id).where(
        Coupon.giving == Giving.PUSH, Coupon.moment == moment, Coupon.active
    )
    return list(db.session.scalars(statement.order_by(Coupon.id)))


def content_of(row: Coupon) -> CouponContent:
    return CouponContent(
        terms=terms_of(row),
        giving=row.giving,
        moment=row.moment,
        stock=row.stock,
        per_person=row.per_person,
        per_period=row.per_period,
        period=row.period,
        claim_from=row.claim_from,
        claim_until=row.claim_until,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        valid_days=row.valid_days,
    )


def terms_of(row: Coupon) -> CouponTerms:
    values: dict[str, Any] = {name: getattr(row, name) for name in CouponTerms.__dataclass_fields__}
    return CouponTerms(**{**values, "scope_ids": tuple(row.scope_ids)})


def _holdings() -> Select[CustomerCoupon, str]:
    return select(CustomerCoupon, Coupon.public_id).join(Coupon, Coupon.id == CustomerCoupon.coupon_id)


def _holding(row: CustomerCoupon, coupon_id: str, now: datetime) -> Holding:
    over = row.status is _S.AVAILABLE and row.valid_until <= now
    return Holding(
        id=row.public_id,
        coupon_id=coupon_id,
        customer_id=row.customer_id,
        terms=CouponTerms.load(row.terms),
        source=row.source,
        status=_S.EXPIRED if over else row.status,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        order_no=row.order_no,
        given_at=row.given_at,
        used_at=row.used_at,
    )


def contents(*, public_ids: Collection[str]) -> dict[str, CouponContent]:
    """What these coupons are, by their public ids; those that there are not are left out."""
    rows = db.session.scalars(select(Coupon).where(Coupon.public_id.in_(public_ids)).order_by(Coupon.id))
    return {row.public_id: content_of(row) for row in rows}


def for_perks() -> dict[str, CouponContent]:
    """The coupons that are handed out by perks and can be now, by their public ids, in the order they are to be locked."""
    return _given_as(Giving.PERK)


def for_staff() -> dict[str, CouponContent]:
    """The coupons that can be handed out one by one now, by public id."""
    return _given_as(Giving.STAFF)


def _given_as(giving: Giving) -> dict[str, CouponContent]:
    statement = select(Coupon).where(Coupon.giving == giving, Coupon.active)
    return {row.public_id: content_of(row) for row in db.session.scalars(statement.order_by(Coupon.id))}
