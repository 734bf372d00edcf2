"""What keeps a claim from going on, so that its owner reads that rather than a day that has passed."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel.settings import settings
from shopapp.members.identity.queries import following_openid

from . import services
from .models import CashbackCampaign, CashbackClaim
from .states import ClaimStatus
from .words import HeldUp


def held_up(claim: CashbackClaim, campaign: CashbackCampaign | None, *, now: datetime) -> HeldUp | None:
    """What this claim waits for besides its own way, None where that is all."""
    if services.refund_waits(claim):
        return HeldUp.REFUND
    if campaign is None or claim.review or claim.status not in (ClaimStatus.ON_HOLD, ClaimStatus.APPROVED):
        return None
    past = claim.hold_until is not None and claim.hold_until <= now
    if not campaign.active and past:
        return HeldUp.STOPPED
    if claim.status is ClaimStatus.APPROVED or not past:
        return None
    if campaign.require_follow and not follows(customer_id=claim.customer_id):
        return HeldUp.FOLLOW
    return HeldUp.DUE


def follows(*, customer_id: int) -> bool:
    """Whether this customer follows the official account."""
    return following_openid(customer_id=customer_id, appid=settings().wx_appid) is not None
