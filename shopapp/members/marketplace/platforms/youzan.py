"""Youzan: an order file, and an item file without numbers of the items."""

from __future__ import annotations

import re

from .. import cells
from ..layouts import Columns, Kind, Layout, ReadRow, Statuses
from ..rules import Line, Status, Told

NUMBER = re.compile(r"E?[0-9]{18,26}")
STATUSES = {
    "待付款": Status.UNPAID,
    "待发货": Status.PAID,
    "待接单": Status.PAID,
    "部分发货": Status.PAID,
    "已发货": Status.SHIPPED,
    "交易完成": Status.DONE,
    "交易关闭": Status.CLOSED,
}


def read_orders(columns: Columns, status_of: Statuses) -> ReadRow:
    pick = columns.pick(
        "订单号",
        "订单状态",
        "订单创建时间",
        "买家付款时间",
        "订单实付金额",
        "订单已退款金额",
        "买家手机号",
        ("收货人手机号/提货人手机号", "收货人手机号"),
        "全部商品名称",
        "归属店铺",
    )

    def read(row: list[str]) -> Told:
        number, state, ordered, paid_time, paid, refund, buyer, phone, title, shop = pick(row)
        order_no = cells.order_number(number, NUMBER)
        paid_at = cells.moment(paid_time)
        number_shown, tail = cells.phone(phone)
        return Told(
            order_no,
            status_of(state),
            ordered_at=cells.moment(ordered),
            paid_at=paid_at,
            paid=(cells.amount(paid) or 0) if paid_at is not None else 0,
            refunded=cells.amount(refund) or 0,
            buyer=cells.buyer_key(buyer),
            phone=number_shown,
            tail=tail,
            title=cells.words(title),
            shop=cells.words(shop),
        )

    return read


def read_items(columns: Columns, status_of: Statuses) -> ReadRow:
    pick = columns.pick(
        "订单号",
        "订单商品状态",
        "商品名称",
        "商品实际成交金额",
        "商品已退款金额",
        "买家付款时间",
        "订单创建时间",
    )
    thing = columns.pick(
        ("商品编码", "规格编码", "商品ID"), ("商品规格", "规格"), ("商品数量", "数量"), "归属店铺"
    )

    def read(row: list[str]) -> Told:
        number, state, title, paid, refund, paid_time, ordered = pick(row)
        sku, variant, quantity, shop = thing(row)
        order_no = cells.order_number(number, NUMBER)
        status, paid_at, back = status_of(state), cells.moment(paid_time), cells.amount(refund) or 0
        was_paid = back > 0 or paid_at is not None or status not in (Status.UNPAID, Status.CLOSED)
        line = Line(
            title=cells.words(title),
            sku=cells.words(sku)[:80],
            quantity=cells.whole(quantity),
            numbered=False,
            status=status,
            paid=(cells.amount(paid) or 0) if was_paid else 0,
            refunded=back,
        )
        return Told(
            order_no,
            ordered_at=cells.moment(ordered),
            paid_at=paid_at,
            shop=cells.words(shop),
            lines={cells.digest(line.sku, line.title, cells.words(variant)): line},
        )

    return read


LAYOUTS = (
    Layout(
        platform="youzan",
        kind=Kind.ORDERS,
        needs=(("订单号",), ("订单状态",), ("订单实付金额",), ("买家付款时间",), ("订单创建时间",)),
        number=("订单号",),
        statuses=STATUSES,
        reader=read_orders,
        grouped=False,
    ),
    Layout(
        platform="youzan",
        kind=Kind.BOTH,
        needs=(("订单号",), ("订单商品状态",), ("商品名称",), ("商品实际成交金额",)),
        number=("订单号",),
        statuses=STATUSES,
        reader=read_items,
    ),
)
