"""What keeps the history whole by time."""

from __future__ import annotations

from datetime import datetime

from . import walking


def rebuild_facts(now: datetime) -> int:
    """Bring the history of purchases up to date; how many rows of it changed."""
    return walking.catch_up(now=now)
