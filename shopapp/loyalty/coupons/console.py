"""The merchant's reads: coupons with their counts, who holds them, and their codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from werkzeug.wrappers import Response

from shopapp.kernel.db import db
from shopapp.kernel.screens import csv_file

from .content import CouponContent, CouponStatus, code_in_groups
from .models import Coupon, CouponCode, CustomerCoupon
from .queries import content_of, in_status

STATES = ("active", "stopped", "over")


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A coupon as the merchant has it; `used` counts the pieces that paid for something."""

    id: str
    content: CouponContent
    given: int
    used: int
    active: bool
    created_at: datetime


def coupons_statement(*, state: str, kind: str, now: datetime) -> Select[Coupon]:
    """Coupons for a list, the newest first; `state` is one of `STATES` or empty, `kind` a kind or empty."""
    over = or_(
        and_(Coupon.valid_until.is_not(None), Coupon.valid_until <= now),
        and_(Coupon.claim_until.is_not(None), Coupon.claim_until <= now),
    )
    statement = select(Coupon)
    if state:
        wanted = {"active": and_(Coupon.active, ~over), "stopped": ~Coupon.active, "over": over}
        statement = statement.where(wanted[state])
    if kind:
        statement = statement.where(Coupon.kind == kind)
    return statement.order_by(Coupon.id.desc())


def holders_statement(*, public_id: str, status: str, now: datetime) -> Select[CustomerCoupon]:
    """Who was given this coupon, the newest first; `status` is a status or empty."""
    statement = select(CustomerCoupon).join(Coupon, Coupon.id == CustomerCoupon.coupon_id)
    if status:
        statement = statement.where(in_status(CouponStatus(status), now=now))
    return statement.where(Coupon.public_id == public_id).order_by(CustomerCoupon.id.desc())


def offered(*, public_id: str) -> Offered | None:
    """One coupon as the merchant has it."""
    row = db.session.scalar(select(Coupon).where(Coupon.public_id == public_id))
    return None if row is None else with_counts([row])[0]


def all_offered(*, before: str | None, limit: int) -> tuple[list[Offered], str | None]:
    """All coupons, the newest first, with the id to go on from."""
    statement = select(Coupon).order_by(Coupon.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(
            Coupon.id < select(Coupon.id).where(Coupon.public_id == before).scalar_subquery()
        )
    rows = with_counts(db.session.scalars(statement).all())
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def with_counts(rows: Sequence[Coupon]) -> list[Offered]:
    """These coupons with how many of each were used, in one query."""
    statement = select(CustomerCoupon.coupon_id, func.count().label("pieces")).where(
        CustomerCoupon.coupon_id.in_([row.id for row in rows]), CustomerCoupon.status == CouponStatus.USED
    )
    counted = db.session.execute(statement.group_by(CustomerCoupon.coupon_id))
    used = {row.coupon_id: row.pieces for row in counted}
    return [
        Offered(
            id=row.public_id,
            content=content_of(row),
            given=row.given,
            used=used.get(row.id, 0),
            active=row.active,
            created_at=row.created_at,
        )
        for row in rows
    ]


def codes_of(*, public_id: str) -> list[CouponCode]:
    """All codes of a coupon, in the order they were made."""
    statement = select(CouponCode).join(Coupon, Coupon.id == CouponCode.coupon_id)
    return list(db.session.scalars(statement.where(Coupon.public_id == public_id).order_by(CouponCode.id)))


def count_codes(*, public_id: str) -> tuple[int, int]:
    """(codes for one use each, how many of them were used)"""
    statement = (
        select(func.count(), func.count(CouponCode.used_at))
        .join(Coupon, Coupon.id == CouponCode.coupon_id)
        .where(Coupon.public_id == public_id, CouponCode.shared.is_(False))
    )
    made, used = db.session.execute(statement).one()
    return made, used


def shared_codes(*, public_id: str) -> list[str]:
    statement = select(CouponCode.code).join(Coupon, Coupon.id == CouponCode.coupon_id)
    found = statement.where(Coupon.public_id == public_id, CouponCode.shared)
    return list(db.session.scalars(found.order_by(CouponCode.id)))


def codes_file(*, public_id: str) -> Response:
    """All codes of a coupon as a CSV file."""
    return csv_file(
        name=f"codes-{public_id}.csv",
        header=["code", "shared", "used_at"],
        rows=(
            [
                row.code if row.shared else code_in_groups(row.code),
                "yes" if row.shared else "no",
                row.used_at.isoformat() if row.used_at else "",
            ]
            for row in codes_of(public_id=public_id)
        ),
    )
