"""Followers and their tags kept alike here and on the platform."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel.db import transaction

from . import pushing, syncing


def begin_sync(now: datetime) -> int:
    """Once a night all followers are fetched anew: what no push told is made good."""
    with transaction():
        return int(syncing.begin(now=now))


def go_on(now: datetime) -> int:
    """What staff changed goes to the platform first, then the run that is under way goes on."""
    return pushing.push_due(now=now) + syncing.go_on(now=now)
