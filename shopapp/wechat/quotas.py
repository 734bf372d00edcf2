"""Daily quotas: how often an interface was called on a day of shop time, and whether the platform said it is used up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select, update

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.db import db, insert_once, rows_changed

from .models import ApiUse

USES_SHOWN = 50


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


@dataclass(frozen=True, kw_only=True)
class Use:
    """Calls of one interface today and since the first of the month; `blocked` until midnight."""

    api: str
    today: int
    month: int
    blocked: bool


def uses(*, now: datetime) -> list[Use]:
    """The interfaces called this month, the most used first."""
    today = shop_day(now).isoformat()
    of_today = case((ApiUse.day == today, ApiUse.used), else_=0)
    stopped = case((ApiUse.blocked & (ApiUse.day == today), 1), else_=0)
    statement = (
        select(ApiUse.api, func.sum(of_today), func.sum(ApiUse.used), func.max(stopped))
        .where(ApiUse.day.startswith(today[:7]))
        .group_by(ApiUse.api)
        .order_by(func.sum(ApiUse.used).desc(), ApiUse.api)
        .limit(USES_SHOWN)
    )
    return [
        Use(api=row[0], today=row[1], month=row[2], blocked=bool(row[3]))
        for row in db.session.execute(statement)
    ]


def next_midnight(now: datetime) -> datetime:
    """When today's quotas are given out anew, aware UTC."""
    return day_start(shop_day(now) + timedelta(days=1))
