"""Coupons: what the merchant offers, the coupons that customers hold, and the codes that lead to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.states import StateTable

from .content import CouponStatus, Giving, Moment, Period
from .rules import WHOLE_BP, CouponKind, Scope

KEY_LENGTH_MAX = 120


_S = CouponStatus
COUPON_MOVES = StateTable[CouponStatus](
    {
        _S.AVAILABLE: frozenset({_S.HELD, _S.EXPIRED, _S.REVOKED}),
        _S.HELD: frozenset({_S.AVAILABLE, _S.USED, _S.REVOKED}),
        _S.USED: frozenset({_S.AVAILABLE}),
        _S.EXPIRED: frozenset(),
        _S.REVOKED: frozenset(),
    }
)


class Coupon(Model):
    """What a merchant offers: terms, how it is given out, how many, to whom how often, and for how long it is valid.

    The columns of the terms mean what `rules.CouponTerms` says. Valid either from `valid_from` to before `valid_until`, or
    for `valid_days` days from the moment it is given. `given` counts the pieces of `stock` that are gone for good.
    """

    __tablename__ = "coupons"
    __table_args__ = (
        CheckConstraint("given >= 0 AND (stock IS NULL OR given <= stock)", "stock"),
        CheckConstraint("value >= 0 AND minimum >= 0 AND (cap IS NULL OR cap > 0)", "amounts"),
        CheckConstraint("basis_points BETWEEN 0 AND 10000", "basis_points"),
        CheckConstraint("(valid_days IS NULL) = (valid_until IS NOT NULL)", "validity"),
        CheckConstraint("(per_period IS NULL) = (period IS NULL)", "period"),
        Index("ix_coupons_offered", "giving", "active"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(String(30))
    kind: Mapped[CouponKind]
    value: Mapped[Money] = mapped_column(default=ZERO)
    basis_points: Mapped[int] = mapped_column(default=WHOLE_BP)
    cap: Mapped[Money | None]
    sku_id: Mapped[str | None] = mapped_column(String(32))
    minimum: Mapped[Money] = mapped_column(default=ZERO)
    scope: Mapped[Scope] = mapped_column(default=Scope.ALL)
    scope_ids: Mapped[list[str]] = mapped_column(default=list)
    excludes: Mapped[bool] = mapped_column(default=False)
    with_tier_price: Mapped[bool] = mapped_column(default=True)
    giving: Mapped[Giving]
    moment: Mapped[Moment | None]
    stock: Mapped[int | None]
    given: Mapped[int] = mapped_column(default=0)
    per_person: Mapped[int | None]
    per_period: Mapped[int | None]
    period: Mapped[Period | None]
    claim_from: Mapped[datetime | None]
    claim_until: Mapped[datetime | None]
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    valid_days: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(index=True)


class CustomerCoupon(Model):
    """One coupon of one customer, on the `terms` of the moment it was given.

    `grant_key` makes each reason for giving count once; `earned_by` is the number of the order that earned it, if one did.
    `order_no` is the order that holds or used it. `remind_at` is when its end is to be announced; none once that was done.
    """

    __tablename__ = "customer_coupons"
    __table_args__ = (
        CheckConstraint("valid_from < valid_until", "validity"),
        Index("ix_customer_coupons_wallet", "customer_id", "status", "valid_until"),
        Index("ix_customer_coupons_expiry", "status", "valid_until"),
        Index("ix_customer_coupons_holders", "coupon_id", "status"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupons.id"))
    terms: Mapped[dict[str, Any]]
    source: Mapped[Giving]
    grant_key: Mapped[str] = mapped_column(String(KEY_LENGTH_MAX), unique=True)
    earned_by: Mapped[str | None] = mapped_column(String(32), index=True)
    status: Mapped[CouponStatus] = mapped_column(default=CouponStatus.AVAILABLE)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    order_no: Mapped[str | None] = mapped_column(String(32), index=True)
    given_at: Mapped[datetime]
    held_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None] = mapped_column(index=True)


class CouponTally(Model):
    """How many of one coupon one person was given, in all and in the period that began at `period_start`.

    Its guarded update keeps the limits per person.
    """

    __tablename__ = "coupon_tallies"
    __table_args__ = (
        UniqueConstraint("coupon_id", "customer_id"),
        CheckConstraint("given >= 0 AND in_period >= 0", "not_negative"),
    )

    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupons.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    given: Mapped[int] = mapped_column(default=0)
    period_start: Mapped[datetime]
    in_period: Mapped[int] = mapped_column(default=0)


class CouponCode(Model):
    """A code that a customer types, folded as `rules` compare it. A shared one serves many; the others serve once."""

    __tablename__ = "coupon_codes"

    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupons.id"), index=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
