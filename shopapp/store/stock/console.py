"""Reads of the console's screens: what came and went."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.kernel.i18n import _l

from .models import StockMovement, StockReason

REASON_NAMES: dict[StockReason, Any] = {
    StockReason.HOLD: _l("下单占用"),
    StockReason.RELEASE: _l("取消放回"),
    StockReason.SALE: _l("付款售出"),
    StockReason.RESTOCK: _l("退货入库"),
    StockReason.COUNT: _l("盘点"),
    StockReason.ADJUST: _l("调整"),
}


def movements(*, sku_ids: Collection[int], limit: int) -> Sequence[StockMovement]:
    """The latest movements of these SKUs."""
    statement = select(StockMovement).where(StockMovement.sku_id.in_(sku_ids))
    return db.session.scalars(statement.order_by(StockMovement.id.desc()).limit(limit)).all()
