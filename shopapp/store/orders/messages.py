"""What customers are told about their orders in WeChat. The names of the fields are ours; the set-up maps them."""

from __future__ import annotations

from typing import Any

from shopapp.events import OrderCancelled, OrderPaid, OrderRefunded, OrderShipped
from shopapp.kernel import clock
from shopapp.kernel.i18n import _l
from shopapp.kernel.money import Money
from shopapp.store.payments import queries as payments
from shopapp.store.shipping import queries as shipping
from shopapp.wechat.messages import money_text, queue_template, time_text

from . import queries
from .queries import OrderBrief

# What each notice can tell, by topic: the names that `data` below uses, and what the set-up calls them.
FIELDS: dict[str, dict[str, Any]] = {
    "order_paid": {"amount": _l("付款金额"), "time": _l("付款时间")},
    "order_shipped": {"carrier": _l("快递公司"), "waybill": _l("快递单号"), "time": _l("发货时间")},
    "order_refunded": {
        "amount": _l("退款金额"),
        "reason": _l("退款原因"),
        "way": _l("退款去向"),
        "time": _l("退款时间"),
    },
    "order_cancelled": {"reason": _l("取消原因"), "time": _l("取消时间")},
}
GOODS_FIELDS: dict[str, Any] = {"number": _l("订单号"), "goods": _l("商品")}
BACK = _l("原路退回")
REASONS = {"timeout": _l("超时未付款"), "customer": _l("您取消了订单"), "staff": _l("店家取消了订单")}


def tell_paid(event: OrderPaid) -> None:
    order = queries.brief(order_id=event.order_id)
    data = {"amount": money_text(Money(event.paid_fen)), "time": time_text(order.paid_at or clock.now())}
    _tell(order, topic="order_paid", key=f"order_paid:{order.id}", data=data)


def tell_shipped(event: OrderShipped) -> None:
    order = queries.brief(order_id=event.order_id)
    parcel = shipping.parcel_by_id(shipment_id=event.shipment_id)
    data = {
        "carrier": parcel.carrier_name,
        "waybill": parcel.waybill,
        "time": time_text(parcel.shipped_at),
    }
    _tell(order, topic="order_shipped", key=f"order_shipped:{event.shipment_id}", data=data)


def tell_refunded(event: OrderRefunded) -> None:
    order = queries.brief(order_id=event.order_id)
    refund = payments.refund_by_id(refund_id=event.refund_id)
    data = {
        "amount": money_text(refund.amount),
        "reason": refund.reason or str(BACK),
        "way": str(BACK),
        "time": time_text(refund.done_at or clock.now()),
    }
    _tell(order, topic="order_refunded", key=f"order_refunded:{event.refund_id}", data=data)


def tell_cancelled(event: OrderCancelled) -> None:
    order = queries.brief(order_id=event.order_id)
    data = {
        "reason": str(REASONS.get(event.reason, event.reason)),
        "time": time_text(order.cancelled_at or clock.now()),
    }
    _tell(order, topic="order_cancelled", key=f"order_cancelled:{order.id}", data=data)


def _tell(order: OrderBrief, *, topic: str, key: str, data: dict[str, str]) -> None:
    if not order.openid:  # the customer had themselves erased
        return
    goods = {"number": order.no, "goods": order.title}
    queue_template(
        key=key,
        openid=order.openid,
        topic=topic,
        data=goods | data,
        path=f"/orders/{order.no}",
        now=clock.now(),
    )
