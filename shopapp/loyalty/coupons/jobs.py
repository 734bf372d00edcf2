"""What happens to coupons by time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from shopapp.kernel.db import db, transaction

from . import services
from .content import CouponStatus
from .models import CustomerCoupon

BATCH = 500


def expire_coupons(now: datetime) -> int:
    """Write the end of every coupon that is over, a batch to a transaction: cut off, it goes on where it stopped.

    A coupon that is over cannot be used even before this has run.
    """
    over = (
        select(CustomerCoupon.id)
        .where(CustomerCoupon.status == CouponStatus.AVAILABLE, CustomerCoupon.valid_until <= now)
        .order_by(CustomerCoupon.valid_until, CustomerCoupon.id)
        .limit(BATCH)
    )
    done = 0
    while True:
        ids = db.session.scalars(over).all()
        db.session.rollback()
        if not ids:
            return done
        with transaction():
            done += services.expire(ids=ids, now=now)
