"""Conversations with WeChat Pay about transfers: write what will be asked, ask, write what was answered.

Whoever is killed in between leaves rows from which the next caller or the job goes on with the same number. None of these
functions may be called inside a transaction.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from shopapp.kernel.db import transaction
from shopapp.kernel.settings import settings
from shopapp.wechat import pay
from shopapp.wechat.pay import Missing, PayProblem, RateLimited, Refused, Transfer
from shopapp.wechat.worklist import services as worklist
from shopapp.wechat.worklist.queries import NoticeState
from shopapp.wechat.worklist.receiving import Finding

from . import settling
from .payout_rules import Step
from .settling import PayoutTask

NOTICE_PATH = "/wechat/pay/notice/transfer"


def advance(*, payout_id: int, now: datetime, asked_for: bool = False) -> bool:
    """One try of a payout: asked for, asked about, or taken back once its time is over. False if none was due.

    Raises `pay.Unknown` after noting it, so that a job can stop when nothing gets through.
    """
    with transaction():
        task = settling.take(
            payout_id=payout_id,
            notify_url=f"{settings().base_url}{NOTICE_PATH}",
            now=now,
            asked_for=asked_for,
        )
    if task is None:
        return False
    try:
        follow(_ask(task), now=now, tell=not asked_for)
    except _NeverTaken as refusal:
        _note(task, refusal.problem, known_missing=True, now=now)
    except PayProblem as problem:
        if task.step is Step.LAPSE and isinstance(problem, Missing):
            _note_missing(task, problem, now=now)
        else:
            _note(task, problem, known_missing=False, now=now)
        if isinstance(problem, pay.Unknown):
            raise
    return True


class _NeverTaken(Exception):
    """The platform refused a request for good, and knows nothing of its number."""

    def __init__(self, problem: PayProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _ask(task: PayoutTask) -> Transfer:
    """Raises `PayProblem`, `_NeverTaken`."""
    client, number = pay.client(), task.out_bill_no
    if task.step is Step.ASK:
        try:
            return client.transfer(task.request)
        except PayProblem as problem:
            if not settling.refused_for_good(problem):
                raise
            return _after_refusal(number, problem)
    if task.step is Step.LAPSE:
        _take_back(number)
    return client.query_transfer(out_bill_no=number)


def _after_refusal(number: str, refusal: PayProblem) -> Transfer:
    """A refused request can follow one that was taken without our hearing of it: what does the platform know?"""
    try:
        return pay.client().query_transfer(out_bill_no=number)
    except Missing as missing:
        raise _NeverTaken(refusal) from missing


def _take_back(number: str) -> None:
    """Whatever this answers, a query tells what became of it; only silence is a reason to stop here."""
    with suppress(Refused, RateLimited):
        pay.client().cancel_transfer(out_bill_no=number)


def follow(transfer: Transfer, *, now: datetime, tell: bool = True) -> Finding:
    """Do what the platform's answer asks for. One that does not fit goes on the worklist and moves nothing.

    With `tell` the customer hears that something waits for them.
    """
    with transaction():
        finding, problem = settling.apply(transfer=transfer, now=now, tell=tell)
        if finding is Finding.WRONG:
            worklist.keep_notice(
                notice_id=f"transfer:{transfer.out_bill_no}",
                kind="query",
                number=transfer.out_bill_no,
                state=NoticeState.WRONG,
                problem=problem,
                content=repr(transfer),
                now=now,
            )
    return finding


def _note(task: PayoutTask, problem: PayProblem, *, known_missing: bool, now: datetime) -> None:
    with transaction():
        settling.note_problem(payout_id=task.payout_id, problem=problem, known_missing=known_missing, now=now)


def _note_missing(task: PayoutTask, problem: PayProblem, *, now: datetime) -> None:
    with transaction():
        settling.note_missing(payout_id=task.payout_id, problem=problem, now=now)
