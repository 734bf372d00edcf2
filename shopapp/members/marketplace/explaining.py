"""The merchant says what a status text means, and the orders that waited for it are taken over."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from shopapp.kernel.db import db, rows_changed, transaction

from . import importing, rules, services
from .files import FileRefused, Table
from .models import MarketplaceHeldRow
from .recognising import find_table
from .rules import Status

BATCH = 100


def explain(*, platform: str, text: str, status: Status, now: datetime) -> int:
    """Keep what this status text means and take over what waited for it; tells how many orders that were.

    Opens transactions of its own. Killed in between it is ended by being told again. Raises `Invalid`.
    """
    with transaction():
        services.explain_status(platform=platform, text=text, status=status, now=now)
    released, last = 0, 0
    while waiting := _next(platform=platform, text=text, after=last):
        for one in waiting:
            released += _release(one)
        last = waiting[-1].id
    return released


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """A held row as it was read: what is done with it spans transactions."""

    id: int
    platform: str
    shop: str
    rows: list[dict[str, str]]
    status_text: str


def _next(*, platform: str, text: str, after: int) -> list[_Waiting]:
    waiting = select(MarketplaceHeldRow).where(
        MarketplaceHeldRow.family == rules.FAMILIES.get(platform, platform),
        MarketplaceHeldRow.status_text == text,
        MarketplaceHeldRow.id > after,
    )
    db.session.rollback()
    rows = db.session.scalars(waiting.order_by(MarketplaceHeldRow.id).limit(BATCH))
    return [
        _Waiting(
            id=row.id,
            platform=row.platform,
            shop=row.shop,
            rows=json.loads(row.rows),
            status_text=row.status_text,
        )
        for row in rows
    ]


def _release(held: _Waiting) -> int:
    """Read the rows again; those that wait for one more text stay, under that one."""
    header = list(held.rows[0])
    rows = [header, *([row.get(title, "") for title in header] for row in held.rows)]
    table = Table(encoding="held", size=len(rows), rows=lambda _splitting: map(list, rows))
    try:
        found = find_table([table], platform=held.platform)
    except FileRefused:
        return 0
    report = importing.take_over(found=found, shop=held.shop)
    mine = MarketplaceHeldRow.id == held.id
    with transaction():
        if report.orders:
            rows_changed(delete(MarketplaceHeldRow).where(mine))
            return 1
        unknown = next((row for row in report.rejected if row.reason == "unknown_status"), None)
        if unknown is not None and unknown.status_text != held.status_text:
            rows_changed(update(MarketplaceHeldRow).where(mine).values(status_text=unknown.status_text))
    return 0
