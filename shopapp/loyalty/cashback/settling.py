"""The written side of paying a claim by WeChat: one try taken, the platform's word followed. One transaction each.

Rows are locked in the order claim, payout, campaign. `exchanges` strings these steps together with the calls in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from shopapp.events import TransferWaiting
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.outbox import publish
from shopapp.members.identity import queries as identity
from shopapp.wechat import pay
from shopapp.wechat.pay import (
    NotEnough,
    PayProblem,
    Refused,
    SettingsRefused,
    Transfer,
    TransferRequest,
    TransferState,
)
from shopapp.wechat.worklist.receiving import Finding

from . import payout_rules as rules
from . import payouts, queries
from . import services as claims
from .models import CashbackClaim
from .payout_models import ENDS, PAYOUT_MOVES, CashbackPayout, PayoutState
from .payout_rules import Step
from .states import CLAIM_MOVES, ClaimStatus

WITHDRAWN = "WITHDRAWN"
NO_ACCOUNT = "no WeChat account to pay to"


@dataclass(frozen=True, kw_only=True)
class PayoutTask:
    """One try: what is asked of the platform, and what a request for the money says."""

    payout_id: int
    step: Step
    request: TransferRequest

    @property
    def out_bill_no(self) -> str:
        return self.request.out_bill_no


def take(*, payout_id: int, notify_url: str, now: datetime, asked_for: bool = False) -> PayoutTask | None:
    """Take the next try; None if it is not due, nothing is to be asked, or somebody else has it.

    Before the number is asked for the first time the claim begins to be paid: until then nothing is, and stopping the
    campaign stops this as well. `asked_for`: the customer is waiting, so it is due, unless the order was refunded and the
    last request may still be on its way.
    """
    payout, claim = _locked(payout_id=payout_id)
    withdrawn = claims.refund_waits(claim)
    unheard = withdrawn and payout.state is PayoutState.QUEUED
    if payout.next_try_at > now and (unheard or not asked_for):
        return None
    if payout.state is PayoutState.QUEUED and payout.asked_at is None and not _begin(payout, now=now):
        return None
    step = rules.next_step(
        state=payout.state,
        has_package=payout.package_info is not None,
        confirm_until=payout.confirm_until,
        withdrawn=withdrawn,
        now=now,
    )
    if step is None:
        return None
    if step is Step.ASK and payout.state is PayoutState.QUEUED and _stopped(payout):
        step = Step.QUERY
    asked_at = payout.asked_at or now
    if step is Step.ASK and now - asked_at > rules.ASKED_ABOUT_WITHIN:
        _postpone(
            payout, now=now, problem="asked for too long ago for the platform to tell; see the fund flow"
        )
        return None
    payout.next_try_at = _next_try(payout, now=now)
    payout.tries += 1
    payout.asked_at = asked_at
    db.session.flush()
    return PayoutTask(payout_id=payout.id, step=step, request=_request(payout, notify_url=notify_url))


def _stopped(payout: CashbackPayout) -> bool:
    """Whether the campaign was stopped: what may not have reached the platform is then asked about, not asked for."""
    facts = queries.payout_facts(claim_id=payout.claim_id)
    return facts is None or not facts.campaign_active


def _locked(*, payout_id: int) -> tuple[CashbackPayout, CashbackClaim]:
    """The payout and its claim, which is locked first, as they are now and kept from others."""
    claim_id = db.session.scalars(select(CashbackPayout.claim_id).where(CashbackPayout.id == payout_id)).one()
    claim = claims.lock(claim_id=claim_id)
    wanted = select(CashbackPayout).where(CashbackPayout.id == payout_id).with_for_update()
    return db.session.scalars(wanted.execution_options(populate_existing=True)).one(), claim


def _next_try(payout: CashbackPayout, *, now: datetime) -> datetime:
    """After the usual pause, or when the time to confirm is over, if that comes first."""
    after = now + rules.pause(state=payout.state, tries=payout.tries)
    over = None if payout.confirm_until is None else payout.confirm_until + rules.LAPSE_MARGIN
    return over if over is not None and now < over < after else after


def _begin(payout: CashbackPayout, *, now: datetime) -> bool:
    """Begin to pay the claim under a number that nobody was asked for yet; the amount is final now."""
    before = queries.payout_facts(claim_id=payout.claim_id)
    if before is None or CLAIM_MOVES.final(before.status):
        PAYOUT_MOVES.move(payout, PayoutState.CANCELLED, fail_reason=WITHDRAWN, ended_at=now)
        return False
    appid = pay.client().appid
    openid = payout.openid or identity.payee_openid(customer_id=before.customer_id, appid=appid)
    if not openid:
        _postpone(payout, now=now, problem=NO_ACCOUNT)
        return False
    facts = claims.begin_paying(claim_id=payout.claim_id, now=now)
    if facts is None:
        _postpone(payout, now=now, problem=None)
        return False
    payout.openid, payout.amount, payout.problem = openid, facts.amount, None
    least, most = payouts.limits()
    if not least <= facts.amount <= most:
        db.session.flush()
        _refuse(payout, problem=f"{facts.amount} yuan is not within {least} and {most}", now=now)
        return False
    return True


def _postpone(payout: CashbackPayout, *, now: datetime, problem: str | None) -> None:
    payout.next_try_at, payout.problem = now + rules.HELD_UP_PAUSE, problem
    db.session.flush()


def _refuse(payout: CashbackPayout, *, problem: str, now: datetime) -> None:
    """Nothing moves under this number; the claim may be paid again, under the same one."""
    if PAYOUT_MOVES.try_move(payout, PayoutState.REFUSED, problem=problem[:500]):
        claims.back_to_approved(claim_id=payout.claim_id)
        claims.follow_refund(claims.lock(claim_id=payout.claim_id), now=now)


def _request(payout: CashbackPayout, *, notify_url: str) -> TransferRequest:
    return TransferRequest(
        out_bill_no=payout.out_bill_no,
        openid=payout.openid,
        amount=payout.amount,
        scene=rules.SCENE,
        remark=payout.remark,
        reports=tuple((str(name), str(content)) for name, content in payout.reports),
        notify_url=notify_url,
    )


def apply(*, transfer: Transfer, now: datetime, tell: bool = True) -> tuple[Finding, str | None]:
    """What the platform says about a transfer, in an answer or a notice; told again it changes nothing.

    The second part says what is wrong with it. Without `tell` the customer is looking at it and need not be told.
    """
    known = select(CashbackPayout.id).where(CashbackPayout.out_bill_no == transfer.out_bill_no)
    payout_id = db.session.scalar(known)
    if payout_id is None:
        return Finding.UNKNOWN, f"no payout {transfer.out_bill_no}"
    payout, claim = _locked(payout_id=payout_id)
    client = pay.client()
    problem = rules.problem(
        transfer,
        amount=payout.amount,
        openid=payout.openid,
        bill_no=payout.transfer_bill_no,
        appid=client.appid,
        mchid=client.mchid,
    )
    if problem is None and rules.contradicts(state=payout.state, told=transfer.state):
        problem = f"the platform says {transfer.state}, which this was not: money may have moved twice"
    if problem is not None:
        return Finding.WRONG, problem
    if payout.state is PayoutState.REFUSED and rules.state_of(transfer) not in payouts.DEAD:
        CLAIM_MOVES.try_move(claim, ClaimStatus.PAYING, paying_at=now)
    followed = _follow(payout, claim, transfer, now=now)
    if payout.state is PayoutState.SUCCESS and claim.status is not ClaimStatus.PAID:
        return Finding.WRONG, f"money went out for a claim that is {claim.status}"
    if not followed:
        return Finding.REPEATED, None
    if tell and payout.state is PayoutState.WAIT_USER_CONFIRM and not claims.refund_waits(claim):
        publish(TransferWaiting(payout_id=payout.id, customer_id=claim.customer_id))
    return Finding.DONE, None


def _follow(payout: CashbackPayout, claim: CashbackClaim, transfer: Transfer, *, now: datetime) -> bool:
    state, asked_at = rules.state_of(transfer), payout.asked_at or now
    known: dict[str, object] = {"transfer_bill_no": transfer.transfer_bill_no, "problem": None}
    if transfer.package_info is not None:
        known["package_info"] = transfer.package_info
    if transfer.created_at is not None or payout.confirm_until is None:
        known["confirm_until"] = rules.confirmable_until(transfer, asked_at=asked_at)
    if state is payout.state:
        same = update(CashbackPayout).where(CashbackPayout.id == payout.id, CashbackPayout.state == state)
        rows_changed(same.values(**known))
        return False
    known |= {"tries": 0, "next_try_at": now + rules.pause(state=state, tries=0)}
    if state in ENDS:
        known |= {
            "ended_at": transfer.updated_at or now,
            "fail_reason": (transfer.fail_reason or "")[:64] or None,
        }
    if not PAYOUT_MOVES.try_move(payout, state, **known):
        return False
    if transfer.state is TransferState.SUCCESS and claim.status is ClaimStatus.PAYING:
        claims.mark_paid(claim_id=payout.claim_id, now=now)
    elif state in payouts.DEAD:
        _came_to_nothing(claim, now=now)
    return True


def _came_to_nothing(claim: CashbackClaim, *, now: datetime) -> None:
    """No money went: the claim follows the refund for which it was taken back, else it waits to be asked for anew."""
    claims.mark_lapsed(claim_id=claim.id)
    if claims.follow_refund(claim, now=now) and claim.status is ClaimStatus.LAPSED:
        claims.back_to_approved(claim_id=claim.id)


def note_problem(*, payout_id: int, problem: PayProblem, known_missing: bool, now: datetime) -> None:
    """A try brought no answer to go by: kept for the next one.

    `known_missing`: the request was refused for good and the platform says that it knows no such number.
    """
    payout, _claim = _locked(payout_id=payout_id)
    if known_missing and payout.transfer_bill_no is None:
        _refuse(payout, problem=str(problem), now=now)
        return
    if payout.state not in rules.DUE:
        return
    payout.problem = str(problem)[:500]
    if isinstance(problem, NotEnough | SettingsRefused):
        payout.next_try_at = max(payout.next_try_at, now + rules.HELD_UP_PAUSE)
    db.session.flush()


def note_missing(*, payout_id: int, problem: PayProblem, now: datetime) -> None:
    """The platform knows no such number, which is not to be asked for any more: over, once no request can be on its way."""
    payout, claim = _locked(payout_id=payout_id)
    surely = payout.state is PayoutState.QUEUED and payout.tries >= rules.MISSING_TRIES
    if not (surely and claims.refund_waits(claim)):
        note_problem(payout_id=payout_id, problem=problem, known_missing=False, now=now)
        return
    PAYOUT_MOVES.move(payout, PayoutState.CANCELLED, fail_reason=WITHDRAWN, problem=None, ended_at=now)
    _came_to_nothing(claim, now=now)


def refused_for_good(problem: PayProblem) -> bool:
    """Whether the same request would be refused again, whatever the merchant does about money and settings."""
    return isinstance(problem, Refused) and not isinstance(problem, NotEnough | SettingsRefused)
