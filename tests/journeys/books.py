"""The books of the shop and of the platform, laid side by side; and waiting for what has to come."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

from sqlalchemy import case, func, select

from shopapp.kernel.db import db
from shopapp.kernel.outbox import Delivery, StoredEvent
from shopapp.store.orders.models import Order, OrderLine, OrderStatus
from shopapp.store.payments.models import Payment, PaymentStatus, Refund, RefundState
from shopapp.store.stock.models import StockLevel
from tests.support.servers import Town

T = TypeVar("T")
SECONDS_MAX = 30.0
LOOK_AGAIN_SECONDS = 0.05


def until(
    look: Callable[[], T], *, what: str, seconds: float = SECONDS_MAX, pause: float = LOOK_AGAIN_SECONDS
) -> T:
    """What `look` finds as soon as it is something; fails when it still is not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(pause)
    return found


def platform_rows(town: Town, statement: str, *values: Any) -> list[dict[str, Any]]:
    """What the platform has in its own books."""
    address = f"file:{town.environment['SANDBOX_DATABASE']}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(statement, values)]


def assert_books_agree(town: Town) -> None:
    """Every payment and refund stands in both books, with the same numbers and amounts, and nothing else does."""
    taken = {
        row["out_trade_no"]: (row["transaction_id"], row["total"], row["openid"])
        for row in platform_rows(town, "SELECT * FROM pay_orders WHERE state IN ('SUCCESS', 'REFUND')")
    }
    given_back = {
        row["out_refund_no"]: (
            row["refund_id"],
            row["refund"],
            row["out_trade_no"],
            row["state"] == "SUCCESS",
        )
        for row in platform_rows(town, "SELECT * FROM pay_refunds WHERE state != 'CLOSED'")
    }
    with town.app.app_context():
        db.session.rollback()
        paid = db.session.scalars(select(Payment).where(Payment.status == PaymentStatus.PAID)).all()
        refunds = db.session.execute(
            select(Refund, Payment.out_trade_no).join(Payment, Payment.id == Refund.payment_id)
        ).all()
        assert {row.out_trade_no: (row.transaction_id, row.amount.fen, row.openid) for row in paid} == taken
        assert {
            refund.out_refund_no: (
                refund.refund_id,
                refund.amount.fen,
                number,
                refund.state is RefundState.DONE,
            )
            for refund, number in refunds
        } == given_back
        db.session.rollback()


def assert_paid_once(town: Town, *, no: str) -> None:
    """One payment that settles the order, for its whole sum; told of once, and every handler had its turn once."""
    with town.app.app_context():
        db.session.rollback()
        order = db.session.scalars(select(Order).where(Order.no == no)).one()
        payments = db.session.scalars(select(Payment).where(Payment.order_id == order.id)).all()
        (settled,) = [payment for payment in payments if payment.status is PaymentStatus.PAID]
        assert settled.settles
        assert settled.amount == order.total == order.paid
        assert order.paid_at is not None
        told = [
            event.id
            for event in db.session.scalars(select(StoredEvent).where(StoredEvent.name == "OrderPaid"))
            if event.payload["order_id"] == order.id
        ]
        assert len(told) == 1
        turns = db.session.scalars(select(Delivery).where(Delivery.event_id == told[0])).all()
        assert len(turns) == len(town.app.extensions["outbox"].handlers["OrderPaid"])
        assert all(turn.done_at is not None and turn.tries == 1 and turn.error is None for turn in turns)
        db.session.rollback()


def assert_stock_adds_up(town: Town, *, at_first: dict[int, int]) -> None:
    """What is free is what there was but for what was sold, and nobody's order holds anything. `at_first` by SKU.

    Pieces that were refunded before they left are back on the shelf.
    """
    with town.app.app_context():
        db.session.rollback()
        back = case((OrderLine.shipped_quantity == 0, OrderLine.refunded_quantity), else_=0)
        statement = (
            select(OrderLine.sku_id, func.sum(OrderLine.quantity - back))
            .join(Order, Order.id == OrderLine.order_id)
            .where(Order.status != OrderStatus.CANCELLED)
            .group_by(OrderLine.sku_id)
        )
        sold = dict(db.session.execute(statement).all())
        levels = db.session.scalars(select(StockLevel)).all()
        expected = {sku_id: (pieces - sold.get(sku_id, 0), 0) for sku_id, pieces in at_first.items()}
        assert {level.sku_id: (level.free, level.held) for level in levels} == expected
        db.session.rollback()


def stock(town: Town) -> dict[int, int]:
    """The free pieces by SKU."""
    with town.app.app_context():
        db.session.rollback()
        found = {level.sku_id: level.free for level in db.session.scalars(select(StockLevel))}
        db.session.rollback()
        return found
