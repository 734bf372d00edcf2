"""Reading orders of membership cards."""

from __future__ import annotations

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.store.orders import without_goods

from .models import CardSale


def of_order(*, order_id: int) -> CardSale | None:
    """The card that an order is for; None for every other order."""
    return db.session.scalar(select(CardSale).where(CardSale.order_id == order_id))


def unpaid_order(*, customer_id: int, plan_id: str) -> str | None:
    """The number of the customer's unpaid order of this plan."""
    waiting = without_goods.unpaid(customer_id=customer_id, kind=without_goods.CARD)
    wanted = select(CardSale.order_id).where(CardSale.plan_id == plan_id, CardSale.order_id.in_(waiting))
    order_id = db.session.scalar(wanted.order_by(CardSale.order_id).limit(1))
    return None if order_id is None else waiting[order_id]
