"""Conversations with WeChat Pay: write what will be asked, ask, write what was answered, each in its own transaction.

Whoever is killed in between leaves rows from which the next caller or a job goes on. None of these functions may be
called inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.settings import settings
from shopapp.members.identity.queries import SignedIn
from shopapp.wechat import pay
from shopapp.wechat.pay import (
    FollowOrder,
    JsapiRequest,
    Missing,
    PayProblem,
    RefundResult,
    Refused,
    SettingsRefused,
    Trade,
)
from shopapp.wechat.worklist import services as worklist
from shopapp.wechat.worklist.queries import NoticeState
from shopapp.wechat.worklist.receiving import Finding

from . import queries, refunds, services
from .services import Attempt

log = structlog.get_logger(__name__)

ROUNDS_MAX = 3
NOTICE_PATH = "/wechat/pay/notice/"


class PayUnavailable(ShopError):
    status, code, text = (
        503,
        "pay_unavailable",
        _l("微信支付暂时没有回应，订单没有改动。请稍后再试；若已付款，订单会自动更新。"),
    )


class PayRefused(ShopError):
    status, code, text = (
        409,
        "pay_refused",
        _l("微信支付没有接受这笔付款，订单没有改动。请稍后再试或联系客服。"),
    )


class Fate(StrEnum):
    """What became of an attempt at the platform, or of an order that was to be cancelled."""

    PAID = "paid"
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The cashier can be opened with `request` until `expires_at`."""

    request: JsapiRequest
    expires_at: datetime


def start_payment(*, no: str, customer: SignedIn, now: datetime) -> Ready | None:
    """Get an order ready to be paid in WeChat's cashier; None when nothing is left to pay.

    An open attempt is used again. After a doubt the same number is asked for again; a number that the platform has
    closed gives way to a new one. Raises `NotFound`, `OrderClosed`, `PayTimeOver`, `PayUnavailable`, `PayRefused`.
    """
    for _round in range(ROUNDS_MAX):
        with transaction():
            attempt = services.begin_attempt(no=no, customer=customer, now=now)
        if attempt is None:
            return None
        prepay_id = attempt.prepay_id
        if prepay_id is None:
            try:
                prepay_id = _prepay(attempt)
            except SettingsRefused as problem:
                raise PayUnavailable from problem
            except Refused as problem:
                if _after_refusal(attempt, now=now) is Fate.PAID:
                    return None
                if not attempt.repeated and not isinstance(problem, FollowOrder):
                    raise PayRefused from problem
                continue
            except PayProblem as problem:
                raise PayUnavailable from problem
            with transaction():
                usable = services.note_prepay(payment_id=attempt.payment_id, prepay_id=prepay_id, now=now)
            if not usable:
                continue
        request = pay.client().jsapi_request(prepay_id=prepay_id, now=now)
        return Ready(request=request, expires_at=attempt.expires_at)
    raise PayUnavailable


def _prepay(attempt: Attempt) -> str:
    return pay.client().prepay(
        out_trade_no=attempt.out_trade_no,
        amount=attempt.amount,
        description=attempt.description,
        openid=attempt.openid,
        notify_url=notify_url("payment"),
        expires_at=attempt.expires_at,
    )


def notify_url(kind: str) -> str:
    return f"{settings().base_url}{NOTICE_PATH}{kind}"


def _after_refusal(attempt: Attempt, *, now: datetime) -> Fate:
    """The platform did not take the attempt: follow what it knows, and let the number go unless it was paid."""
    try:
        fate = close_attempt(payment_id=attempt.payment_id, out_trade_no=attempt.out_trade_no, now=now)
    except PayProblem as problem:
        raise PayUnavailable from problem
    if fate is Fate.OPEN:
        raise PayUnavailable
    if fate is Fate.CLOSED:
        with transaction():
            services.note_closed(payment_id=attempt.payment_id)
    return fate


def close_attempt(*, payment_id: int, out_trade_no: str, now: datetime) -> Fate:
    """Have the platform close an attempt, then ask what became of it: a payment can have come first.

    A paid one is settled here; marking a closed one is left to the caller. Raises `PayProblem` when in doubt.
    """
    client = pay.client()
    try:
        client.close(out_trade_no=out_trade_no)
    except Missing:
        return Fate.CLOSED
    except (FollowOrder, SettingsRefused):
        pass
    except Refused:
        log.warning("attempt cannot be closed", payment_id=payment_id)
    try:
        trade = client.query(out_trade_no=out_trade_no)
    except Missing:
        return Fate.CLOSED
    return follow(trade, now=now)


