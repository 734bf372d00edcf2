"""The budget of a campaign: taken, paid and released by guarded updates alone."""

from __future__ import annotations

from typing import cast

from sqlalchemy import BigInteger, Table, Update, bindparam, type_coerce, update

from shopapp.kernel.db import rows_changed
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.prepared import Prepared

from .models import CashbackCampaign


def _reserve(_dialect: str) -> Update:
    row, amount = cast(Table, CashbackCampaign.__table__), bindparam("amount", type_=BigInteger)
    left = (
        type_coerce(row.c.budget, BigInteger)
        - type_coerce(row.c.reserved, BigInteger)
        - type_coerce(row.c.paid, BigInteger)
    )
    fits = update(row).where(row.c.id == bindparam("campaign"), row.c.active, left >= amount)
    return fits.values(reserved=type_coerce(row.c.reserved, BigInteger) + amount)


RESERVE = Prepared(_reserve)


def reserve(*, campaign_id: int, amount: Money) -> bool:
    """Set `amount` aside in an active campaign; False when its budget has less left. The campaign's row stays locked."""
    return RESERVE.changed(campaign=campaign_id, amount=amount.fen) == 1


def release(*, campaign_id: int, amount: Money) -> None:
    """Give back what was set aside."""
    if amount > ZERO:
        row = update(CashbackCampaign).where(CashbackCampaign.id == campaign_id)
        rows_changed(row.values(reserved=CashbackCampaign.reserved - amount))


def spend(*, campaign_id: int, amount: Money) -> None:
    """What was set aside has been paid."""
    row = update(CashbackCampaign).where(CashbackCampaign.id == campaign_id)
    rows_changed(
        row.values(
            reserved=CashbackCampaign.reserved - amount,
            paid=CashbackCampaign.paid + amount,
        )
    )
