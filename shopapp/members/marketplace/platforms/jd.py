"""JD: one row an item, what is said of the order stands on each of its rows."""

from __future__ import annotations

import re

from .. import cells
from ..layouts import Columns, Kind, Layout, ReadRow, Statuses
from ..rules import Line, Status, Told

NUMBER = re.compile(r"[0-9]{10,20}")
DELETED = "(删除)"
STATUSES = {
    "等待付款": Status.UNPAID,
    "未付款": Status.UNPAID,
    "等待付款确认": Status.UNPAID,
    "新订单": Status.UNPAID,
    "等待出库": Status.PAID,
    "(锁定)等待出库": Status.PAID,
    "锁定": Status.PAID,
    "暂停": Status.PAID,
    "等待确认收货": Status.SHIPPED,
    "(锁定)等待确认收货": Status.SHIPPED,
    "完成": Status.DONE,
    "已完成": Status.DONE,
    "已取消": Status.CLOSED,
    **{
        f"{DELETED}{text}": Status.CLOSED
        for text in (
            "等待出库",
            "等待确认收货",
            "锁定",
            "暂停",
            "新订单",
            "等待付款",
            "未付款",
            "完成",
            "等待付款确认",
        )
    },
}
PAID = ("应付金额", "结算金额", "商家应收", "订单金额")
PAID_TIME = "付款确认时间"
BUYER = ("下单帐号", "下单账号")


def read_items(columns: Columns, status_of: Statuses) -> ReadRow:
    pick = columns.pick(
        "订单号", "订单状态", "下单时间", PAID_TIME, PAID, BUYER, ("联系电话", "联系手机"), "店铺名称"
    )
    thing = columns.pick("商品ID", "商品名称", "订购数量", ("货号", "商家SKUID", "商品ID"))
    timed = columns.has(PAID_TIME)

    def read(row: list[str]) -> Told:
        number, state, ordered, paid_time, paid, buyer, phone, shop = pick(row)
        product, title, quantity, sku = thing(row)
        order_no = cells.order_number(number, NUMBER)
        status, ordered_at, paid_at = status_of(state), cells.moment(ordered), cells.moment(paid_time)
        if not timed and status in (Status.PAID, Status.SHIPPED, Status.DONE):
            paid_at = ordered_at
        amount = (cells.amount(paid) or 0) if paid_at is not None else 0
        deleted = cells.half_width(state).startswith(DELETED)
        number_shown, tail = cells.phone(phone)
        line = Line(
            title=cells.words(title),
            sku=cells.words(sku)[:80],
            quantity=cells.whole(quantity),
            numbered=False,
        )
        return Told(
            order_no,
            status,
            ordered_at=ordered_at,
            paid_at=paid_at,
            paid=amount,
            refunded=amount if deleted else 0,
            unclear=status is Status.CLOSED and paid_at is not None and not deleted,
            buyer=cells.buyer_key(buyer),
            phone=number_shown,
            tail=tail,
            shop=cells.words(shop),
            lines={_key(cells.words(product), line): line},
        )

    return read


def _key(product: str, line: Line) -> str:
    """JD's number of the product where it is told: its title may be another in the next export."""
    return cells.digest(product) if product else cells.digest(line.sku, line.title)


LAYOUTS = (
    Layout(
        platform="jd",
        kind=Kind.BOTH,
        needs=(("订单号",), ("订单状态",), ("下单时间",), ("商品ID", "商品名称"), ("订购数量",), PAID),
        number=("订单号",),
        statuses=STATUSES,
        reader=read_items,
    ),
)
