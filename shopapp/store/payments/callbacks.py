"""Where WeChat Pay tells us of payments and refunds."""

from __future__ import annotations

from flask import Blueprint, Response

from shopapp.kernel import clock
from shopapp.wechat import pay
from shopapp.wechat.pay import Notice
from shopapp.wechat.pay.notices import refund_from, trade_from
from shopapp.wechat.worklist.receiving import Finding, receive

from . import refunds, services

blueprint = Blueprint("pay_notices", __name__, url_prefix="/wechat/pay/notice")


@blueprint.post("/payment")
def payment() -> Response:
    return receive(kind="payment", take=_settle)


@blueprint.post("/refund")
def refund() -> Response:
    return receive(kind="refund", take=_apply)


def _settle(notice: Notice) -> tuple[Finding, str | None]:
    trade = trade_from(notice.data)
    if not trade.state.paid:
        return Finding.REPEATED, None
    return services.settle(trade=trade, now=clock.now())


def _apply(notice: Notice) -> tuple[Finding, str | None]:
    return refunds.apply(answer=refund_from(notice.data), mchid=pay.client().mchid, now=clock.now())
