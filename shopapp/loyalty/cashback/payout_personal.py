"""Transfers as part of what is known of a person: erased, the sums stay and the payee goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, rows_changed
from shopapp.wechat.worklist import services as worklist

from .models import CashbackClaim
from .payout_models import CashbackPayout


def _claims(customer_id: int) -> Select[int]:
    return select(CashbackClaim.id).where(CashbackClaim.customer_id == customer_id)


def export(customer_id: int) -> list[dict[str, Any]]:
    """All transfers, the oldest first; amounts in fen."""
    mine = select(CashbackPayout).where(CashbackPayout.claim_id.in_(_claims(customer_id)))
    return [
        {
            "no": payout.out_bill_no,
            "amount_fen": payout.amount.fen,
            "state": payout.state.value,
            "at": payout.created_at.astimezone(SHOP_ZONE).isoformat(),
            "account": payout.openid,
        }
        for payout in db.session.scalars(mine.order_by(CashbackPayout.id))
    ]


def erase(customer_id: int, _now: datetime) -> None:
    mine = CashbackPayout.claim_id.in_(_claims(customer_id))
    worklist.forget_words(numbers=(select(CashbackPayout.out_bill_no).where(mine),))
    rows_changed(update(CashbackPayout).where(mine).values(openid="", package_info=None))
