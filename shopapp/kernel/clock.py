"""The one source of time. Everything else is handed `now`."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHOP_ZONE = ZoneInfo("Asia/Shanghai")
LOOK_AGAIN_SECONDS = 0.5

_offset_file: str | None = None
_offset = 0.0
_looked_at = 0.0


def follow_file(path: str | None) -> None:
    """Add the seconds held in this file to the clock; `None` follows the real time again."""
    global _offset_file, _offset, _looked_at
    _offset_file, _offset, _looked_at = path, 0.0, 0.0


def _current_offset() -> float:
    global _offset, _looked_at
    if _offset_file is None:
        return 0.0
    moment = time.monotonic()
    if not _looked_at or moment - _looked_at > LOOK_AGAIN_SECONDS:
        _looked_at = moment
        try:
            with open(_offset_file, encoding="ascii") as file:
                _offset = float(file.read().strip() or 0)
        except FileNotFoundError:
            _offset = 0.0
        except ValueError:
            pass  # caught between the writer's truncation and its write: the last offset still holds
    return _offset


def now() -> datetime:
    """The shop's present, aware UTC, moved by the clock file when there is one."""
    return real_now() + timedelta(seconds=_current_offset())


def real_now() -> datetime:
    """The machine's present, aware UTC: for heartbeats, which must not jump when the shop travels in time."""
    return datetime.now(UTC)


def timestamp() -> int:
    """The shop's present in whole seconds since 1970."""
    return int(now().timestamp())


def monotonic() -> float:
    """Seconds that only ever grow: for measuring durations."""
    return time.monotonic()


def shop_day(moment: datetime) -> date:
    """The calendar day of this moment in shop time."""
    return moment.astimezone(SHOP_ZONE).date()


def day_start(day: date) -> datetime:
    """The first moment of a day of shop time, aware UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHOP_ZONE).astimezone(UTC)
