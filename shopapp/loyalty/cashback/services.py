"""The way of a claim once its order is known: held, approved, paid, taken back. All inside the caller's transaction.

Rows are locked in the order claim, marketplace order, campaign, books.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from shopapp.events import ClaimPaid, ClaimRejected
from shopapp.kernel.db import db
from shopapp.kernel.http import found
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.outbox import publish
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace.queries import MarketplaceOrderFacts
from shopapp.members.marketplace.rules import Status

from . import budget, paying, payouts, queries, rules
from .models import CashbackCampaign, CashbackClaim
from .queries import PayoutFacts
from .states import CLAIM_MOVES, RESERVED, ClaimReason, ClaimStatus, Payout

_S = ClaimStatus
PAYABLE = (_S.APPROVED, _S.LAPSED)


def lock(*, claim_id: int) -> CashbackClaim:
    """The claim with this row id as it is now, kept from others. Raises `NotFound`."""
    return lock_where(CashbackClaim.id == claim_id)


def lock_where(*conditions: Any) -> CashbackClaim:
    """The one claim under these conditions, like `lock`."""
    wanted = select(CashbackClaim).where(*conditions).with_for_update()
    return found(db.session.scalar(wanted.execution_options(populate_existing=True)))


def campaign_of(claim: CashbackClaim) -> CashbackCampaign:
    """The campaign of a matched claim as it is now, not locked."""
    wanted = select(CashbackCampaign).where(CashbackCampaign.id == claim.campaign_id)
    return found(db.session.scalar(wanted.execution_options(populate_existing=True)))


def reject(
    claim: CashbackClaim, *, reason: ClaimReason, note: str = "", reserved: bool = True, now: datetime
) -> None:
    """End a locked claim without cash-back: what was set aside is free, and so are the order and the number.

    Without `reserved` nothing was set aside for it yet. Raises `IllegalMove`.
    """
    if not reserved:
        claim.amount = None
    end(claim, _S.REJECTED, reason=reason, note=note, now=now)
    publish(ClaimRejected(claim_id=claim.id, customer_id=claim.customer_id))


def end(
    claim: CashbackClaim, status: ClaimStatus, *, reason: ClaimReason, note: str = "", now: datetime
) -> None:
    """Like `reject`, for either end without cash-back, and without telling anybody."""
    was = claim.status
    CLAIM_MOVES.move(
        claim,
        status,
        reason=reason,
        note=note,
        ended_at=now,
        number_key=claim.public_id,
        taken_key=None,
        review=False,
        tail=None,
    )
    if was in RESERVED and claim.campaign_id is not None:
        budget.release(campaign_id=claim.campaign_id, amount=claim.due)


def follow_refund(claim: CashbackClaim, *, now: datetime) -> bool:
    """Let a locked claim have what is left of its order: smaller, rejected, or taken back; whether anything changed.

    A transfer on its way is taken back first: what came of that decides.
    """
    if claim.status is _S.PAYING:
        if refund_waits(claim):
            payouts.hurry(claim_id=claim.id, now=now)
        return False
    if claim.status not in (*RESERVED, _S.PAID) or claim.order_id is None:
        return False
    order = marketplace.orders_by_ids(ids=[claim.order_id])[claim.order_id]
    gone = _gone(claim, order)
    if gone <= claim.taken_back:
        return False
    if claim.status is _S.PAID:
        _take_back(claim, gone=gone, now=now)
    elif gone >= (claim.amount or ZERO):
        reject(claim, reason=ClaimReason.REFUNDED, now=now)
    elif (claim.amount or ZERO) - gone < least_of(campaign_of(claim)):
        reject(claim, reason=ClaimReason.BELOW_LEAST, now=now)
    else:
        budget.release(campaign_id=found(claim.campaign_id), amount=gone - claim.taken_back)
        claim.taken_back = gone
    db.session.flush()
    return True


def least_of(campaign: CashbackCampaign) -> Money:
    """The least that can be paid in the way of this campaign: WeChat transfers nothing below its own least."""
    return payouts.limits()[0] if campaign.payout is Payout.TRANSFER else ZERO


def refund_waits(claim: CashbackClaim) -> bool:
    """Whether less is due than what is just being paid, since the order was refunded meanwhile."""
    if claim.status is not _S.PAYING or claim.order_id is None:
        return False
    order = marketplace.orders_by_ids(ids=[claim.order_id])[claim.order_id]
    return _gone(claim, order) > claim.taken_back


def _gone(claim: CashbackClaim, order: MarketplaceOrderFacts) -> Money:
    amount = claim.amount or ZERO
    if order.status is Status.CLOSED:
        return amount
    return rules.taken_back(amount, refunded=Money(order.refunded_fen), paid=Money(order.paid_fen))


def _take_back(claim: CashbackClaim, *, gone: Money, now: datetime) -> None:
    """`gone` of the award in all; what had gone before it was paid was never paid."""
    before = (claim.amount or ZERO) - (claim.paid_amount or ZERO)
    paying.take_back(claim, campaign_of(claim), gone=gone - before, now=now)
    claim.taken_back = gone


def approve(claim: CashbackClaim, *, now: datetime) -> None:
    """The hold of a locked claim is over: it may be paid. Raises `IllegalMove`."""
    CLAIM_MOVES.move(claim, _S.APPROVED, approved_at=now, next_look_at=now, review=False)


def begin_paying(*, claim_id: int, now: datetime) -> PayoutFacts | None:
    """Take an approved or lapsed claim for paying; None when it may not be paid now: not approved, its order refunded
    meanwhile, its campaign stopped, or less due than can be paid, which ends it."""
    claim = lock(claim_id=claim_id)
    follow_refund(claim, now=now)
    if claim.campaign_id is None or not campaign_of(claim).active:
        return None
    if claim.status in PAYABLE and claim.due < least_of(campaign_of(claim)):
        reject(claim, reason=ClaimReason.BELOW_LEAST, now=now)
        return None
    if not CLAIM_MOVES.try_move(claim, _S.PAYING, paying_at=now):
        return None
    return queries.payout_facts(claim_id=claim_id)


def mark_paid(*, claim_id: int, now: datetime) -> bool:
    """What was being paid has been paid: booked, off the budget, told. False if it was told before.

    Raises `IllegalMove` for a claim that nobody was paying.
    """
    claim = lock(claim_id=claim_id)
    if claim.status is _S.PAID:
        return False
    due = claim.due
    CLAIM_MOVES.move(claim, _S.PAID, paid_at=now, ended_at=now, paid_amount=due, tail=None)
    campaign = campaign_of(claim)
    budget.spend(campaign_id=campaign.id, amount=due)
    paying.give(claim, campaign, now=now)
    publish(ClaimPaid(claim_id=claim.id, customer_id=claim.customer_id, paid_fen=due.fen))
    follow_refund(claim, now=now)
    return True


def pay_inside(*, claim_id: int, now: datetime) -> bool:
    """Pay an approved claim to wallet, points or coupon, all in this transaction; whether it was paid now.

    Raises what the coupon's own rules refuse; the transaction must then be given up.
    """
    return begin_paying(claim_id=claim_id, now=now) is not None and mark_paid(claim_id=claim_id, now=now)


def mark_lapsed(*, claim_id: int) -> bool:
    """The customer did not confirm in time; the amount stays set aside. False if it was not being paid."""
    return CLAIM_MOVES.try_move(lock(claim_id=claim_id), _S.LAPSED)


def back_to_approved(*, claim_id: int) -> bool:
    """A payout surely came to nothing, or a lapsed one is to be sent anew: it may be paid again. False if not so."""
    return CLAIM_MOVES.try_move(lock(claim_id=claim_id), _S.APPROVED)
