"""What customers are told in WeChat about money that waits for them there."""

from __future__ import annotations

from shopapp.events import TransferWaiting
from shopapp.kernel import clock
from shopapp.kernel.i18n import _l
from shopapp.kernel.settings import settings
from shopapp.members.identity.queries import following_openid
from shopapp.wechat.messages import money_text, queue_template, time_text

from . import payouts
from .payout_models import PayoutState

WAITING = "cashback_waiting"
FIELDS = {WAITING: {"number": _l("订单号"), "amount": _l("返现金额"), "time": _l("最晚确认时间")}}


def tell_waiting(event: TransferWaiting) -> None:
    """Told once for each transfer, while it waits. Who does not follow the account is not told."""
    payout, claim = payouts.with_claim(payout_id=event.payout_id)
    openid = following_openid(customer_id=event.customer_id, appid=settings().wx_appid)
    if openid is None or payout.state is not PayoutState.WAIT_USER_CONFIRM or payout.confirm_until is None:
        return
    queue_template(
        key=f"{WAITING}:{payout.out_bill_no}",
        openid=openid,
        topic=WAITING,
        data={
            "number": claim.order_no,
            "amount": money_text(payout.amount),
            "time": time_text(payout.confirm_until),
        },
        path=f"/claim/{claim.public_id}",
        now=clock.now(),
    )
