"""JSON: a customer's orders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shopapp.kernel import clock, limits
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.kernel.idempotency import once, repeatable
from shopapp.members.identity import services as identity
from shopapp.members.identity.queries import require_customer
from shopapp.store.payments import exchanges

from . import queries, services
from .answers import order_answer
from .models import OrderStatus
from .quotes import asked_for
from .schemas import OrderAnswer, OrderInput, OrderList, PageInput

blp = ApiBlueprint("orders", __name__, url_prefix="/api/v1", description="订单")

CANCELS_MAX = 20


class AlreadyPaid(ShopError):
    status, code, text = 409, "order_paid", _l("订单已经付款，不能取消，没有任何改动。需要退款请联系客服。")


class NotCancellable(ShopError):
    status, code, text = 409, "not_cancellable", _l("订单现在不能取消，没有任何改动。请刷新查看最新状态。")


@blp.post("/orders")
@blp.arguments(OrderInput)
@once
@blp.response(201, OrderAnswer)
def place_order(data: dict[str, Any]) -> dict[str, Any]:
    customer = require_customer()
    identity.note_use(customer=customer, now=clock.now())
    items = [(item["sku_id"], item["quantity"]) for item in data["items"]] if "items" in data else None
    order = services.place_order(
        customer=customer,
        items=items,
        address_id=data["address_id"],
        remark=data["remark"],
        confirmed_no_return=data["confirmed_no_return"],
        asked=asked_for(data),
        now=clock.now(),
    )
    return order_answer(queries.new_file(order))


@blp.get("/orders")
@blp.arguments(PageInput, location="query")
@blp.response(200, OrderList)
def list_orders(data: dict[str, Any]) -> dict[str, Any]:
    customer = require_customer()
    orders, cursor = queries.own_orders(
        customer_id=customer.customer_id,
        statuses=[OrderStatus(data["status"])] if "status" in data else (),
        before=data.get("cursor"),
        limit=data["limit"],
    )
    return {
        "items": [order_answer(file) for file in queries.files(orders)],
        "next_cursor": cursor,
        "counts": queries.counts(customer_id=customer.customer_id),
    }


@blp.get("/orders/<no>")
@blp.response(200, OrderAnswer)
def show_order(no: str) -> dict[str, Any]:
    return _own(no)


@blp.post("/orders/<no>/cancel")
@repeatable
@blp.response(200, OrderAnswer)
def cancel_order(no: str) -> dict[str, Any]:
    """Cancel an unpaid order; told again it changes nothing."""
    customer = require_customer()
    limits.spend(what="cancel", who=customer.public_id, limit=CANCELS_MAX, window=timedelta(minutes=1))
    order = found(queries.own_order(customer_id=customer.customer_id, no=no))
    if order.status is OrderStatus.UNPAID:
        exchanges.cancel_order(order_id=order.id, reason="customer", now=clock.now())
    answer = _own(no)
    refuse_unless_cancelled(status=answer["status"])
    return answer


def refuse_unless_cancelled(*, status: str) -> None:
    """What a cancel could not do, in words. Raises `AlreadyPaid`, `NotCancellable`."""
    if status == OrderStatus.UNPAID.value:
        raise NotCancellable
    if status != OrderStatus.CANCELLED.value:
        raise AlreadyPaid


@blp.post("/orders/<no>/receipt")
@once
@blp.response(200, OrderAnswer)
def confirm_receipt(no: str) -> dict[str, Any]:
    customer = require_customer()
    services.confirm_receipt(no=no, customer_id=customer.customer_id, now=clock.now())
    return _own(no)


def _own(no: str) -> dict[str, Any]:
    customer = require_customer()
    order = found(queries.own_order(customer_id=customer.customer_id, no=no))
    return order_answer(queries.file_of(order))
