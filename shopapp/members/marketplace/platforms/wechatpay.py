"""The trade bill of WeChat Pay: payments and refunds of the shop's own orders, with the openid of who paid."""

from __future__ import annotations

import re

from .. import cells
from ..layouts import Columns, Kind, Layout, ReadRow, Statuses
from ..rules import CNY, Status, Told

NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{6,32}")
STATUSES = {"SUCCESS": Status.PAID, "REFUND": Status.PAID, "REVOKED": Status.CLOSED}
PAID = ("订单金额", "总金额", "应结订单金额")
REFUND = ("申请退款金额", "退款金额")


def read_movements(columns: Columns, status_of: Statuses) -> ReadRow:
    pick = columns.pick(
        "商户订单号", "交易状态", "交易时间", PAID, "微信退款单号", REFUND, "用户标识", "货币种类", "商品名称"
    )

    def read(row: list[str]) -> Told:
        number, state, when, paid, refund_no, refund, openid, currency, title = pick(row)
        order_no = cells.order_number(number, NUMBER)
        status, at, kind = status_of(state), cells.moment(when), cells.bare(state).upper()
        told = Told(
            order_no,
            currency=cells.bare(currency).upper()[:3] or CNY,
            buyer=cells.buyer_key(openid),
            title=cells.words(title),
        )
        if kind == "REFUND":
            told.refunds = {cells.order_number(refund_no, NUMBER): cells.amount(refund) or 0}
            return told
        told.status, told.ordered_at, told.paid_at = status, at, at
        told.paid = cells.amount(paid) or 0
        told.refunded = told.paid if status is Status.CLOSED else 0
        return told

    return read


LAYOUTS = (
    Layout(
        platform="wechatpay",
        kind=Kind.BILL,
        needs=(("交易时间",), ("微信订单号",), ("商户订单号",), ("交易状态",), PAID),
        number=("商户订单号",),
        statuses=STATUSES,
        reader=read_movements,
        splitting="backticks",
    ),
)
