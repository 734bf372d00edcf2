"""A customer's orders in the storefront. Cancelling and receiving go through the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.loyalty.cards import queries as cards
from shopapp.members.identity.queries import require_customer

from . import queries, wording
from .models import Order, OrderKind, OrderStatus

PAGE_SIZE = 10
TO_RECEIVE = (OrderStatus.PARTLY_SHIPPED, OrderStatus.SHIPPED)
GROUPS: dict[str, tuple[OrderStatus, ...]] = {
    "": (),
    "unpaid": (OrderStatus.UNPAID,),
    "paid": (OrderStatus.PAID,),
    "shipped": TO_RECEIVE,
    "completed": (OrderStatus.COMPLETED,),
    "cancelled": (OrderStatus.CANCELLED,),
}
COUNTED = ("unpaid", "paid", "shipped")

blueprint = Blueprint("order_pages", __name__)


@blueprint.get("/orders")
def orders() -> str | Response:
    """The customer's orders; an address whose place in the list is gone leads to its beginning."""
    customer = require_customer()
    wanted = request.args.get("status", "")
    group = wanted if wanted in GROUPS else ""
    try:
        rows, cursor = queries.own_orders(
            customer_id=customer.customer_id,
            statuses=GROUPS[group],
            before=_number(request.args.get("cursor")),
            limit=PAGE_SIZE,
        )
    except Invalid:
        return redirect(_url(group))
    now = clock.now()
    return render_template(
        "orders/list.html",
        states=_states(current=group, counts=group_counts(customer_id=customer.customer_id)),
        orders=[wording.order_card(file, now=now) for file in queries.files(rows)],
        next_url=_url(group, cursor=cursor) if cursor else None,
    )


@blueprint.get("/orders/<no>")
def order(no: str) -> str:
    customer = require_customer()
    row = found(queries.own_order(customer_id=customer.customer_id, no=found(_number(no))))
    file = queries.file_of(row, steps=True)
    view = wording.order_view(file, card_until=_card_until(row), now=clock.now())
    return render_template("orders/order.html", order=view)


def _card_until(order: Order) -> datetime | None:
    card = cards.of_order(order_no=order.no) if order.kind is OrderKind.CARD else None
    return None if card is None else card.ends_at


def group_counts(*, customer_id: int) -> dict[str, int]:
    """How many orders wait in each of the states that something is still to come in."""
    counts = queries.counts(customer_id=customer_id)
    return {group: sum(counts.get(status, 0) for status in GROUPS[group]) for group in COUNTED}


def _states(*, current: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    labels = {
        "": _("全部"),
        "unpaid": _("待付款"),
        "paid": _("待发货"),
        "shipped": _("待收货"),
        "completed": _("已完成"),
        "cancelled": _("已取消"),
    }
    return [
        {
            "key": group,
            "label": label,
            "url": _url(group),
            "current": group == current,
            "count": counts.get(group, 0),
        }
        for group, label in labels.items()
    ]


def _url(group: str, *, cursor: str | None = None) -> str:
    given = {**({"status": group} if group else {}), **({"cursor": cursor} if cursor else {})}
    return f"/orders?{urlencode(given)}" if given else "/orders"


def _number(text: str | None) -> str | None:
    """An order's number, or None for what cannot be one."""
    return text if text is not None and text.isascii() and text.isdigit() and len(text) <= 32 else None
