"""Decisions about transfers: what to ask next, how long to wait, whether the platform's word fits; no database."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from shopapp.kernel.money import Money
from shopapp.wechat.pay import Transfer, TransferState

from .payout_models import ENDS, PayoutState

TEXT_MAX = 32
CONFIRM_WITHIN = timedelta(hours=24)
# Both clocks may differ a little, and a cancel that comes too early takes nothing from anyone but a minute.
LAPSE_MARGIN = timedelta(minutes=2)
# The platform tells of a transfer for thirty days.
ASKED_ABOUT_WITHIN = timedelta(days=29)
ASK_PAUSES_SECONDS: tuple[int, ...] = (5, 30, 60, 120, 300, 900, 1800, 3600)
WAIT_PAUSES_SECONDS: tuple[int, ...] = (20, 60, 300, 900, 3600)
MOVE_PAUSES_SECONDS: tuple[int, ...] = (3, 10, 30, 60, 300, 900)
# By then minutes went by since a request was last sent, so that none can still be on its way.
MISSING_TRIES = 6
HELD_UP_PAUSE = timedelta(minutes=10)
# The transfer scene "cash marketing", whose reports are the name of the campaign and what is rewarded.
SCENE = "1000"


class Step(StrEnum):
    """What the platform is asked next: ask for the money under our number, ask about it, or take it back and ask."""

    ASK = "ask"
    QUERY = "query"
    LAPSE = "lapse"


ASKED_AGAIN = (PayoutState.QUEUED, PayoutState.ACCEPTED, PayoutState.PROCESSING)
TAKEABLE_BACK = (PayoutState.ACCEPTED, PayoutState.PROCESSING, PayoutState.WAIT_USER_CONFIRM)
DUE = (*TAKEABLE_BACK, PayoutState.QUEUED, PayoutState.TRANSFERING, PayoutState.CANCELING)


def next_step(
    *,
    state: PayoutState,
    has_package: bool,
    confirm_until: datetime | None,
    withdrawn: bool = False,
    now: datetime,
) -> Step | None:
    """None when nothing more is to be asked by itself.

    A query tells no package, so what waits for the customer without one is asked for again: the same number gives it.
    `withdrawn`: less is due than was asked for, so nothing of it may be asked for any more.
    """
    if state not in DUE:
        return None
    if withdrawn and state in (*TAKEABLE_BACK, PayoutState.QUEUED):
        return Step.LAPSE
    if state in TAKEABLE_BACK and confirm_until is not None and now >= confirm_until + LAPSE_MARGIN:
        return Step.LAPSE
    if state in ASKED_AGAIN or (state is PayoutState.WAIT_USER_CONFIRM and not has_package):
        return Step.ASK
    return Step.QUERY


def pause(*, state: PayoutState, tries: int) -> timedelta:
    """How long to wait after so many tries in this state."""
    pauses = MOVE_PAUSES_SECONDS
    if state in ASKED_AGAIN:
        pauses = ASK_PAUSES_SECONDS
    elif state is PayoutState.WAIT_USER_CONFIRM:
        pauses = WAIT_PAUSES_SECONDS
    return timedelta(seconds=pauses[min(tries, len(pauses) - 1)])


def state_of(transfer: Transfer) -> PayoutState:
    return PayoutState(transfer.state.value.lower())


def confirmable_until(transfer: Transfer, *, asked_at: datetime) -> datetime:
    """Until when the customer may confirm, by the platform's time of taking the request, else by ours of making it."""
    return (transfer.created_at or asked_at) + CONFIRM_WITHIN


def problem(
    transfer: Transfer, *, amount: Money, openid: str, bill_no: str | None, appid: str, mchid: str
) -> str | None:
    """What in the platform's word is not as we asked for it; None when all is. What it does not tell cannot be wrong."""
    if transfer.mchid not in (None, mchid):
        return f"mchid {transfer.mchid}, not {mchid}"
    if transfer.appid not in (None, appid):
        return f"appid {transfer.appid}, not {appid}"
    if transfer.amount not in (None, amount):
        return f"amount {transfer.amount}, not {amount}"
    if openid and transfer.openid not in (None, openid):
        return "another payee"
    if bill_no is not None and transfer.transfer_bill_no != bill_no:
        return f"transfer {transfer.transfer_bill_no}, known as {bill_no}"
    return None


def contradicts(*, state: PayoutState, told: TransferState) -> bool:
    """Whether the platform says that money went under a number that was over without it, or the reverse."""
    paid = state is PayoutState.SUCCESS
    return state in ENDS and told.value.lower() in ENDS and paid != (told is TransferState.SUCCESS)


def report_text(words: str) -> str:
    """Words as the platform takes them: at most 32 characters, on one line, never empty."""
    return " ".join(words.split())[:TEXT_MAX] or "购物返现"