def follow(trade: Trade, *, now: datetime) -> Fate:
    """Do what a queried trade asks for. A paid one whose figures are wrong goes on the worklist and stays open."""
    if trade.state.over:
        return Fate.CLOSED
    if not trade.state.paid:
        return Fate.OPEN
    with transaction():
        finding, problem = services.settle(trade=trade, now=now)
        if finding in (Finding.WRONG, Finding.UNKNOWN):
            worklist.keep_notice(
                notice_id=f"query:{trade.out_trade_no}",
                kind="query",
                number=trade.out_trade_no,
                state=NoticeState.WRONG if finding is Finding.WRONG else NoticeState.UNKNOWN_ORDER,
                problem=problem,
                content=repr(trade),
                now=now,
            )
    return Fate.OPEN if finding is Finding.WRONG else Fate.PAID


def cancel_order(*, order_id: int, reason: str, now: datetime) -> Fate:
    """Cancel an unpaid order, but close it at the platform first, so that nobody pays for what is given away.

    `reason` is timeout, customer or staff. CLOSED: it is cancelled. PAID: it turned out to be paid, or was before.
    OPEN: it was not unpaid any more, or could not be closed. Raises `PayUnavailable` when the platform gives no answer;
    the order is then as it was.
    """
    for _round in range(ROUNDS_MAX):
        with transaction():
            attempts = services.payable_attempts(order_id=order_id)
        for payment_id, number in attempts.items():
            try:
                fate = close_attempt(payment_id=payment_id, out_trade_no=number, now=now)
            except PayProblem as problem:
                raise PayUnavailable from problem
            if fate is not Fate.CLOSED:
                return fate
        with transaction():
            cancelled = services.cancel_closed(
                order_id=order_id, closed=attempts.keys(), reason=reason, now=now
            )
        if cancelled is not None:
            return Fate.CLOSED if cancelled else Fate.OPEN
    raise PayUnavailable


def query_payment(*, payment_id: int, order_unpaid: bool, now: datetime) -> Fate | None:
    """Ask what became of an attempt; one whose order needs no money any more is closed. None if it was not our turn.

    Raises `PayProblem`; the attempt is asked about again later.
    """
    with transaction():
        number = services.claim_query(payment_id=payment_id, now=now)
    if number is None:
        return None
    if order_unpaid:
        try:
            fate = follow(pay.client().query(out_trade_no=number), now=now)
        except Missing:
            return Fate.OPEN
    else:
        fate = close_attempt(payment_id=payment_id, out_trade_no=number, now=now)
    if fate is Fate.CLOSED:
        with transaction():
            services.note_closed(payment_id=payment_id)
    return fate


def send_refund(*, refund_id: int, now: datetime) -> bool:
    """One try of a refund: sent, or asked about if it was taken before. False if it was not due.

    Raises `pay.Unknown` after noting it, so that a job can stop when nothing gets through.
    """
    with transaction():
        task = refunds.claim(refund_id=refund_id, now=now)
    if task is None:
        return False
    client = pay.client()
    try:
        if task.known:
            answer = client.query_refund(out_refund_no=task.out_refund_no)
        else:
            answer = client.refund(
                out_trade_no=task.out_trade_no,
                out_refund_no=task.out_refund_no,
                amount=task.amount,
                total=task.total,
                reason=task.reason,
                notify_url=notify_url("refund"),
            )
    except PayProblem as problem:
        with transaction():
            refunds.note_problem(refund_id=refund_id, problem=problem, now=now)
        if isinstance(problem, pay.Unknown):
            raise
        return True
    with transaction():
        refunds.apply(answer=answer, mchid=client.mchid, now=now)
    return True


def number_that_gave_nothing(*, refund_id: int, now: datetime) -> str | None:
    """The number of a failed refund of which the platform says that no money moves under it.

    None while there is doubt, and when money does move: then the refund has followed.
    """
    with transaction():
        number = queries.number_of_failed(refund_id=refund_id)
    if number is None:
        return None
    client = pay.client()
    try:
        answer = client.query_refund(out_refund_no=number)
    except Missing:
        return number
    except PayProblem as problem:
        log.warning("failed refund cannot be asked about", refund_id=refund_id, problem=str(problem))
        return None
    if answer.result is RefundResult.CLOSED:
        return number
    with transaction():
        refunds.apply(answer=answer, mchid=client.mchid, now=now)
    return None
