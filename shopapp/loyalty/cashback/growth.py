"""Growth from verified marketplace orders: pending from the binding on, taken back with refunds, like that of own orders."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from shopapp.kernel import preferences
from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.tiers import queries as tiers
from shopapp.loyalty.tiers.rules import growth_for
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace.queries import MarketplaceOrderFacts
from shopapp.members.marketplace.rules import Status

from .models import CashbackClaim
from .states import COUNTED


def key_of(order: MarketplaceOrderFacts) -> str:
    """What the growth of a bound order is booked under, and its subject; bound anew it counts anew."""
    return f"marketplace:{order.public_id}:{order.bound_at:%Y%m%d%H%M%S}"


def follow(*, order_id: int, now: datetime) -> None:
    """Book the growth of a bound order, and take back the part of it that refunds so far stand for.

    Active when the hold of its claim is over, without a claim when the time for returns is. Told again it changes nothing.
    """
    order = marketplace.orders_by_ids(ids=[order_id]).get(order_id)
    if order is None or order.customer_id is None:
        return
    key = key_of(order)
    if not ledger.was_earned(award=key) and not _earn(order, order.customer_id, now=now):
        return
    whole = order.status is Status.CLOSED
    _take_back(key, refunded=order.paid_fen if whole else order.refunded_fen, paid=order.paid_fen, now=now)


def _earn(order: MarketplaceOrderFacts, customer_id: int, *, now: datetime) -> bool:
    amount = growth_for(Money(order.paid_fen), tiers.terms_now())
    if not amount:
        return False
    key = key_of(order)
    books.earn(
        purse=purse(customer_id=customer_id, unit=Unit.GROWTH),
        amount=amount,
        key=key,
        subject=key,
        reason=order.order_no,
        pending=True,
        now=now,
    )
    books.activate_by(subject=key, at=_held_until(order.id, now=now))
    return True


def _held_until(order_id: int, *, now: datetime) -> datetime:
    held = select(func.max(CashbackClaim.hold_until)).where(
        CashbackClaim.order_id == order_id, CashbackClaim.status.in_(COUNTED)
    )
    until = db.session.scalar(held)
    return until or now + timedelta(days=preferences.read("orders.aftersales_days"))


def take_all_back(order: MarketplaceOrderFacts, *, now: datetime) -> None:
    """The order is about to be let go: what it counted for the tier is gone."""
    _take_back(key_of(order), refunded=1, paid=1, now=now)


def _take_back(key: str, *, refunded: int, paid: int, now: datetime) -> None:
    if refunded and ledger.was_earned(award=key):
        books.take_back(
            award=key,
            refunded=min(refunded, paid),
            paid=paid,
            shortfall=Shortfall.DEBT,
            key=f"{key}:refund:{refunded}",
            now=now,
        )
