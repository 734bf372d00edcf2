"""Douyin shop: one row a thing; or, in the export by main orders, several things joined by `;` inside the cells."""

from __future__ import annotations

import re

from .. import cells
from ..layouts import Columns, Kind, Layout, ReadRow, Statuses
from ..rules import RANK, Line, Status, Told

NUMBER = re.compile(r"[0-9]{15,20}A?")
REFUNDED = "退款成功"
STATUSES = {
    "待支付": Status.UNPAID,
    "待付款": Status.UNPAID,
    "待发货": Status.PAID,
    "备货中": Status.PAID,
    "部分发货": Status.PAID,
    "已发货": Status.SHIPPED,
    "已完成": Status.DONE,
    "已关闭": Status.CLOSED,
}
PAID_TIME = ("支付完成时间", "支付时间")


def read_items(columns: Columns, status_of: Statuses) -> ReadRow:
    pick = columns.pick(
        "主订单编号", "子订单编号", "订单状态", "售后状态", "订单提交时间", PAID_TIME, "发货时间"
    )
    thing = columns.pick(
        ("选购商品", "商品名称"),
        ("商家编码", "商品ID"),
        "商品数量",
        "订单应付金额",
        "运费",
        "收件人手机号",
        "店铺名称",
    )

    def read(row: list[str]) -> Told:
        number, sub, state, after_sale, ordered, paid_time, shipped = pick(row)
        title, sku, quantity, due, freight, phone, shop = thing(row)
        order_no = cells.order_number(number, NUMBER)
        status = _status(state, status_of)
        ordered_at, paid_at = cells.moment(ordered), cells.moment(paid_time)
        back = REFUNDED in after_sale
        closed = status is Status.CLOSED
        reached = closed and (back or paid_at is not None or cells.moment(shipped) is not None)
        was_paid = reached or status not in (Status.UNPAID, Status.CLOSED)
        paid = _sum(due) + _sum(freight) if was_paid else 0
        number_shown, tail = cells.phone(phone)
        told = Told(
            order_no,
            ordered_at=ordered_at,
            paid_at=(paid_at or ordered_at) if was_paid else None,
            unclear=back and not closed,
            phone=number_shown,
            tail=tail,
            shop=cells.words(shop),
        )
        if ";" in sub:
            told.status, told.paid, told.title = status, paid, cells.words(title)
            told.refunded = paid if closed and back else 0
            return told
        line = Line(
            title=cells.words(title),
            sku=cells.words(sku)[:80],
            quantity=cells.whole(quantity),
            numbered=True,
            status=status,
            paid=paid,
            refunded=paid if closed and back else 0,
        )
        told.lines = {cells.order_number(sub, NUMBER): line}
        return told

    return read


def _sum(cell: str) -> int:
    return sum(cells.amount(part) or 0 for part in cell.split(";"))


def _status(cell: str, status_of: Statuses) -> Status:
    """Of several things the newest that is not taken back."""
    if ";" not in cell:
        return status_of(cell)
    told = [status_of(part) for part in cell.split(";") if cells.bare(part)]
    living = [status for status in told if status is not Status.CLOSED]
    return max(living, key=lambda status: RANK[status], default=Status.CLOSED)


LAYOUTS = (
    Layout(
        platform="douyin",
        kind=Kind.BOTH,
        needs=(("主订单编号",), ("子订单编号",), ("选购商品", "商品名称"), ("订单应付金额",), ("订单状态",)),
        number=("主订单编号",),
        statuses=STATUSES,
        reader=read_items,
    ),
)
