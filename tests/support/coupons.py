"""Coupons for tests: `make_coupon(value=Money(3000), minimum=Money(20000))` is on offer in the coupon centre at once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons import offering, services
from shopapp.loyalty.coupons.content import CouponContent, Giving
from shopapp.loyalty.coupons.models import CustomerCoupon
from shopapp.loyalty.coupons.queries import Holding
from shopapp.loyalty.coupons.rules import CouponKind, CouponTerms

from .catalogue import writing

TERMS = frozenset(CouponTerms.__dataclass_fields__)


def coupon_terms(**wanted: Any) -> CouponTerms:
    """5 yuan off anything, but for what is named."""
    wanted.setdefault("name", "新人五元券")
    wanted.setdefault("kind", CouponKind.AMOUNT)
    if wanted["kind"] is CouponKind.AMOUNT:
        wanted.setdefault("value", Money(500))
    return CouponTerms(**wanted)


def coupon_content(**wanted: Any) -> CouponContent:
    """For taking in the coupon centre, one a person, valid for 30 days; terms and content by name."""
    terms = coupon_terms(**{name: wanted.pop(name) for name in TERMS & wanted.keys()})
    wanted.setdefault("giving", Giving.CLAIM)
    if "valid_until" not in wanted:
        wanted.setdefault("valid_days", 30)
    return CouponContent(terms=terms, **wanted)


def make_coupon(**wanted: Any) -> str:
    """The public id of a new coupon."""
    with writing():
        return offering.create_coupon(content=coupon_content(**wanted), now=clock.now()).public_id


def give(customer_id: int, coupon_id: str | None = None, *, key: str | None = None, **wanted: Any) -> Holding:
    """Somebody is given a coupon, a new one unless it is named."""
    wanted.setdefault("per_person", None)
    made = coupon_id or make_coupon(**wanted)
    with writing():
        return services.grant(
            coupon_id=made,
            customer_id=customer_id,
            key=key or f"test:{made}:{customer_id}",
            source=Giving.STAFF,
            now=clock.now(),
        )


def row_of(public_id: str) -> CustomerCoupon:
    """The row as the database has it now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(CustomerCoupon).filter_by(public_id=public_id)).one()


def hold(holding: Holding, *, order_no: str) -> None:
    with transaction():
        services.hold(
            coupon_ids=[holding.id], customer_id=holding.customer_id, order_no=order_no, now=clock.now()
        )
