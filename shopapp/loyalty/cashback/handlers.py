"""What follows when an imported order finds its buyer."""

from __future__ import annotations

from shopapp.events import MarketplaceOrderBound
from shopapp.kernel import clock

from . import growth


def earn_growth(event: MarketplaceOrderBound) -> None:
    """A verified purchase on a marketplace counts for the tier."""
    growth.follow(order_id=event.order_id, now=clock.now())
