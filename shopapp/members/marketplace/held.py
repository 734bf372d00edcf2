"""Orders with a status that nobody has explained yet, kept as they were told."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete

from shopapp.kernel import clock, pii
from shopapp.kernel.db import insert_once, rows_changed, transaction

from . import rules
from .models import MarketplaceHeldRow
from .reading import Held

KEPT_DAYS = 180


def keep(orders: Collection[Held], *, platform: str, shop: str) -> None:
    """Keep them in a transaction of its own; what is kept already is kept once."""
    if not orders:
        return
    with transaction():
        now = clock.now()
        for order in orders:
            rows = json.dumps(order.rows, ensure_ascii=False)
            insert_once(
                MarketplaceHeldRow,
                platform=platform,
                family=rules.FAMILIES.get(platform, platform),
                shop=shop,
                order_no=order.order_no,
                status_text=order.status_text,
                rows=rows,
                digest=pii.lookup_hash(f"{platform}\x1f{shop}\x1f{rows}"),
                created_at=now,
            )


def forget_old(*, now: datetime) -> int:
    """Delete what nobody has explained for half a year: it holds personal data, and newer exports tell of the order too."""
    old = MarketplaceHeldRow.created_at < now - timedelta(days=KEPT_DAYS)
    with transaction():
        return rows_changed(delete(MarketplaceHeldRow).where(old))
