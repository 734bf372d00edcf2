"""Where WeChat Pay tells us things: verify, open, let a feature compare and move, keep, answer.

Answered only after the commit; anything but 200 or 204 makes it come again. These requests are no sessions: no cookie, no
redirect, no same-origin rule; the platform's signature is all that counts.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import structlog
from flask import Response, jsonify, make_response, request

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.wechat import pay
from shopapp.wechat.pay import Forged, Notice, Unreadable

from . import services
from .models import NoticeState

log = structlog.get_logger(__name__)

NUMBERS = ("out_refund_no", "out_trade_no", "out_bill_no")


class Finding(StrEnum):
    """What a word of the platform turned out to be: new or repeated, about nothing we know, or not as we asked."""

    DONE = "done"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    WRONG = "wrong"


STATES = {
    Finding.DONE: NoticeState.DONE,
    Finding.REPEATED: NoticeState.DONE,
    Finding.UNKNOWN: NoticeState.UNKNOWN_ORDER,
    Finding.WRONG: NoticeState.WRONG,
}
ANSWERS = {NoticeState.DONE: 204, NoticeState.UNKNOWN_ORDER: 404, NoticeState.WRONG: 400}


def receive(*, kind: str, take: Callable[[Notice], tuple[Finding, str | None]]) -> Response:
    """Answer the notice of this request. A forgery leaves nothing behind, what does not fit stays on the worklist.

    `take` compares and moves inside the transaction that keeps the notice; it tells what it found and what is wrong, and
    may raise `Unreadable`.
    """
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
        finding, problem_text = _taken(take, notice)
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


def _taken(
    take: Callable[[Notice], tuple[Finding, str | None]], notice: Notice
) -> tuple[Finding, str | None]:
    try:
        return take(notice)
    except Unreadable as problem:
        return Finding.WRONG, str(problem)


def _number(notice: Notice) -> str:
    return next((str(notice.data[name]) for name in NUMBERS if notice.data.get(name)), "")


def _fail(status: int, message: str) -> Response:
    return make_response(jsonify(code="FAIL", message=message), status)
