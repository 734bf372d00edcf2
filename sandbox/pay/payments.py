"""The payer's side of an order: what the cashier shows, and paying with the WeChat purse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sandbox import clock, people, settings, store

from . import accounts, crypto, keys, notices, orders
from .moments import compact_day, rfc3339

WRONG_PASSWORD = "000000"  # noqa: S105


class Outcome(StrEnum):
    """How a tap on "pay" or "receive" ended; everything but `OK` changed nothing."""

    OK = "ok"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED = "expired"
    CLOSED = "closed"
    ALREADY_DONE = "already_done"
    NOT_YOURS = "not_yours"
    UNKNOWN = "unknown"


OUTCOME_WORDS = {
    Outcome.OK: "支付成功",
    Outcome.WRONG_PASSWORD: "支付密码错误，请重试",
    Outcome.INSUFFICIENT_FUNDS: "零钱余额不足，没有扣款",
    Outcome.EXPIRED: "订单已过期，没有扣款，请返回商家重新下单",
    Outcome.CLOSED: "订单已关闭，没有扣款，请返回商家重新下单",
    Outcome.ALREADY_DONE: "订单已支付，请勿重复支付",
    Outcome.NOT_YOURS: "这笔订单属于另一个微信用户，不能由你支付",
    Outcome.UNKNOWN: "订单信息有误，没有扣款，请返回商家重新下单",
}


def prepay_details(prepay_id: str) -> dict[str, Any] | None:
    """What the cashier shows: out_trade_no, description, total (fen), openid, payee, standing (an Outcome), balance."""
    order = _order_of(prepay_id)
    if order is None:
        return None
    payer = people.find(order["openid"])
    return {
        "prepay_id": prepay_id,
        "out_trade_no": order["out_trade_no"],
        "description": order["description"],
        "total": order["total"],
        "openid": order["openid"],
        "payee": settings.current().account_name,
        "state": order["state"],
        "standing": _standing(order, prepaid_at=order["prepaid_at"]),
        "balance": payer["balance_fen"] if payer else 0,
    }


def _order_of(prepay_id: str) -> store.Row | None:
    return store.row(
        "SELECT pay_orders.*, pay_prepays.created_at AS prepaid_at FROM pay_prepays "
        "JOIN pay_orders USING (out_trade_no) WHERE prepay_id = ?",
        (prepay_id,),
    )


def _standing(order: store.Row, *, prepaid_at: float) -> Outcome:
    now = clock.timestamp()
    if order["state"] in orders.PAID:
        return Outcome.ALREADY_DONE
    if order["state"] == orders.CLOSED:
        return Outcome.CLOSED
    if now >= order["time_expire"] or now >= prepaid_at + orders.PREPAY_SECONDS:
        return Outcome.EXPIRED
    return Outcome.OK


def check_paysign(params: Mapping[str, str]) -> str | None:
    """Check what the page handed to the payment call; None if good, else what is wrong, in words.

    The shop signs appId, timeStamp, nonceStr and package, a line each, with the merchant key.
    """
    for name in ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign"):
        if not isinstance(params.get(name), str) or not params[name]:
            return f"缺少参数：{name}"
    if params["appId"] != settings.current().appid:
        return "appId 与公众号不符"
    if not re.fullmatch(r"\d{10}", params["timeStamp"], re.ASCII):
        return "timeStamp 须为秒数的字符串"
    if params["signType"] != "RSA":
        return "signType 须为 RSA"
    if not params["package"].startswith("prepay_id="):
        return "package 须以 prepay_id= 开头"
    content = crypto.message(params["appId"], params["timeStamp"], params["nonceStr"], params["package"])
    if not crypto.verifies(key=keys.merchant(), content=content, signature=params["paySign"]):
        return "支付验证签名失败：paySign 有误"
    if _order_of(params["package"].removeprefix("prepay_id=")) is None:
        return "prepay_id 不存在"
    return None


def pay(prepay_id: str, openid: str, password: str) -> Outcome:
    """Pay an order from the purse of `openid`; any 6 digits but 000000 are the right password."""
    with store.tx():
        order = _order_of(prepay_id)
        if order is None:
            return Outcome.UNKNOWN
        standing = _standing(order, prepaid_at=order["prepaid_at"])
        if standing is not Outcome.OK:
            return standing
        if order["openid"] != openid:
            return Outcome.NOT_YOURS
        if not re.fullmatch(r"\d{6}", password, re.ASCII) or password == WRONG_PASSWORD:
            return Outcome.WRONG_PASSWORD
        if not people.change_balance(openid, -order["total"]):
            return Outcome.INSUFFICIENT_FUNDS
        _settle(order["out_trade_no"])
    return Outcome.OK


def _settle(number: str) -> None:
    now = clock.timestamp()
    transaction_id = f"4200000000{compact_day(now)}{store.next_number('pay_transaction'):010d}"
    store.run(
        "UPDATE pay_orders SET state = ?, transaction_id = ?, paid_at = ? WHERE out_trade_no = ?",
        (orders.SUCCESS, transaction_id, now, number),
    )
    order = orders.get(number)
    accounts.book(
        account=accounts.BASIC,
        business_no=transaction_id,
        name="交易",
        kind="交易",
        amount=order["total"],
        remark="",
        voucher=number,
    )
    fee = accounts.fee(order["total"])
    if fee:
        accounts.book(
            account=accounts.BASIC,
            business_no=transaction_id,
            name="扣除交易手续费",
            kind="扣除交易手续费",
            amount=-fee,
            remark=f"结算总金额{yuan(order['total'])}元;费率0.60%",
            voucher=number,
        )
    people.note_act(order["openid"], "pay")
    tell(
        order["openid"],
        title="微信支付凭证",
        facts=[
            ("付款金额", f"¥{yuan(order['total'])}"),
            ("收款方", settings.current().account_name),
            ("商品", order["description"]),
            ("交易单号", transaction_id),
            ("支付时间", rfc3339(now)[:16].replace("T", " ")),
        ],
    )
    notices.send(
        event_type="TRANSACTION.SUCCESS",
        original_type="transaction",
        resource=orders.describe(order),
        url=order["notify_url"],
    )


def yuan(fen: int) -> str:
    """`12.34` for 1234 fen."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def tell(openid: str, *, title: str, facts: list[tuple[str, str]]) -> None:
    """Show a receipt in the user's service notices."""
    people.say(
        openid=openid, side="service", kind="pay", content={"title": title, "rows": [list(f) for f in facts]}
    )
