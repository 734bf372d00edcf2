"""What other parts of the shop get to know of orders."""

from __future__ import annotations

from shopapp.events import OrderFinal
from shopapp.kernel import clock
from shopapp.loyalty.coupons import services as coupons
from shopapp.loyalty.coupons.content import Moment

from . import queries


def push_first_order_coupons(event: OrderFinal) -> None:
    """Give the coupons that wait for a customer's first order once it cannot come back any more."""
    if not queries.is_first_kept(order_id=event.order_id):
        return
    order = queries.brief(order_id=event.order_id)
    coupons.push(
        moment=Moment.FIRST_ORDER, customer_id=event.customer_id, now=clock.now(), earned_by=order.no
    )
