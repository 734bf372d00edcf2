"""The history kept whole: orders that changed are walked in small transactions, each with the place it came to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shopapp.kernel.db import transaction
from shopapp.members.marketplace import queries as marketplace

from . import market, queries, services
from .models import WalkName
from .own import own_orders

BATCH = 200
IMPORT_LASTS_AT_MOST = timedelta(minutes=10)
"""An import writes its time when it begins a batch: what is older than this is there for good."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def catch_up(*, now: datetime) -> int:
    """Bring the history up to date; how many rows of it changed. Killed at any moment, the next call goes on from there."""
    return _walk_own() + _walk_market(certain=now - IMPORT_LASTS_AT_MOST)


def _walk_own() -> int:
    """New orders of the shop; what happens to them later is told by events."""
    own = own_orders()
    changed = 0
    while True:
        with transaction():
            _at, after = queries.walked(name=WalkName.OWN)
            orders = own.walk(after=after, limit=BATCH)
            if not orders:
                return changed
            changed += services.record(orders=[order for _row_id, order in orders])
            services.note_walked(name=WalkName.OWN, changed_at=None, row_id=orders[-1][0])


def _walk_market(*, certain: datetime) -> int:
    """Imported orders of customers that changed. The place is kept only as far as nothing can come in before it."""
    changed, place = 0, None
    while True:
        with transaction():
            services.lock_market()
            if place is None:
                at, row_id = queries.walked(name=WalkName.MARKET)
                place = (at or NEVER, row_id)
            orders = marketplace.changed_since(after=place, limit=BATCH, bound=True)
            if not orders:
                return changed
            changed += market.write(orders)
            place = (orders[-1].changed_at, orders[-1].id)
            if place[0] <= certain:
                services.note_walked(name=WalkName.MARKET, changed_at=place[0], row_id=place[1])
