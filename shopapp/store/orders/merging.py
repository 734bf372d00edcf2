"""Orders follow a customer into another, and back. Those that wait for their payment count against one quota."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update

from shopapp.kernel import merging
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.merging import Kept, Merge, MergePart

from .models import Order, OrderQuota, OrderStatus


def merge(of: Merge) -> Kept:
    fresh = False
    unpaid = _quota(of.source_id)
    if unpaid:
        fresh = insert_once(OrderQuota, customer_id=of.target_id, unpaid=0)
        _set_quota(of.target_id, _quota(of.target_id) + unpaid)
        _set_quota(of.source_id, 0)
    return {"orders": merging.move(Order, of), "fresh": fresh}


def undo(of: Merge, kept: Kept) -> None:
    left, before = _quota(of.target_id), _unpaid(of.source_id)
    merging.move_back(Order, of, kept["orders"])
    unpaid = _unpaid(of.source_id)
    if unpaid > before:
        left = max(left - (unpaid - before), 0)
        _set_quota(of.source_id, unpaid)
        _set_quota(of.target_id, left)
    if kept["fresh"] and not left:
        rows_changed(delete(OrderQuota).where(OrderQuota.customer_id == of.target_id))


def _unpaid(customer_id: int) -> int:
    statement = select(func.count()).where(
        Order.customer_id == customer_id, Order.status == OrderStatus.UNPAID
    )
    return db.session.scalar(statement) or 0


def _quota(customer_id: int) -> int:
    """How many unpaid orders the customer has; the row is locked, so that none is placed meanwhile."""
    mine = select(OrderQuota.unpaid).where(OrderQuota.customer_id == customer_id).with_for_update()
    return db.session.scalar(mine) or 0


def _set_quota(customer_id: int, unpaid: int) -> None:
    rows_changed(update(OrderQuota).where(OrderQuota.customer_id == customer_id).values(unpaid=unpaid))


PART = MergePart(
    name="orders", tables=frozenset({"orders", "order_quotas"}), merge=merge, undo=undo, gather=merge
)
