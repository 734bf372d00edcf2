"""Pinduoduo: one row an order, of one product; how much of it went back is told by the status alone."""

from __future__ import annotations

import re
from datetime import datetime

from .. import cells
from ..layouts import Columns, Kind, Layout, ReadRow, Statuses
from ..rules import Line, Status, Told

NUMBER = re.compile(r"[0-9]{6}-[0-9]{12,18}")
REFUNDED = "退款成功"
CANCELLED = "已取消"
STATUSES = {
    "待支付": Status.UNPAID,
    "待付款": Status.UNPAID,
    "待发货": Status.PAID,
    "已发货，待签收": Status.SHIPPED,
    "已发货，待收货": Status.SHIPPED,
    "已签收": Status.DONE,
    "已收货": Status.DONE,
    CANCELLED: Status.CLOSED,
    "未发货，退款成功": Status.CLOSED,
    "已发货，退款成功": Status.CLOSED,
    "已签收，退款成功": Status.CLOSED,
    "已收货，退款成功": Status.CLOSED,
}
PAID = ("用户实付金额(元)", "用户实付金额")
ORDERED = ("订单成交时间", "拼单成功时间", "订单创建时间")


def read_orders(columns: Columns, status_of: Statuses) -> ReadRow:
    pick = columns.pick(
        "订单号", "订单状态", ORDERED, "支付时间", PAID, "售后状态", "用户购买手机号", "店铺名称"
    )
    thing = columns.pick(
        ("商品", "商品名称"),
        "商品id",
        "商品规格",
        ("商品数量(件)", "商品数量"),
        ("商家编码-规格维度", "商家编码-商品维度", "商品id"),
    )

    def read(row: list[str]) -> Told:
        number, state, ordered, paid_time, paid, after_sale, phone, shop = pick(row)
        title, product, variant, quantity, sku = thing(row)
        order_no = cells.order_number(number, NUMBER)
        status = status_of(state)
        ordered_at = cells.moment(ordered) or _day_of(order_no)
        refunded = REFUNDED in state
        was_paid = refunded or (status is not Status.UNPAID and cells.bare(state) != CANCELLED)
        amount = (cells.amount(paid) or 0) if was_paid else 0
        number_shown, tail = cells.phone(phone)
        line = Line(
            title=cells.words(title),
            sku=cells.words(sku)[:80],
            quantity=cells.whole(quantity),
            numbered=False,
            paid=amount,
        )
        return Told(
            order_no,
            status,
            ordered_at=ordered_at,
            paid_at=(cells.moment(paid_time) or ordered_at) if was_paid else None,
            paid=amount,
            refunded=amount if refunded else 0,
            unclear=not refunded and cells.bare(after_sale) == REFUNDED,
            phone=number_shown,
            tail=tail,
            shop=cells.words(shop),
            lines={cells.digest(cells.words(product), cells.words(variant)): line},
        )

    return read


def _day_of(order_no: str) -> datetime | None:
    """The number begins with the day of the order."""
    try:
        return cells.moment(f"20{order_no[:2]}-{order_no[2:4]}-{order_no[4:6]}")
    except cells.TimeWrong:
        return None


LAYOUTS = (
    Layout(
        platform="pdd",
        kind=Kind.BOTH,
        needs=(("订单号",), ("订单状态",), PAID, ("商品", "商品名称", "商品id")),
        number=("订单号",),
        statuses=STATUSES,
        reader=read_orders,
        grouped=False,
    ),
)
