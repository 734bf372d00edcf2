"""What customers are told about their coupons in WeChat. The names of the fields are ours; the set-up maps them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from shopapp.kernel.db import db, transaction
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.settings import settings
from shopapp.members.identity.queries import following_openid
from shopapp.wechat.messages import day_text, queue_template

from . import services, words
from .content import CouponStatus
from .models import CustomerCoupon
from .queries import Holding

TOPIC = "coupon_expiring"
FIELDS: dict[str, dict[str, Any]] = {
    TOPIC: {
        "coupon": _l("优惠券"),
        "promise": _l("优惠内容"),
        "count": _l("快到期的张数"),
        "time": _l("到期日期"),
    }
}
PAGE = "/me/coupons"
BATCH = 200


def announce_ends(now: datetime) -> int:
    """Tell each customer once of coupons that end within three days, all of theirs in one notice.

    One transaction for each customer. Who does not follow the account is not told.
    """
    due = (
        select(CustomerCoupon.customer_id)
        .where(
            CustomerCoupon.status == CouponStatus.AVAILABLE,
            CustomerCoupon.remind_at <= now,
            CustomerCoupon.valid_until > now,
        )
        .group_by(CustomerCoupon.customer_id)
        .order_by(CustomerCoupon.customer_id)
        .limit(BATCH)
    )
    done = 0
    while True:
        customers = db.session.scalars(due).all()
        db.session.rollback()
        if not customers:
            return done
        for customer_id in customers:
            with transaction():
                done += _announce(customer_id=customer_id, now=now)


def _announce(*, customer_id: int, now: datetime) -> bool:
    ending = services.take_reminders(customer_id=customer_id, now=now)
    openid = following_openid(customer_id=customer_id, appid=settings().wx_appid)
    if not ending or openid is None:
        return False
    first = ending[0]
    return queue_template(
        key=f"{TOPIC}:{first.id}:{first.valid_until:%Y%m%d}",
        openid=openid,
        topic=TOPIC,
        data=_data(first, count=len(ending)),
        path=PAGE,
        now=now,
    )


def _data(first: Holding, *, count: int) -> dict[str, str]:
    name = first.terms.name
    return {
        "coupon": name if count == 1 else _("%(name)s等 %(count)s 张", name=name, count=count),
        "promise": words.promise(first.terms),
        "count": str(count),
        "time": day_text(first.valid_until - timedelta(seconds=1)),
    }
