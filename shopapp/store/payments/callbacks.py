"""Where WeChat Pay tells us things. Answered only after the commit; anything but 200 or 204 makes it come again.

These requests are no sessions: no cookie, no redirect, no same-origin rule; the platform's signature is all that counts.
"""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, jsonify, make_response, request

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.wechat import pay
from shopapp.wechat.pay import Forged, Notice, Unreadable
from shopapp.wechat.pay.notices import refund_from, trade_from

from . import refunds, services
from .models import NoticeState
from .rules import Finding

log = structlog.get_logger(__name__)
blueprint = Blueprint("pay_notices", __name__, url_prefix="/wechat/pay/notice")

NUMBERS = ("out_refund_no", "out_trade_no", "out_bill_no")
STATES = {
    Finding.DONE: NoticeState.DONE,
    Finding.REPEATED: NoticeState.DONE,
    Finding.UNKNOWN: NoticeState.UNKNOWN_ORDER,
    Finding.WRONG: NoticeState.WRONG,
}
ANSWERS = {NoticeState.DONE: 204, NoticeState.UNKNOWN_ORDER: 404, NoticeState.WRONG: 400}


@blueprint.post("/<any(payment, refund, transfer):kind>")
def receive(kind: str) -> Response:
    """Verify, open, compare, move; a forgery leaves nothing behind, what does not fit stays on the worklist."""
    now = clock.now()
    try:
        notice = pay.client().read_notice(headers=dict(request.headers), body=request.get_data(), now=now)
    except Forged as problem:
        log.info("notice refused", kind=kind, problem=str(problem))
        return _fail(401, "signature does not hold")
    except Unreadable as problem:
        log.error("notice cannot be read", kind=kind, problem=str(problem))
        return _fail(400, "notice cannot be read")
    with transaction():
        finding, problem_text = _take(kind, notice)
        state = STATES[finding]
        services.keep_notice(
            notice_id=notice.id,
            kind=notice.event_type,
            number=_number(notice),
            state=state,
            problem=problem_text,
            content=notice.content,
            now=now,
        )
    if state is NoticeState.DONE:
        return make_response("", 204)
    log.warning("notice does not fit", kind=kind, state=state.value)
    return _fail(ANSWERS[state], "no such order" if state is NoticeState.UNKNOWN_ORDER else "does not fit")


def _take(kind: str, notice: Notice) -> tuple[Finding, str | None]:
    now = clock.now()
    try:
        if kind == "payment":
            trade = trade_from(notice.data)
            if not trade.state.paid:
                return Finding.REPEATED, None
            return services.settle(trade=trade, now=now)
        if kind == "refund":
            return refunds.apply(answer=refund_from(notice.data), mchid=pay.client().mchid, now=now)
    except Unreadable as problem:
        return Finding.WRONG, str(problem)
    return Finding.UNKNOWN, "transfers are not made by this shop"


def _number(notice: Notice) -> str:
    return next((str(notice.data[name]) for name in NUMBERS if notice.data.get(name)), "")


def _fail(status: int, message: str) -> Response:
    return make_response(jsonify(code="FAIL", message=message), status)
