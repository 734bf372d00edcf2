"""Orders as part of what is known of a person. Erased, what was bought and paid stays; who it went to does not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import selectinload

from shopapp.kernel import preferences
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.i18n import _, month_day
from shopapp.store.payments import personal as payments

from .models import ORDER_MOVES, Order, OrderLine, OrderStatus, RefundStatus

OPEN = [status for status in OrderStatus if not ORDER_MOVES.final(status)]


def export(customer_id: int) -> list[dict[str, Any]]:
    """All orders, the oldest first; amounts in fen."""
    statement = select(Order).filter_by(customer_id=customer_id).options(selectinload(Order.lines))
    return [_exported(order) for order in db.session.scalars(statement.order_by(Order.id))]


def _exported(order: Order) -> dict[str, Any]:
    return {
        "no": order.no,
        "kind": order.kind.value,
        "status": order.status.value,
        "placed_at": order.created_at.astimezone(SHOP_ZONE).isoformat(),
        "paid_at": order.paid_at.astimezone(SHOP_ZONE).isoformat() if order.paid_at else None,
        "total_fen": order.total.fen,
        "paid_fen": order.paid.fen,
        "refunded_fen": order.refunded.fen,
        "freight_fen": order.freight.fen,
        "ship_to": {
            "name": order.ship_name,
            "phone": order.ship_phone,
            "region": order.ship_region,
            "detail": order.ship_detail,
        },
        "remark": order.remark,
        "lines": [
            {
                "title": line.title,
                "specs": line.specs,
                "quantity": line.quantity,
                "pay_fen": line.pay.fen,
                "refunded_fen": line.refunded.fen,
            }
            for line in order.lines
        ],
    }


def erase(customer_id: int, _now: datetime) -> None:
    mine = Order.customer_id == customer_id
    order_ids = db.session.scalars(select(Order.id).where(mine)).all()
    if not order_ids:
        return
    payments.erase(order_ids=order_ids)
    nobody = {"openid": "", "ship_name": "", "ship_phone": "", "ship_phone_hash": "", "ship_detail": ""}
    rows_changed(update(Order).where(mine).values(remark=None, staff_note="", **nobody))


def obstacles(customer_id: int) -> list[str]:
    mine = Order.customer_id == customer_id
    found: list[str] = []
    still_open = select(func.count()).select_from(Order).where(mine, Order.status.in_(OPEN))
    count = db.session.scalar(still_open) or 0
    if count:
        found.append(_("还有 %(count)s 笔订单没有完成", count=count))
    until = _returnable_until(customer_id)
    if until is not None:
        found.append(_("有订单还在售后期里，到 %(day)s 之后再注销", day=month_day(until)))
    if payments.has_unsettled_refund(
        order_ids=db.session.scalars(select(Order.id).where(mine, Order.refunded > 0)).all()
    ):
        found.append(_("还有退款没有到账"))
    return found


def _returnable_until(customer_id: int) -> datetime | None:
    """When the last time for returns ends of an order whose refund would move points or wallet money; None without one.

    Nobody would be left to have them.
    """
    lines = Order.lines.any(or_(OrderLine.award > 0, OrderLine.growth > 0))
    statement = select(func.max(Order.completed_at)).where(
        Order.customer_id == customer_id,
        Order.status == OrderStatus.COMPLETED,
        Order.final_at.is_(None),
        Order.refund_status != RefundStatus.ALL,
        or_(Order.points > 0, Order.principal > 0, Order.gift > 0, lines),
    )
    last = db.session.scalar(statement)
    return None if last is None else last + timedelta(days=preferences.read("orders.aftersales_days"))


def binds(customer_ids: Collection[int]) -> set[int]:
    """Who ever ordered anything is not forgotten by time alone."""
    statement = select(Order.customer_id).where(Order.customer_id.in_(customer_ids)).distinct()
    return set(db.session.scalars(statement))
