"""Pieces taken and given back: guarded updates in one sorted order, each with its movement.

A SKU's pieces are free or held. An unpaid order holds; being paid settles what it holds, being cancelled releases it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select

from shopapp.kernel.access import current_actor
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue import services as products

from . import statements
from .models import StockLevel, StockMovement, StockReason

FREE_MAX = 1_000_000
NO_BOUND = 2_000_000_000


class SoldOut(ShopError):
    """Fewer free pieces than wanted. Details: `sku_id` and `title` as shown outside, `left` pieces."""

    status, code, text = 409, "sold_out", _l("“%(title)s”刚刚售罄，没有任何改动。请移除后再提交。")


class TooFew(ShopError):
    status, code, text = 409, "too_few", _l("可售库存只有 %(free)s 件，减不了这么多，没有任何改动。")


class OutOfStep(RuntimeError):
    """More pieces are to leave the hold than are held: an order was settled or released twice."""


def hold(*, quantities: Mapping[int, int], subject: str, now: datetime) -> None:
    """Move free pieces to held, all or none; `quantities` maps the row id of each SKU to a number of pieces.

    Raises `SoldOut` for the first SKU that has too few; the transaction must then be given up.
    """
    emptied = False
    for sku_id, pieces in _sorted(quantities):
        left = _change(sku_id=sku_id, free=-pieces, held=pieces)
        if left is None:
            raise _sold_out(sku_id=sku_id)
        emptied = emptied or left == 0
    _record(quantities, reason=StockReason.HOLD, free=-1, held=1, subject=subject, now=now)
    products.stock_changed(sku_ids=quantities.keys(), crossed_zero=emptied)


def release(*, quantities: Mapping[int, int], subject: str, now: datetime) -> None:
    """Move held pieces back to free. Raises `OutOfStep`."""
    filled = _leave_hold(quantities, back=True)
    _record(quantities, reason=StockReason.RELEASE, free=1, held=-1, subject=subject, now=now)
    products.stock_changed(sku_ids=quantities.keys(), crossed_zero=filled)


def settle(*, quantities: Mapping[int, int], subject: str, now: datetime) -> None:
    """Held pieces are sold and leave for good. Raises `OutOfStep`."""
    _leave_hold(quantities, back=False)
    _record(quantities, reason=StockReason.SALE, free=0, held=-1, subject=subject, now=now)
    products.count_sold(quantities=quantities)


def restock(*, quantities: Mapping[int, int], subject: str, now: datetime) -> None:
    """Sold pieces come back onto the shelf, before they were shipped or after they were looked at."""
    filled = False
    for sku_id, pieces in _sorted(quantities):
        insert_once(StockLevel, sku_id=sku_id, free=0, held=0)
        filled = _change(sku_id=sku_id, free=pieces, held=0, most=NO_BOUND) == pieces or filled
    _record(quantities, reason=StockReason.RESTOCK, free=1, held=0, subject=subject, now=now)
    products.stock_changed(sku_ids=quantities.keys(), crossed_zero=filled)


def set_free(*, sku_id: int, free: int, note: str = "", now: datetime) -> int:
    """Set the free pieces as counted on the shelf; returns by how many they changed. Raises `Invalid`."""
    if not 0 <= free <= FREE_MAX:
        raise Invalid({"stock": [_("库存须为 0 到 %(max)s 的整数。", max=FREE_MAX)]})
    insert_once(StockLevel, sku_id=sku_id, free=0, held=0)
    was = db.session.execute(
        select(StockLevel.free).where(StockLevel.sku_id == sku_id).with_for_update()
    ).scalar_one()
    if free != was:
        _change(sku_id=sku_id, free=free - was, held=0)
        _record(
            {sku_id: 1}, reason=StockReason.COUNT, free=free - was, held=0, subject="", note=note, now=now
        )
        products.stock_changed(sku_ids=[sku_id], crossed_zero=0 in (free, was))
    return free - was


def adjust(*, sku_id: int, delta: int, note: str, now: datetime) -> int:
    """Add pieces to the free ones, or take some away; returns how many are free. Raises `TooFew`, `Invalid`."""
    insert_once(StockLevel, sku_id=sku_id, free=0, held=0)
    left = _change(sku_id=sku_id, free=delta, held=0, most=FREE_MAX if delta > 0 else NO_BOUND)
    if left is None:
        free = db.session.scalar(select(StockLevel.free).where(StockLevel.sku_id == sku_id)) or 0
        if delta < 0:
            raise TooFew(free=free)
        raise Invalid({"delta": [_("调整后库存不能超过 %(max)s 件。", max=FREE_MAX)]})
    _record({sku_id: 1}, reason=StockReason.ADJUST, free=delta, held=0, subject="", note=note, now=now)
    products.stock_changed(sku_ids=[sku_id], crossed_zero=0 in (left, left - delta))
    return left


def forget(*, sku_ids: list[int]) -> None:
    """Remove what was counted of SKUs that are about to be deleted, never having been sold."""
    for table in (StockMovement, StockLevel):
        rows_changed(delete(table).where(table.sku_id.in_(sku_ids)))


def _sorted(quantities: Mapping[int, int]) -> list[tuple[int, int]]:
    """The one order in which stock rows are locked. Raises `ValueError` for a number of pieces below one."""
    if any(pieces < 1 for pieces in quantities.values()):
        raise ValueError("a number of pieces must be positive")
    return sorted(quantities.items())


def _change(*, sku_id: int, free: int, held: int, most: int = NO_BOUND) -> int | None:
    """Add to both numbers if they stay in bounds; the free pieces afterwards, None if nothing was changed."""
    row = statements.CHANGE.row(of_sku=sku_id, more_free=free, more_held=held, most=most)
    return None if row is None else row.free


def _leave_hold(quantities: Mapping[int, int], *, back: bool) -> bool:
    """Tells whether a SKU that had no free piece has some now."""
    filled = False
    for sku_id, pieces in _sorted(quantities):
        free = _change(sku_id=sku_id, free=pieces if back else 0, held=-pieces)
        if free is None:
            raise OutOfStep(sku_id)
        filled = filled or (back and free == pieces)
    return filled


def _record(
    quantities: Mapping[int, int],
    *,
    reason: StockReason,
    free: int,
    held: int,
    subject: str,
    now: datetime,
    note: str = "",
) -> None:
    actor = current_actor()
    rows = [
        {
            "sku_id": sku_id,
            "reason": reason,
            "free_change": free * pieces,
            "held_change": held * pieces,
            "subject": subject,
            "note": note,
            "actor": f"{actor.kind}:{actor.id}"[:80],
            "at": now,
        }
        for sku_id, pieces in _sorted(quantities)
    ]
    if rows:
        statements.INSERT_MOVEMENTS.run(rows)


def _sold_out(*, sku_id: int) -> SoldOut:
    left = db.session.scalar(select(StockLevel.free).where(StockLevel.sku_id == sku_id)) or 0
    named = catalogue.sku_names(sku_ids=[sku_id]).get(sku_id)
    public_id, title = (named.public_id, named.title) if named else ("", "")
    words = _l("“%(title)s”只剩 %(left)s 件，没有任何改动。请减少数量后再提交。") if left else None
    return SoldOut(words, sku_id=public_id, title=title, left=left)
