"""What refunds change in an order: pieces and money, and with them points, wallet, coupons and what it earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shopapp.events import OrderRefunded, OrderTakenBack
from shopapp.kernel.db import db
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.outbox import publish

from . import history, means, rewards, rules
from .models import ORDER_MOVES, Order, OrderStatus, RefundStatus
from .services import add_step


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What one line gives back: pieces, their paid share, and the points that were used for them."""

    pieces: int
    amount: Money
    points: int


NOTHING = Returned(pieces=0, amount=ZERO, points=0)


def take_back(
    *,
    order: Order,
    parts: Mapping[int, Returned],
    freight: Money,
    wallet: Money,
    note: str,
    now: datetime,
) -> None:
    """Take this off a locked order, by the row id of its line, and freight if it goes back.

    Of the money `wallet` goes back to the wallet, at once like the points; the rest is the caller's to send. A paid order
    of which nothing is left to ship is closed, one partly shipped counts as shipped.
    """
    saved_before = rewards.saved(order)
    for line in order.lines:
        part = parts.get(line.id, NOTHING)
        line.refunded_quantity += part.pieces
        line.refunded += part.amount
        line.points_returned += part.points
    whole = Money.total(part.amount for part in parts.values()) + freight
    order.refunded += whole - wallet
    order.wallet_refunded += wallet
    order.freight_refunded += freight
    order.refund_status = rules.refund_status(order)
    add_step(order_id=order.id, what="refund", note=note, now=now)
    if all(line.refunded_quantity == line.quantity for line in order.lines):
        means.give_coupons_back(order=order, now=now)
    if order.refund_status is RefundStatus.ALL:
        means.reclaim_coupons(order=order, now=now)
    means.lock_books(order=order)
    points = sum(part.points for part in parts.values())
    means.give_back(order=order, points=points, wallet=wallet, now=now)
    rewards.take_back(order=order)
    means.forfeit_of_nobody(order=order, now=now)
    rewards.tell_saved(order, was=saved_before, now=now)
    db.session.flush()
    history.remember(order=order)
    if any(rules.left_to_ship(line) for line in order.lines):
        return
    if order.status is OrderStatus.PAID:
        ORDER_MOVES.move(order, OrderStatus.CANCELLED, cancelled_at=now, cancel_reason="refunded")
        rewards.close(order=order, now=now)
        publish(OrderTakenBack(order_id=order.id, customer_id=order.customer_id))
    elif order.status is OrderStatus.PARTLY_SHIPPED:
        ORDER_MOVES.move(order, OrderStatus.SHIPPED, shipped_at=now)


def note_refunded(*, order_id: int, refund_id: int, amount: Money, of_purchase: bool, now: datetime) -> None:
    """The money of a refund has arrived. Money paid too late or twice was never part of the purchase: no event for it."""
    order = db.session.get_one(Order, order_id)
    add_step(order_id=order_id, what="refunded", note=str(amount), now=now)
    if of_purchase:
        publish(
            OrderRefunded(
                order_id=order_id,
                customer_id=order.customer_id,
                refund_id=refund_id,
                refunded_fen=amount.fen,
            )
        )
