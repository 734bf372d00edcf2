"""The customer asks for their money: what the page needs to have them confirm it in WeChat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.members.identity.queries import SignedIn
from shopapp.wechat import pay

from . import exchanges, payouts, queries
from . import services as claims
from .models import CashbackClaim
from .payout_models import CashbackPayout, PayoutState
from .states import ClaimStatus, Payout

# Over its time, taken back, asked for anew and given: each is a round.
ROUNDS_MAX = 4
PAYABLE = (ClaimStatus.APPROVED, ClaimStatus.PAYING, ClaimStatus.LAPSED)


class NotPayable(ShopError):
    status, code, text = (
        409,
        "claim_not_payable",
        _l("这笔返现现在还不能收款，没有任何改动。请刷新查看进度。"),
    )


class OtherAccount(ShopError):
    status, code, text = (
        409,
        "other_wechat_account",
        _l("这笔返现已发给您的另一个微信，请用那个微信打开本页收款。"),
    )


class TransferUnavailable(ShopError):
    status, code, text = (
        503,
        "pay_unavailable",
        _l("微信支付暂时没有回应，返现没有丢失。请稍后再试。"),
    )


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """`request` is what the page hands to WeChat, good until `expires_at`; without it there is nothing to confirm now."""

    status: ClaimStatus
    request: dict[str, str] | None = None
    expires_at: datetime | None = None


def confirm(*, public_id: str, customer: SignedIn, now: datetime) -> Confirmation:
    """Get the transfer of this customer's own claim ready to be confirmed; a lapsed one is sent anew.

    Without a request in the answer the money is on its way, has come, is taken back since the order was refunded, or the
    platform is not ready: ask again later.
    Raises `NotFound`, `NotPayable`, `OtherAccount`, `TransferUnavailable`. Not to be called inside a transaction.
    """
    for _round in range(ROUNDS_MAX):
        with transaction():
            status, payout, refunded = _look(
                public_id=public_id, customer=customer, first=_round == 0, now=now
            )
            ready = None if payout is None or refunded else _ready(payout, now=now)
            payout_id = None if payout is None else payout.id
        if ready is not None:
            return ready
        if payout_id is None or not _advanced(payout_id, now=now):
            break
    return Confirmation(status=status)


def _look(
    *, public_id: str, customer: SignedIn, first: bool, now: datetime
) -> tuple[ClaimStatus, CashbackPayout | None, bool]:
    """Where the claim stands, the payout that could be confirmed, kept anew if there is none, and whether the order was
    refunded meanwhile, so that it may not be."""
    mine = (CashbackClaim.public_id == public_id, CashbackClaim.customer_id == customer.customer_id)
    claim = claims.lock_where(mine[0] & mine[1])
    claims.follow_refund(claim, now=now)
    refunded = claims.refund_waits(claim)
    facts = found(queries.payout_facts(claim_id=claim.id)) if claim.campaign_id is not None else None
    if claim.status is ClaimStatus.PAID:
        return claim.status, None, False
    if facts is None or facts.payout is not Payout.TRANSFER or claim.status not in PAYABLE:
        raise NotPayable
    known = payouts.current(claim_id=claim.id)
    if known is None or (first and known.state is PayoutState.REFUSED):
        payouts.reissue(claim_id=claim.id, now=now)
        known = found(payouts.current(claim_id=claim.id))
    if known.state is PayoutState.REFUSED:
        return claim.status, None, False
    if known.openid != customer.openid:
        if known.asked_at is not None:
            raise OtherAccount
        known.openid = customer.openid
        db.session.flush()
    return claim.status, known, refunded


def _ready(payout: CashbackPayout, *, now: datetime) -> Confirmation | None:
    if payout.state is not PayoutState.WAIT_USER_CONFIRM or payout.package_info is None:
        return None
    if payout.confirm_until is None or payout.confirm_until <= now:
        return None
    return Confirmation(
        status=ClaimStatus.PAYING,
        request=pay.client().transfer_request(package_info=payout.package_info),
        expires_at=payout.confirm_until,
    )


def _advanced(payout_id: int, *, now: datetime) -> bool:
    try:
        return exchanges.advance(payout_id=payout_id, now=now, asked_for=True)
    except pay.Unknown as problem:
        raise TransferUnavailable from problem
