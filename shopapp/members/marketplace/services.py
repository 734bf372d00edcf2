"""Binding imported orders to people, and saying what a platform's status texts mean."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, or_, select, update

from shopapp.events import MarketplaceOrderBound, MarketplaceOrderUnbound
from shopapp.kernel import outbox
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _

from . import rules
from .models import MarketplaceIdentity, MarketplaceOrder, MarketplaceStatusWord
from .rules import Status


def bind(*, order_id: int, customer_id: int, now: datetime) -> bool:
    """Make the order this customer's; False if another has it or there is no such order. Told again it changes nothing."""
    free = update(MarketplaceOrder).where(
        MarketplaceOrder.id == order_id, MarketplaceOrder.customer_id.is_(None)
    )
    if rows_changed(free.values(customer_id=customer_id, bound_at=now, changed_at=now)):
        outbox.publish(MarketplaceOrderBound(order_id=order_id, customer_id=customer_id))
        return True
    own = update(MarketplaceOrder).where(
        MarketplaceOrder.id == order_id, MarketplaceOrder.customer_id == customer_id
    )
    return rows_changed(own.values(customer_id=customer_id)) == 1


def unbind(*, order_id: int, customer_id: int) -> bool:
    """Let the order go from this customer; False if it was not theirs."""
    own = update(MarketplaceOrder).where(
        MarketplaceOrder.id == order_id, MarketplaceOrder.customer_id == customer_id
    )
    if rows_changed(own.values(customer_id=None, bound_at=None)) != 1:
        return False
    outbox.publish(MarketplaceOrderUnbound(order_id=order_id, customer_id=customer_id))
    return True


def rebind(*, source_id: int, target_id: int, only: Collection[int] | None = None) -> list[int]:
    """Hand the orders of one customer to another, or with `only` those of these row ids; the ids of those handed over.

    Handing the same ids back is the exact inverse: when each was bound stays as it was.
    """
    statement = update(MarketplaceOrder).where(MarketplaceOrder.customer_id == source_id)
    if only is not None:
        statement = statement.where(MarketplaceOrder.id.in_(only))
    moved = statement.values(customer_id=target_id).returning(MarketplaceOrder.id)
    done = db.session.scalars(moved, execution_options={"synchronize_session": False})
    return sorted(done)


def forget_customer(*, customer_id: int) -> None:
    """Unbind all orders of a customer for good: what their exports call the person by goes too, the money stays."""
    own = MarketplaceOrder.customer_id == customer_id
    pointed_at = db.session.execute(
        select(MarketplaceOrder.buyer_id, MarketplaceOrder.phone_id).where(own)
    ).all()
    bare = {"customer_id": None, "bound_at": None, "buyer_id": None, "phone_id": None, "phone_tail": None}
    rows_changed(update(MarketplaceOrder).where(own).values(anonymous=True, **bare))
    ids = {row_id for pair in pointed_at for row_id in pair if row_id is not None}
    if ids:
        used = select(MarketplaceOrder.id).where(
            or_(
                MarketplaceOrder.buyer_id == MarketplaceIdentity.id,
                MarketplaceOrder.phone_id == MarketplaceIdentity.id,
            )
        )
        gone = delete(MarketplaceIdentity).where(MarketplaceIdentity.id.in_(ids), ~used.exists())
        rows_changed(gone)


def explain_status(*, platform: str, text: str, status: Status, now: datetime) -> None:
    """Keep what a platform means by a status text; said anew it replaces what was said before. Raises `Invalid`."""
    if platform not in rules.PLATFORMS or not text.strip() or len(text) > rules.STATUS_LENGTH_MAX:
        raise Invalid({"text": [_("请选择平台，并填写 60 个字以内的状态。")]})
    family = rules.FAMILIES.get(platform, platform)
    if not insert_once(MarketplaceStatusWord, family=family, text=text, status=status, created_at=now):
        known = update(MarketplaceStatusWord).where(
            MarketplaceStatusWord.family == family, MarketplaceStatusWord.text == text
        )
        rows_changed(known.values(status=status))
