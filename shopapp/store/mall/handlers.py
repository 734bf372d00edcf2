"""What orders tell the points mall."""

from __future__ import annotations

from shopapp.events import OrderCancelled, OrderTakenBack
from shopapp.kernel import clock

from . import services


def give_back(event: OrderCancelled | OrderTakenBack) -> None:
    """Nothing of the order went out: what it took of the mall can be taken again."""
    services.give_back(order_id=event.order_id, now=clock.now())
