"""Times as the platform writes them: Beijing time, in whole seconds."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
DAY = 86_400.0


def rfc3339(moment: float) -> str:
    """`2026-01-01T10:00:05+08:00` for seconds since 1970."""
    return datetime.fromtimestamp(int(moment), BEIJING).isoformat()


def in_bill(moment: float) -> str:
    """`2026-01-01 10:00:05`."""
    return datetime.fromtimestamp(int(moment), BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def compact_day(moment: float) -> str:
    """`20260101`, as it stands inside the platform's numbers."""
    return datetime.fromtimestamp(moment, BEIJING).strftime("%Y%m%d")


def day_of(moment: float) -> date:
    return datetime.fromtimestamp(moment, BEIJING).date()


def day_start(day: date) -> float:
    """Seconds since 1970 at which `day` begins in Beijing."""
    return datetime.combine(day, time(), BEIJING).timestamp()
