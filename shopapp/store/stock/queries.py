"""Reads of the stock."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, func, select

from shopapp.kernel.db import db

from .models import StockLevel


def free_pieces(sku_id: Any) -> ColumnElement[int]:
    """The free pieces of the SKU in this column, 0 where nothing was ever counted, to stand in another query."""
    free = select(StockLevel.free).where(StockLevel.sku_id == sku_id).scalar_subquery()
    return func.coalesce(free, 0)


def levels(*, sku_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """(free, held) of each SKU that was ever counted."""
    statement = select(StockLevel.sku_id, StockLevel.free, StockLevel.held).where(
        StockLevel.sku_id.in_(sku_ids)
    )
    return {sku_id: (free, held) for sku_id, free, held in db.session.execute(statement)}
