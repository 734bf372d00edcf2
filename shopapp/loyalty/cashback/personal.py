"""A person's claims, as part of what is known of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.i18n import _

from . import services
from .models import CashbackClaim
from .states import WAITING, ClaimReason, ClaimStatus

TRACES = ("tail", "phone_hash", "address_hash", "device_hash", "network_hash")


def export(customer_id: int) -> list[dict[str, Any]]:
    mine = select(CashbackClaim).where(CashbackClaim.customer_id == customer_id).order_by(CashbackClaim.id)
    return [
        {
            "platform": claim.platform,
            "order_no": claim.order_no,
            "status": claim.status.value,
            "reason": claim.reason.value if claim.reason else None,
            "amount_fen": claim.amount.fen if claim.amount else None,
            "submitted_at": claim.submitted_at.astimezone(SHOP_ZONE).isoformat(),
            "paid_at": claim.paid_at.astimezone(SHOP_ZONE).isoformat() if claim.paid_at else None,
        }
        for claim in db.session.scalars(mine)
    ]


def obstacles(customer_id: int) -> list[str]:
    """A payout that is on its way has to come to its end first."""
    paying = (CashbackClaim.customer_id == customer_id, CashbackClaim.status == ClaimStatus.PAYING)
    if db.session.scalar(select(CashbackClaim.id).where(*paying).limit(1)) is None:
        return []
    return [_("有一笔返现正在发放，到账后才能注销。")]


def binds(customer_ids: Collection[int]) -> set[int]:
    """Whoever claimed has money in the books here."""
    claimed = select(CashbackClaim.customer_id).where(CashbackClaim.customer_id.in_(list(customer_ids)))
    return set(db.session.scalars(claimed.distinct()))


def erase(customer_id: int, now: datetime) -> None:
    """Claims that are on their way end, their amounts are free again; what leads to the person is forgotten."""
    open_ones = (*WAITING, ClaimStatus.ON_HOLD, ClaimStatus.APPROVED, ClaimStatus.LAPSED)
    mine = CashbackClaim.customer_id == customer_id
    ids = select(CashbackClaim.id).where(mine, CashbackClaim.status.in_(open_ones)).order_by(CashbackClaim.id)
    for claim_id in db.session.scalars(ids).all():
        claim = services.lock(claim_id=claim_id)
        services.end(claim, ClaimStatus.REJECTED, reason=ClaimReason.ERASED, now=now)
    db.session.flush()
    rows_changed(update(CashbackClaim).where(mine).values(dict.fromkeys(TRACES)))
