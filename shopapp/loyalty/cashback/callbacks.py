"""Where WeChat Pay tells us how a transfer ended."""

from __future__ import annotations

from flask import Blueprint, Response

from shopapp.kernel import clock
from shopapp.wechat.pay import Notice
from shopapp.wechat.pay.transfers import finished_from
from shopapp.wechat.worklist.receiving import Finding, receive

from . import settling

blueprint = Blueprint("transfer_notices", __name__, url_prefix="/wechat/pay/notice")


@blueprint.post("/transfer")
def transfer() -> Response:
    return receive(kind="transfer", take=_apply)


def _apply(notice: Notice) -> tuple[Finding, str | None]:
    return settling.apply(transfer=finished_from(notice.data), now=clock.now())
