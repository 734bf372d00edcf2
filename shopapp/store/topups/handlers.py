"""What payments and refunds mean for wallets."""

from __future__ import annotations

from shopapp.events import OrderPaid, OrderRefunded
from shopapp.kernel import clock

from . import services


def fulfil(event: OrderPaid) -> None:
    """A paid top-up goes into the wallet."""
    services.fulfil(order_id=event.order_id, now=clock.now())


def note_arrived(event: OrderRefunded) -> None:
    """Principal has arrived at the customer."""
    services.note_arrived(refund_id=event.refund_id, now=clock.now())
