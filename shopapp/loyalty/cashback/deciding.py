"""What staff decide about a claim. Each decision is recorded with who made it and why."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel import audit
from shopapp.kernel.errors import Conflict, Invalid
from shopapp.kernel.i18n import _
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace import services as marketplace_services

from . import growth, services
from .models import CashbackClaim
from .states import ClaimReason, ClaimStatus

NOTE_MAX = 200


def approve(*, public_id: str, note: str = "", now: datetime) -> ClaimStatus:
    """Let a held claim go its way, or a lapsed one be paid anew; its status then.

    A hold that is not over runs to its end. Raises `NotFound`, and `Conflict` where there is nothing to approve.
    """
    claim = services.lock_where(CashbackClaim.public_id == public_id)
    services.follow_refund(claim, now=now)
    if claim.status is ClaimStatus.LAPSED:
        services.back_to_approved(claim_id=claim.id)
    elif claim.status is ClaimStatus.ON_HOLD and claim.review:
        claim.review = False
        if claim.hold_until is not None and claim.hold_until <= now:
            services.approve(claim, now=now)
    else:
        raise Conflict
    _record(claim, "claim.release", note)
    return claim.status


def reject(*, public_id: str, note: str, now: datetime) -> None:
    """End a claim; its order is free for whoever it belongs to. The customer reads the `note`.

    Raises `NotFound`, `Invalid` without a note, `IllegalMove` once it is being paid or over.
    """
    if not note.strip() or len(note) > NOTE_MAX:
        raise Invalid({"reason": [_("请写明原因，最多 %(max)s 个字，顾客会看到。", max=NOTE_MAX)]})
    claim = services.lock_where(CashbackClaim.public_id == public_id)
    bound = claim.order_id
    services.reject(claim, reason=ClaimReason.STAFF, note=note.strip(), now=now)
    order = marketplace.orders_by_ids(ids=[bound]).get(bound) if bound is not None else None
    if order is not None and order.customer_id == claim.customer_id:
        growth.take_all_back(order, now=now)
        marketplace_services.unbind(order_id=order.id, customer_id=claim.customer_id)
    _record(claim, "claim.reject", note)


def _record(claim: CashbackClaim, action: str, note: str) -> None:
    audit.record(
        action=action,
        subject_kind="claim",
        subject_id=claim.public_id,
        changes={"reason": note, "signs": claim.signs},
    )
