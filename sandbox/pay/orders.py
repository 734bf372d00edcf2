"""JSAPI orders: placed by the shop, paid or left by a WeChat user, queried, closed."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from sandbox import clock, people, settings, store

from . import fields
from .errors import PayError, invalid_request, param_error
from .moments import DAY, compact_day, rfc3339

NOTPAY, SUCCESS, REFUND, CLOSED = "NOTPAY", "SUCCESS", "REFUND", "CLOSED"
WORDS = {NOTPAY: "订单未支付", SUCCESS: "支付成功", REFUND: "转入退款", CLOSED: "订单已关闭"}
PAID = (SUCCESS, REFUND)
PREPAY_SECONDS = 7_200.0
DEFAULT_EXPIRY_SECONDS = 7 * DAY
LONGEST_EXPIRY_SECONDS = 90 * DAY
SHORTEST_EXPIRY_SECONDS = 60.0


def place(body: fields.Body) -> dict[str, Any]:
    """Place or repeat an order; {prepay_id}, fresh each time. Raises PayError."""
    now = clock.timestamp()
    number = check(body)
    expire = fields.moment(body, "time_expire")
    mark = fields.fingerprint(body, without=("time_expire",))
    with store.tx():
        order = find(number)
        if order is None:
            order = _new(body, number=number, expire=expire, mark=mark, now=now)
        else:
            _repeat(order, mark=mark, expire=expire, now=now)
        prepay_id = f"wx{compact_day(now)}{secrets.token_hex(13)}"
        store.insert("pay_prepays", prepay_id=prepay_id, out_trade_no=number, created_at=now)
    return {"prepay_id": prepay_id}


def check(body: fields.Body) -> str:
    """Check every field of an order and return its out_trade_no. Raises PayError."""
    check_parties(body)
    fields.text(body, "description", longest=127)
    number = fields.matching(
        body, "out_trade_no", pattern=r"[0-9A-Za-z_\-|*]{6,32}", rule="须为 6–32 位数字、字母或 _-|*"
    )
    fields.notify_url(body, required=True)
    amount = fields.part(body, "amount")
    fields.whole(amount, "total", least=1, label="amount.total")
    fields.currency(amount)
    openid = fields.text(fields.part(body, "payer"), "openid", longest=128, label="payer.openid")
    if people.find(openid) is None:
        raise param_error("payer.openid", "无效的 openid，不属于这个 appid")
    fields.optional_text(body, "attach", longest=128)
    fields.optional_text(body, "goods_tag", longest=32)
    _check_extras(body)
    return number


def check_parties(body: fields.Body) -> None:
    """appid and mchid must be ours. Raises PayError."""
    told = settings.current()
    if fields.text(body, "mchid", longest=32) != told.mchid:
        raise param_error("mchid", "与签名的商户号不一致")
    if fields.text(body, "appid", longest=32) != told.appid:
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid 与 mchid 没有绑定")


def _check_extras(body: fields.Body) -> None:
    if "scene_info" in body:
        fields.text(
            fields.part(body, "scene_info"), "payer_client_ip", longest=45, label="scene_info.payer_client_ip"
        )
    if "settle_info" in body and not isinstance(
        fields.part(body, "settle_info").get("profit_sharing", False), bool
    ):
        raise param_error("settle_info.profit_sharing", "须为布尔值")
    if "support_fapiao" in body and not isinstance(body["support_fapiao"], bool):
        raise param_error("support_fapiao", "须为布尔值")
    goods = fields.part(body, "detail").get("goods_detail", []) if "detail" in body else []
    if not isinstance(goods, list):
        raise param_error("detail.goods_detail", "须为数组")
    for item in goods:
        if not isinstance(item, dict):
            raise param_error("detail.goods_detail", "须为对象的数组")
        fields.text(item, "merchant_goods_id", longest=32, label="detail.goods_detail.merchant_goods_id")
        fields.whole(item, "quantity", least=1, label="detail.goods_detail.quantity")
        fields.whole(item, "unit_price", least=0, label="detail.goods_detail.unit_price")


def _new(body: fields.Body, *, number: str, expire: float | None, mark: str, now: float) -> store.Row:
    if expire is not None and expire <= now:
        raise param_error("time_expire", "不能早于当前时间")
    wanted = now + DEFAULT_EXPIRY_SECONDS if expire is None else expire
    until = min(max(wanted, now + SHORTEST_EXPIRY_SECONDS), now + LONGEST_EXPIRY_SECONDS)
    store.insert(
        "pay_orders",
        out_trade_no=number,
        description=body["description"],
        attach=body.get("attach") or "",
        notify_url=body["notify_url"],
        total=body["amount"]["total"],
        openid=body["payer"]["openid"],
        time_expire=until,
        asked_expire=expire,
        fingerprint=mark,
        state=NOTPAY,
        created_at=now,
    )
    return get(number)


def _repeat(order: store.Row, *, mark: str, expire: float | None, now: float) -> None:
    if order["state"] in PAID:
        raise PayError(400, "ORDERPAID", "订单已支付，请查询订单")
    if order["state"] == CLOSED:
        raise PayError(400, "ORDER_CLOSED", "订单已关闭，请换单号重新下单")
    if order["fingerprint"] != mark:
        raise invalid_request("商户订单号重复，且参数与首次下单不一致")
    if expire is not None and expire != order["asked_expire"]:
        raise invalid_request("time_expire 只在首次下单时有效，不能修改")
    if now >= order["time_expire"]:
        raise invalid_request("订单已过支付截止时间，请换单号重新下单")


def find(number: str) -> sqlite3.Row | None:
    return store.row("SELECT * FROM pay_orders WHERE out_trade_no = ?", (number,))


def get(number: str) -> sqlite3.Row:
    """The order's row; 404 ORDER_NOT_EXIST if there is none."""
    return _existing(find(number))


def get_by_transaction(transaction_id: str) -> sqlite3.Row:
    """As `get`, by the platform's number."""
    return _existing(store.row("SELECT * FROM pay_orders WHERE transaction_id = ?", (transaction_id,)))


def _existing(order: sqlite3.Row | None) -> sqlite3.Row:
    if order is None:
        raise PayError(404, "ORDER_NOT_EXIST", "订单不存在")
    return order


def close(number: str) -> None:
    """Close an unpaid order. Raises PayError when it is paid, closed or unknown."""
    with store.tx():
        order = get(number)
        if order["state"] in PAID:
            raise PayError(400, "ORDERPAID", "订单已支付，不能关闭")
        if order["state"] == CLOSED:
            raise PayError(400, "ORDER_CLOSED", "订单已关闭，无需重复操作")
        store.run(
            "UPDATE pay_orders SET state = ? WHERE out_trade_no = ? AND state = ?", (CLOSED, number, NOTPAY)
        )


def describe(order: store.Row) -> dict[str, Any]:
    """The order as query answers and payment notices tell it."""
    told = settings.current()
    facts: dict[str, Any] = {
        "appid": told.appid,
        "mchid": told.mchid,
        "out_trade_no": order["out_trade_no"],
        "trade_state": order["state"],
        "trade_state_desc": WORDS[order["state"]],
        "attach": order["attach"],
        "payer": {"openid": order["openid"]},
        "amount": {"total": order["total"], "currency": "CNY"},
        "promotion_detail": [],
    }
    if order["state"] in PAID:
        facts |= {
            "transaction_id": order["transaction_id"],
            "trade_type": "JSAPI",
            "bank_type": "OTHERS",
            "success_time": rfc3339(order["paid_at"]),
        }
        facts["amount"] |= {"payer_total": order["total"], "payer_currency": "CNY"}
    return facts
