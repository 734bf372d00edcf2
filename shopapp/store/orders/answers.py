"""Orders as the JSON API tells them, to their customer and to the merchant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopapp.kernel.pii import mask_detail, mask_name, mask_phone
from shopapp.kernel.templating import picture_url
from shopapp.store.shipping.queries import Parcel

from .models import Order, OrderKind, OrderLine
from .queries import OrderFile

PICTURE_WIDTH = 750


def order_answer(file: OrderFile) -> dict[str, Any]:
    """The order as its customer sees it."""
    order = file.order
    return {
        "no": order.no,
        "kind": order.kind.value,
        "status": order.status.value,
        "refund_status": order.refund_status.value,
        "lines": [_line(line, file) for line in order.lines],
        "goods_fen": order.goods.fen,
        "freight_fen": order.freight.fen,
        "freight_saved_fen": order.freight_saved.fen,
        "coupon_ids": order.coupon_ids,
        "tier": order.tier_name,
        "points_used": order.points,
        "wallet_fen": order.wallet.fen,
        "total_fen": order.total.fen,
        "points_to_earn": sum(line.award for line in order.lines),
        "paid_fen": order.paid.fen,
        "refunded_fen": order.refunded.fen,
        "wallet_refunded_fen": order.wallet_refunded.fen,
        "points_returned": sum(line.points_returned for line in order.lines),
        "address": _address(order),
        "remark": order.remark or "",
        "no_return_confirmed_at": order.no_return_confirmed_at,
        "shipments": [
            parcel_answer(parcel, {line.id: line.public_id for line in order.lines})
            for parcel in file.parcels
        ],
        "refunds": [
            {
                "no": refund.no,
                "fen": refund.amount.fen,
                "state": refund.state.value,
                "cause": refund.cause.value,
                "reason": refund.reason,
                "created_at": refund.created_at,
                "done_at": refund.done_at,
            }
            for refund in file.refunds
        ],
        "cancel_reason": order.cancel_reason,
        "created_at": order.created_at,
        "expires_at": order.expires_at,
        "paid_at": order.paid_at,
        "shipped_at": order.shipped_at,
        "completed_at": order.completed_at,
        "cancelled_at": order.cancelled_at,
    }


def merchant_answer(file: OrderFile, *, see_personal: bool) -> dict[str, Any]:
    """The order as staff and programs of the merchant see it; without the right to, no personal data."""
    order = file.order
    answer = order_answer(file) | {"staff_note": order.staff_note}
    for told, refund in zip(answer["refunds"], file.refunds, strict=True):
        told["problem"] = refund.problem
    if not see_personal:
        answer["address"] = _masked_address(order)
        answer["remark"] = "*" * min(len(order.remark or ""), 6)
    answer["steps"] = [
        {"what": step.what, "note": step.note, "actor": step.actor, "at": step.at} for step in file.steps
    ]
    return answer


def _line(line: OrderLine, file: OrderFile) -> dict[str, Any]:
    sku = file.skus.get(line.sku_id or 0)
    return {
        "id": line.public_id,
        "product_id": sku.product_public_id if sku else None,
        "sku_id": sku.public_id if sku else None,
        "title": line.title,
        "specs": line.specs,
        "picture_url": picture_url(line.picture, PICTURE_WIDTH) if line.picture else None,
        "price_fen": line.price.fen,
        "quantity": line.quantity,
        "list_fen": line.list.fen,
        "reductions": line.reductions,
        "pay_fen": line.pay.fen,
        "shipped_quantity": line.shipped_quantity,
        "refunded_quantity": line.refunded_quantity,
        "refunded_fen": line.refunded.fen,
        "points_used": line.points_used,
        "points_returned": line.points_returned,
        "points_to_earn": line.award,
        "gift": line.gift,
        "in_mall": line.in_mall,
        "returnable": line.returnable,
    }


def _address(order: Order) -> dict[str, str] | None:
    """Where it goes; None for an order without goods."""
    if order.kind is not OrderKind.GOODS:
        return None
    return {
        "name": order.ship_name,
        "phone": order.ship_phone,
        "region_code": order.ship_region_code,
        "region": order.ship_region,
        "detail": order.ship_detail,
    }


def _masked_address(order: Order) -> dict[str, str] | None:
    clear = _address(order)
    return clear and clear | {
        "name": mask_name(order.ship_name),
        "phone": mask_phone(order.ship_phone),
        "detail": mask_detail(order.ship_detail),
    }


def parcel_answer(parcel: Parcel, line_ids: Mapping[int, str]) -> dict[str, Any]:
    return {
        "id": parcel.id,
        "carrier": parcel.carrier,
        "carrier_name": parcel.carrier_name,
        "waybill": parcel.waybill,
        "shipped_at": parcel.shipped_at,
        "lines": [{"line_id": line_ids[line_id], "quantity": quantity} for line_id, quantity in parcel.lines],
    }
