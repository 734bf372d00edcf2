"""What customers are told about their claims in WeChat. The names of the fields are ours; the set-up maps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shopapp.events import ClaimPaid, ClaimRejected
from shopapp.kernel import clock
from shopapp.kernel.i18n import _l
from shopapp.kernel.money import Money
from shopapp.kernel.settings import settings
from shopapp.members.identity.queries import following_openid
from shopapp.wechat.messages import money_text, queue_template, time_text

from . import queries, words
from .models import CashbackClaim

PAGE = "/claim"
PAID, REJECTED = "cashback_paid", "cashback_rejected"
FIELDS: dict[str, dict[str, Any]] = {
    PAID: {"number": _l("订单号"), "amount": _l("返现金额"), "way": _l("发到哪里"), "time": _l("到账时间")},
    REJECTED: {"number": _l("订单号"), "reason": _l("没有返现的原因"), "time": _l("时间")},
}


def tell_paid(event: ClaimPaid) -> None:
    """Told once for each claim. Who does not follow the account is not told."""
    claim, campaign = queries.claim_of_row(event.claim_id)
    way = str(words.PAYOUTS[campaign.payout]) if campaign else ""
    data = {"amount": money_text(Money(event.paid_fen)), "way": way}
    _tell(claim, topic=PAID, data=data, at=claim.paid_at)


def tell_rejected(event: ClaimRejected) -> None:
    """Told once for each claim, with why."""
    claim, _campaign = queries.claim_of_row(event.claim_id)
    _tell(claim, topic=REJECTED, data={"reason": words.reason(claim) or ""}, at=claim.ended_at)


def _tell(claim: CashbackClaim, *, topic: str, data: Mapping[str, str], at: datetime | None) -> None:
    openid, now = following_openid(customer_id=claim.customer_id, appid=settings().wx_appid), clock.now()
    if openid is not None:
        queue_template(
            key=f"{topic}:{claim.public_id}",
            openid=openid,
            topic=topic,
            data={"number": claim.order_no, **data, "time": time_text(at or now)},
            path=f"{PAGE}/{claim.public_id}",
            now=now,
        )
