"""Orders in words, for their customer: where one is now, what comes next, what happened."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shopapp.kernel import preferences
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.i18n import _, day, daytime, month_day
from shopapp.store.catalogue.cards import square
from shopapp.store.payments.queries import RefundRow

from . import breakdown
from .models import Order, OrderKind, OrderLine, OrderStatus, OrderStep, RefundStatus
from .queries import OrderFile

GIVEN = (OrderStatus.PAID, OrderStatus.COMPLETED)
"""The states in which an order without goods differs from one with them."""


SHAPES = {OrderKind.GOODS: "", OrderKind.TOP_UP: "wallet", OrderKind.CARD: "shield"}
"""What stands where goods have a picture."""


def status_label(order: Order) -> str:
    labels = {
        OrderStatus.UNPAID: _("待付款"),
        OrderStatus.PAID: _("待发货"),
        OrderStatus.PARTLY_SHIPPED: _("部分发货"),
        OrderStatus.SHIPPED: _("待收货"),
        OrderStatus.COMPLETED: _("已完成"),
        OrderStatus.CANCELLED: _("已取消"),
    }
    if order.refund_status is RefundStatus.ALL:
        return _("已退款")
    if order.kind is not OrderKind.GOODS and order.status in GIVEN:
        given = order.status is OrderStatus.COMPLETED
        if order.kind is OrderKind.CARD:
            return _("已生效") if given else _("办理中")
        return _("已到账") if given else _("到账中")
    return labels[order.status]


def headline(order: Order) -> str:
    """Where the order is, in one sentence."""
    if order.refund_status is RefundStatus.ALL:
        return _("订单已全部退款")
    if order.kind is not OrderKind.GOODS and order.status in GIVEN:
        given = order.status is OrderStatus.COMPLETED
        if order.kind is OrderKind.CARD:
            return _("会员卡已生效") if given else _("已付款，会员卡几秒内生效")
        return _("已到账") if given else _("已付款，正在到账")
    return {
        OrderStatus.UNPAID: _("等您付款"),
        OrderStatus.PAID: _("已付款，等店家发货"),
        OrderStatus.PARTLY_SHIPPED: _("一部分已发出"),
        OrderStatus.SHIPPED: _("包裹在路上"),
        OrderStatus.COMPLETED: _("订单已完成"),
        OrderStatus.CANCELLED: _("订单已取消"),
    }[order.status]


def can_confirm(order: Order) -> bool:
    """Whether there is something left to be received."""
    return order.status is OrderStatus.SHIPPED and order.refund_status is not RefundStatus.ALL


def what_next(order: Order, *, card_until: datetime | None, now: datetime) -> str:
    """What happens next, or what the customer can do; `card_until` is when the card ends that the order brought."""
    if order.refund_status is RefundStatus.ALL:
        return _refund_road(order)
    if order.status is OrderStatus.UNPAID:
        if order.expires_at <= now:
            return _("付款时限已过，订单正在关闭。")
        if order.kind is not OrderKind.GOODS:
            return _("超过时限没有付款，订单会自动取消。剩余时间")
        return _("超过时限没有付款，订单会自动取消，商品放回货架。剩余时间")
    if order.status is OrderStatus.SHIPPED and order.shipped_at is not None:
        until = order.shipped_at + timedelta(days=preferences.read("orders.receipt_after_days"))
        return _("收到后请确认收货，%(day)s会自动确认。", day=month_day(until))
    if order.status is OrderStatus.CANCELLED:
        return _cancelled(order)
    if order.kind is OrderKind.TOP_UP:
        return _("付款时可以用余额，明细在“我的余额”里。")
    if order.kind is OrderKind.CARD:
        return _("%(day)s 到期", day=day(card_until)) if card_until else _("生效后就能享受会员卡的权益。")
    return {
        OrderStatus.PAID: _("发货后会在公众号里通知您。"),
        OrderStatus.PARTLY_SHIPPED: _("其余商品会另外发出。"),
    }.get(order.status, _("感谢您的购买，有问题随时联系店家。"))


def _refund_road(order: Order) -> str:
    """Where the money of an order went that was taken back whole."""
    if order.refunded and order.wallet_refunded:
        return _("余额付的部分已退回余额，微信付的部分按原路退回，到账时间以微信通知为准。")
    if order.wallet_refunded:
        return _("已退回您的余额，马上能用。")
    if order.refunded:
        return _("退款按原路退回，到账时间以微信通知为准。")
    return _("这张订单没有付钱，用掉的积分和优惠券按规则退回。")


def _cancelled(order: Order) -> str:
    if order.kind is not OrderKind.GOODS and order.cancel_reason == "timeout":
        return _("没有在时限内付款，没有扣款。")
    return {
        "timeout": _("没有在时限内付款，商品已放回货架。"),
        "customer": _("您取消了这张订单，没有扣款。"),
        "staff": _("店家取消了这张订单，没有扣款。"),
    }.get(order.cancel_reason or "", _("订单已关闭。"))


def step_text(step: OrderStep, *, kind: OrderKind) -> str:
    """A step of the history for the customer; empty for what is the shop's own business."""
    return {
        "placed": _("已提交订单"),
        "paid": _("已付款"),
        "shipped": _("包裹已发出"),
        "received": _("您已确认收货"),
        "completed": _("已自动确认收货"),
        "cancelled": _("订单已取消"),
        "refund": _("店家已同意退款"),
        "principal_back": _("已退还本金"),
        "refunded": _("退款已到账"),
        "refund_failed": _("退款没有成功，已放回余额"),
        "given": _("会员卡已生效") if kind is OrderKind.CARD else _("已到账"),
        "late_payment": _("订单关闭后收到付款，已安排原路退回"),
        "surplus_payment": _("重复的付款已安排原路退回"),
    }.get(step.what, "")


