"""What payments mean for membership cards."""

from __future__ import annotations

from shopapp.events import OrderPaid
from shopapp.kernel import clock

from . import services


def fulfil(event: OrderPaid) -> None:
    """The card of a paid order begins."""
    services.fulfil(order_id=event.order_id, now=clock.now())
