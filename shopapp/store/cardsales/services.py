"""Buying a membership card. Rows are locked in the order orders, quota, the customer's cards of the plan."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel.db import db
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.loyalty.cards import queries as card_queries
from shopapp.loyalty.cards import services as cards
from shopapp.loyalty.cards.queries import PlanView
from shopapp.members.identity.queries import SignedIn
from shopapp.store.orders import services as orders
from shopapp.store.orders import without_goods

from . import queries
from .models import CardSale


class CardUnpaid(ShopError):
    """There is an order of this plan to be paid; `order_no` is its number."""

    status, code, text = (
        409,
        "card_unpaid",
        _l("您已有一笔这种会员卡的订单等待付款（%(order_no)s），没有任何改动。请先付款或取消那一笔。"),
    )


def place(*, customer: SignedIn, plan_id: str, now: datetime) -> int:
    """Order a card; the row id of the order. For who holds one of this plan it is a renewal.

    Raises `NotFound`, `CardClosed`, `MembersFirst`, `TooManyUnpaid`, `CardUnpaid`.
    """
    cards.check_purchase(customer_id=customer.customer_id, plan_id=plan_id, now=now)
    plan = found(card_queries.plan(plan_id))
    # Placing it takes the customer's turn, so that what is read from here on stays true until the end.
    order = without_goods.place(
        customer=customer, kind=without_goods.CARD, title=_title(plan), amount=plan.price, now=now
    )
    waiting = queries.unpaid_order(customer_id=customer.customer_id, plan_id=plan_id)
    if waiting is not None:
        raise CardUnpaid(order_no=waiting)
    db.session.add(
        CardSale(order_id=order.id, plan_id=plan.id, months=plan.content.months, days=plan.content.days)
    )
    db.session.flush()
    return order.id


def _title(plan: PlanView) -> str:
    """What the order is called; always in Chinese, as WeChat shows it."""
    content = plan.content
    return f"{plan.name} {content.months} 个月" if content.months else f"{plan.name} {content.days} 天"


def fulfil(*, order_id: int, now: datetime) -> bool:
    """Begin the card of a paid order and complete the order, once; False if it is no such order.

    It runs as long as was promised when it was ordered, whatever became of the plan since.
    """
    sale = queries.of_order(order_id=order_id)
    if sale is None:
        return False
    order = orders.lock(order_id=order_id)
    if order.status.value != "paid":
        return False
    cards.activate_card(
        customer_id=order.customer_id,
        plan_id=sale.plan_id,
        order_no=order.no,
        length={"months": sale.months, "days": sale.days},
        now=now,
    )
    without_goods.complete(order=order, now=now)
    return True
