"""What tells that two customers may be one person."""

from __future__ import annotations

from shopapp.events import MarketplaceOrderBound
from shopapp.kernel import clock
from shopapp.members.marketplace import queries as marketplace

from . import pairs
from .rules import Reason


def propose_buyers(event: MarketplaceOrderBound) -> None:
    """Orders of one buyer of a marketplace that are bound to different customers: staff look at them."""
    for other in marketplace.orders_of_buyer(order_id=event.order_id):
        if other.customer_id is not None and other.customer_id != event.customer_id:
            pairs.propose(
                one_id=event.customer_id,
                other_id=other.customer_id,
                reason=Reason.BUYER,
                now=clock.now(),
            )
