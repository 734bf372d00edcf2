"""What happens to imported orders, in the history."""

from __future__ import annotations

from shopapp.events import MarketplaceOrderBound, MarketplaceOrderUnbound

from . import market


def add_bound(event: MarketplaceOrderBound) -> None:
    """An imported order was found to be a customer's: it becomes part of the history, with all that is known of it."""
    market.record(order_ids=[event.order_id])


def take_out_unbound(event: MarketplaceOrderUnbound) -> None:
    """An imported order is nobody's again, or somebody else's by now."""
    market.record(order_ids=[event.order_id])
