"""What was granted to a person, and what membership saved them, as part of what is known of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db

from . import queries
from .models import Perk, PerkGrant, PerkSaving

YEAR = timedelta(days=366)


def export(customer_id: int) -> dict[str, Any]:
    grants = select(PerkGrant, Perk.name).join(Perk, Perk.id == PerkGrant.perk_id)
    mine = grants.where(PerkGrant.customer_id == customer_id).order_by(PerkGrant.id)
    savings = select(PerkSaving).where(PerkSaving.customer_id == customer_id).order_by(PerkSaving.id)
    return {
        "grants": [
            {
                "perk": name,
                "period": grant.period,
                "status": grant.status.value,
                "granted_at": grant.granted_at.astimezone(SHOP_ZONE).isoformat(),
                "gave": grant.gave,
            }
            for grant, name in db.session.execute(mine)
        ],
        "savings": [
            {
                "at": saving.at.astimezone(SHOP_ZONE).isoformat(),
                "saved_fen": saving.saved.fen,
                "taken_back_fen": saving.taken_back.fen,
            }
            for saving in db.session.scalars(savings)
        ],
    }


def given_once(customer_id: int) -> set[str]:
    """The gifts of this year, and those that come once."""
    return queries.taken_once(customer_id, since=clock.now() - YEAR)
