"""Taobao and Tmall: the pair of order and item files, the workbench's item report, refunds."""

from __future__ import annotations

import re

from .. import cells
from ..layouts import Columns, Kind, Layout, ReadRow, Statuses
from ..rules import Line, Status, Told

NUMBER = re.compile(r"[0-9]{14,20}")
STATUSES = {
    "等待买家付款": Status.UNPAID,
    "买家已付款，等待卖家发货": Status.PAID,
    "卖家部分发货": Status.PAID,
    "卖家已发货，等待买家确认": Status.SHIPPED,
    "交易成功": Status.DONE,
    "交易关闭": Status.CLOSED,
}
REFUNDED = "退款成功"
PAID = ("买家实际支付金额", "买家实付金额")
PAID_TIME = ("订单付款时间", "付款时间")
TITLE = ("商品标题", "宝贝标题", "标题")
SKU = ("商家编码", "外部系统编号", "商品编码", "商品ID")


def read_orders(columns: Columns, status_of: Statuses) -> ReadRow:
    pick = columns.pick(
        "订单编号",
        "订单状态",
        "订单创建时间",
        PAID_TIME,
        PAID,
        "退款金额",
        "买家会员名",
        ("联系手机", "联系电话"),
        "宝贝标题",
        "店铺名称",
    )
    timed = columns.has(*PAID_TIME)

    def read(row: list[str]) -> Told:
        number, state, ordered, paid_time, paid, refund, buyer, phone, title, shop = pick(row)
        order_no = cells.order_number(number, NUMBER)
        status = status_of(state)
        paid_at = cells.moment(paid_time)
        was_paid = paid_at is not None or not (timed or status in (Status.UNPAID, Status.CLOSED))
        number_shown, tail = cells.phone(phone)
        return Told(
            order_no,
            status,
            ordered_at=cells.moment(ordered),
            paid_at=paid_at,
            paid=(cells.amount(paid) or 0) if was_paid else 0,
            refunded=cells.amount(refund) or 0,
            buyer=cells.buyer_key(buyer),
            phone=number_shown,
            tail=tail,
            title=cells.words(title),
            shop=cells.words(shop),
        )

    return read


def read_items(columns: Columns, status_of: Statuses) -> ReadRow:
    """Money is of the item, but for what the factory variant says of the whole order beside it."""
    both = columns.has("子单实际支付金额")
    pick = columns.pick(
        "主订单编号",
        "子订单编号",
        "订单状态",
        "订单创建时间",
        PAID_TIME,
        "子单实际支付金额" if both else PAID,
        "退款金额",
        TITLE,
        SKU,
        ("购买数量", "宝贝数量"),
    )
    rest = columns.pick(PAID, "买家会员名", "联系手机", "店铺名称")
    timed = columns.has(*PAID_TIME)
    priced = columns.has(*PAID)

    def read(row: list[str]) -> Told:
        number, sub, state, ordered, paid_time, paid, refund, title, sku, quantity = pick(row)
        whole, buyer, phone, shop = rest(row)
        order_no = cells.order_number(number, NUMBER)
        status, paid_at = status_of(state), cells.moment(paid_time)
        was_paid = paid_at is not None or not (timed or status in (Status.UNPAID, Status.CLOSED))
        line = Line(
            title=cells.words(title),
            sku=cells.words(sku)[:80],
            quantity=cells.whole(quantity),
            numbered=True,
            status=status,
            paid=((cells.amount(paid) or 0) if was_paid else 0) if priced else None,
            refunded=cells.amount(refund) or 0,
        )
        number_shown, tail = cells.phone(phone)
        return Told(
            order_no,
            ordered_at=cells.moment(ordered),
            paid_at=paid_at,
            paid=(cells.amount(whole) or 0) if both and was_paid else None,
            buyer=cells.buyer_key(buyer),
            phone=number_shown,
            tail=tail,
            shop=cells.words(shop),
            lines={cells.order_number(sub, NUMBER): line},
        )

    return read


def read_old_items(columns: Columns, status_of: Statuses) -> ReadRow:
    """The item file to about 2020: no numbers of items, no amounts paid."""
    pick = columns.pick("订单编号", "标题", "价格", "购买数量", "商品属性", "订单状态", SKU)

    def read(row: list[str]) -> Told:
        number, title, price, quantity, variant, state, sku = pick(row)
        order_no = cells.order_number(number, NUMBER)
        line = Line(
            title=cells.words(title),
            sku=cells.words(sku)[:80],
            quantity=cells.whole(quantity),
            numbered=False,
            status=status_of(state),
        )
        key = cells.digest(line.sku, line.title, cells.words(variant), str(cells.amount(price)))
        return Told(order_no, lines={key: line})

    return read


def read_refunds(columns: Columns, _status_of: Statuses) -> ReadRow:
    """What has not gone back yet is not told: asked for is not refunded."""
    pick = columns.pick(
        "订单编号", ("退款单编号", "退款编号"), "买家退款金额", "退款状态", "订单创建时间", PAID_TIME
    )

    def read(row: list[str]) -> Told:
        number, refund_no, refund, state, ordered, paid_time = pick(row)
        order_no = cells.order_number(number, NUMBER)
        refunds = {cells.order_number(refund_no, NUMBER): cells.amount(refund) or 0}
        return Told(
            order_no,
            ordered_at=cells.moment(ordered),
            paid_at=cells.moment(paid_time),
            refunds=refunds if cells.bare(state) == REFUNDED else None,
        )

    return read


def _orders(platform: str, *more: tuple[str, ...]) -> Layout:
    return Layout(
        platform=platform,
        kind=Kind.ORDERS,
        needs=(
            ("订单编号",),
            ("订单状态",),
            PAID,
            ("宝贝标题", "宝贝种类", "买家会员名", "收货人姓名"),
            *more,
        ),
        lacks=("子订单编号",),
        number=("订单编号",),
        statuses=STATUSES,
        reader=read_orders,
        grouped=False,
    )


def _items(platform: str, *more: tuple[str, ...]) -> Layout:
    return Layout(
        platform=platform,
        kind=Kind.BOTH,
        needs=(("主订单编号",), ("子订单编号",), ("订单状态",), TITLE, PAID, *more),
        number=("主订单编号",),
        statuses=STATUSES,
        reader=read_items,
    )


LAYOUTS = (
    _orders("taobao"),
    _orders("tmall", ("买家会员昵称",)),
    _items("taobao"),
    _items("tmall", ("商品标题",), ("买家实付金额",)),
    Layout(
        platform="taobao",
        kind=Kind.LINES,
        needs=(("订单编号",), ("标题",), ("价格",), ("购买数量",), ("订单状态",)),
        lacks=("子订单编号",),
        number=("订单编号",),
        statuses=STATUSES,
        reader=read_old_items,
    ),
    Layout(
        platform="taobao",
        kind=Kind.REFUNDS,
        needs=(("订单编号",), ("退款单编号", "退款编号"), ("买家退款金额",), ("退款状态",)),
        number=("订单编号",),
        statuses={},
        reader=read_refunds,
    ),
)
