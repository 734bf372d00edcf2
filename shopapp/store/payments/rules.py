"""Decisions about attempts, notices and waiting times; no database."""

from __future__ import annotations

from datetime import datetime, timedelta

from shopapp.kernel.money import Money
from shopapp.wechat.pay import RefundAnswer, Trade

from .models import Payment, PaymentStatus, Refund, RefundState

CURRENCY = "CNY"
STILL_PAYABLE = (PaymentStatus.CREATED, PaymentStatus.OPEN)
RETRIED = (RefundState.QUEUED, RefundState.SENT, RefundState.ABNORMAL)
# A prepay id lives two hours; the rest is time to type a password.
PREPAY_LIVES = timedelta(hours=2) - timedelta(minutes=10)
QUERY_PAUSES_SECONDS = (15, 15, 30, 60, 120, 300)
REFUND_PAUSES_SECONDS = (5, 30, 60, 120, 300, 900, 1800, 3600)
REFUND_TRIES_MAX = 200
ABNORMAL_PAUSE = timedelta(hours=6)
# Longer than any call to the platform takes.
SLOWEST_TRY = timedelta(minutes=2)


def query_pause(*, queries: int) -> timedelta:
    """How long to wait before asking again, after so many questions."""
    return timedelta(seconds=QUERY_PAUSES_SECONDS[min(queries, len(QUERY_PAUSES_SECONDS) - 1)])


def refund_pause(*, tries: int) -> timedelta:
    """How long to wait before the next try of a refund, after so many."""
    return timedelta(seconds=REFUND_PAUSES_SECONDS[min(tries, len(REFUND_PAUSES_SECONDS) - 1)])


def usable_prepay(
    *, status: PaymentStatus, prepay_id: str | None, prepay_until: datetime | None, now: datetime
) -> str | None:
    """The prepay id with which the cashier can still be opened, if an attempt has one."""
    usable = status is PaymentStatus.OPEN and prepay_until is not None and prepay_until > now
    return prepay_id if usable else None


def trade_problem(
    trade: Trade, *, amount: Money, transaction_id: str | None, appid: str, mchid: str
) -> str | None:
    """What in a paid trade is not as we asked for it; None when all is.

    `amount` is that of the attempt, `transaction_id` that of its payment if it was paid before.
    """
    if trade.appid != appid:
        return f"appid {trade.appid}, not {appid}"
    if trade.mchid != mchid:
        return f"mchid {trade.mchid}, not {mchid}"
    if trade.currency not in (None, CURRENCY):
        return f"currency {trade.currency}, not {CURRENCY}"
    if trade.total != amount:
        return f"amount {trade.total}, not {amount}"
    if transaction_id is not None and trade.transaction_id != transaction_id:
        return f"transaction {trade.transaction_id}, already paid by {transaction_id}"
    return None


def refund_problem(answer: RefundAnswer, refund: Refund, payment: Payment, *, mchid: str) -> str | None:
    """What in the platform's word about a refund is not as we asked for it; None when all is."""
    if answer.mchid not in (None, mchid):
        return f"mchid {answer.mchid}, not {mchid}"
    if answer.out_trade_no != payment.out_trade_no:
        return f"payment {answer.out_trade_no}, not {payment.out_trade_no}"
    if answer.amount != refund.amount:
        return f"amount {answer.amount}, not {refund.amount}"
    return None


def description(*, shop: str, title: str, pieces: int) -> str:
    """What the customer reads in WeChat's cashier."""
    return f"{shop}-{title} ×{pieces}" if pieces > 1 else f"{shop}-{title}"
