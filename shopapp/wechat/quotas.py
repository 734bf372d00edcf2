"""Daily quotas: how often an interface was called on a day of shop time, and whether the platform said it is used up."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.db import db, insert_once, rows_changed

from .models import ApiUse


def is_blocked(*, api: str, now: datetime) -> bool:
    """Whether the platform refused this interface for the rest of the day."""
    blocked = select(ApiUse.id).filter_by(api=api, day=shop_day(now).isoformat(), blocked=True)
    return db.session.scalar(blocked) is not None


def note_use(*, api: str, now: datetime, blocked: bool = False) -> None:
    """Count one call; `blocked` keeps the interface from being called again before midnight."""
    day = shop_day(now).isoformat()
    insert_once(ApiUse, api=api, day=day, used=0, blocked=False)
    values = {"used": ApiUse.used + 1} | ({"blocked": True} if blocked else {})
    rows_changed(update(ApiUse).where(ApiUse.api == api, ApiUse.day == day).values(**values))


def next_midnight(now: datetime) -> datetime:
    """When today's quotas are given out anew, aware UTC."""
    return day_start(shop_day(now) + timedelta(days=1))