def refund_label(refund: RefundRow) -> str:
    return {
        "done": _("已退回原支付账户"),
        "abnormal": _("退款遇到问题，店家正在处理"),
        "failed": _("退款遇到问题，店家正在处理"),
        "given_up": _("没有退成，已放回余额"),
    }.get(refund.state.value, _("退款处理中"))


def line_view(line: OrderLine, file: OrderFile) -> dict[str, Any]:
    sku = file.skus.get(line.sku_id or 0)
    gone = line.refunded_quantity
    return {
        "url": f"/p/{sku.product_public_id}" if sku else None,
        "title": line.title,
        "specs_text": line.specs_text,
        "picture": square(line.picture),
        "shape": SHAPES[file.order.kind],
        "price_fen": line.price.fen,
        "quantity": line.quantity,
        "tag": _("已退 %(count)s 件", count=gone)
        if gone
        else ""
        if line.returnable
        else _("不支持无理由退货"),
        "note": _("优惠券赠品") if line.gift else "",
    }


def order_card(file: OrderFile, *, now: datetime) -> dict[str, Any]:
    """An order in the list."""
    order = file.order
    payable = order.status is OrderStatus.UNPAID and order.expires_at > now
    minutes = max(int((order.expires_at - now).total_seconds() // 60), 1)
    return {
        "no": order.no,
        "url": f"/orders/{order.no}",
        "status_label": status_label(order),
        "tone": "brand" if order.status not in (OrderStatus.COMPLETED, OrderStatus.CANCELLED) else "",
        "placed_text": f"{order.created_at.astimezone(SHOP_ZONE):%Y-%m-%d}",
        "lines": [line_view(line, file) for line in order.lines],
        "count": sum(line.quantity for line in order.lines),
        "total_fen": order.total.fen,
        "pay_url": f"/orders/{order.no}/pay" if payable else "",
        "can_confirm": can_confirm(order),
        "hint": _("还可付款 %(minutes)s 分钟", minutes=minutes) if payable else "",
    }


def order_view(file: OrderFile, *, card_until: datetime | None = None, now: datetime) -> dict[str, Any]:
    """An order on its own page; `card_until` is when the card ends that it brought."""
    order = file.order
    unpaid = order.status is OrderStatus.UNPAID
    seconds = int((order.expires_at - now).total_seconds())
    titles = {line.id: line.title for line in order.lines}
    return {
        "no": order.no,
        "status": order.status.value,
        "headline": headline(order),
        "next": what_next(order, card_until=card_until, now=now),
        "expires_in_seconds": seconds if unpaid and seconds > 0 else None,
        "kind": order.kind.value,
        "address": order.kind is OrderKind.GOODS
        and {
            "name": order.ship_name,
            "phone": order.ship_phone,
            "region": order.ship_region,
            "detail": order.ship_detail,
            "is_default": False,
        },
        "lines": [line_view(line, file) for line in order.lines],
        "remark": order.remark or "",
        "quote": {
            "list_fen": sum(line.list.fen for line in order.lines),
            "reductions": breakdown.of_order(order),
            "freight_fen": order.freight.fen if order.kind is OrderKind.GOODS else None,
            "freight_note": _("已省 ¥%(yuan)s", yuan=order.freight_saved) if order.freight_saved else "",
            "wallet_fen": order.wallet.fen,
        },
        "total_fen": order.total.fen,
        "paid": order.paid_at is not None,
        "parcels": [
            {
                "carrier": parcel.carrier_name,
                "waybill": parcel.waybill,
                "shipped_at": parcel.shipped_at,
                "lines_text": _("、").join(f"{titles[line_id]} ×{count}" for line_id, count in parcel.lines)
                if len(file.parcels) > 1
                else "",
            }
            for parcel in file.parcels
        ],
        "timeline": [
            {"text": text, "at": step.at}
            for step in reversed(file.steps)
            if (text := step_text(step, kind=order.kind))
        ],
        "refunds": [
            {
                "fen": refund.amount.fen,
                "status_label": refund_label(refund),
                "reason": refund.reason,
                "at": refund.created_at,
            }
            for refund in file.refunds
        ],
        "refunded_fen": order.refunded.fen,
        "facts": _facts(order),
        "pay_url": f"/orders/{order.no}/pay" if unpaid and seconds > 0 else "",
        "can_cancel": unpaid,
        "can_confirm": can_confirm(order),
    }


def _facts(order: Order) -> list[dict[str, str]]:
    moments = [
        (_("下单时间"), order.created_at),
        (_("付款时间"), order.paid_at),
        (_("完成时间"), order.completed_at),
        (_("取消时间"), order.cancelled_at),
    ]
    facts = [{"name": name, "value": daytime(moment)} for name, moment in moments if moment is not None]
    ways = [*([_("微信支付")] if order.paid else []), *([_("余额")] if order.wallet else [])]
    if order.paid_at is not None and ways:
        facts.append({"name": _("付款方式"), "value": _("、").join(ways)})
    return facts + _loyalty_facts(order)


def _loyalty_facts(order: Order) -> list[dict[str, str]]:
    """What the order earns, and what of points and wallet came back."""
    award, used = sum(line.award for line in order.lines), order.points
    returned = sum(line.points_returned for line in order.lines)
    facts = []
    if award:
        facts.append({"name": _("可得积分"), "value": _("%(count)s，售后期过后到账", count=award)})
    if used and returned:
        facts.append({"name": _("已退积分"), "value": str(returned)})
    if order.wallet_refunded:
        facts.append({"name": _("已退回余额"), "value": f"¥{order.wallet_refunded}"})
    return facts
