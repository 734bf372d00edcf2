"""Refunds: taken at once, done later by the virtual clock; idempotent by the shop's refund number."""

from __future__ import annotations

import sqlite3
from typing import Any

from sandbox import clock, faults, people, settings, store

from . import accounts, crypto, fields, keys, notices, orders, payments
from .errors import PayError, invalid_request, param_error
from .moments import DAY, compact_day, rfc3339

PROCESSING, SUCCESS, ABNORMAL, CLOSED = "PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED"
DELAY_SECONDS = 3.0
SLOW_SECONDS = 3 * DAY
LONGEST_AGE_SECONDS = 365 * DAY
MOST_PER_ORDER = 50
BANK_CARD_TYPES = ("USER_BANK_CARD", "MERCHANT_BANK_CARD")


def ask(body: fields.Body) -> dict[str, Any]:
    """Take a refund or tell how the one of the same number stands. Raises PayError."""
    number = fields.matching(
        body, "out_refund_no", pattern=r"[0-9A-Za-z_\-|*@]{1,64}", rule="须为 1–64 位数字、字母或 _-|*@"
    )
    fields.optional_text(body, "reason", longest=80)
    fields.notify_url(body, required=False)
    amount = fields.part(body, "amount")
    refund = fields.whole(amount, "refund", least=1, label="amount.refund")
    total = fields.whole(amount, "total", least=1, label="amount.total")
    if "currency" not in amount:
        raise param_error("amount.currency", "必填")
    fields.currency(amount)
    if body.get("funds_account") not in (None, "AVAILABLE", "UNSETTLED"):
        raise param_error("funds_account", "取值有误")
    order = _order_named(body)
    mark = fields.fingerprint(body)
    # A refusal rolls the transaction back, so the fault is used up before it.
    short = faults.take("refund_not_enough")
    with store.tx():
        known = store.row("SELECT * FROM pay_refunds WHERE out_refund_no = ?", (number,))
        if known is not None:
            if known["fingerprint"] != mark:
                raise invalid_request("商户退款单号重复，且参数与首次申请不一致")
            return describe(known)
        _check_room(order, refund=refund, total=total)
        if short or accounts.balance(accounts.BASIC) < refund - accounts.fee(refund):
            raise PayError(403, "NOT_ENOUGH", "基本账户余额不足，请充值后用原退款单号重试")
        return _take(order, body, number=number, refund=refund, mark=mark)


def _order_named(body: fields.Body) -> sqlite3.Row:
    if body.get("transaction_id"):
        found = store.row(
            "SELECT * FROM pay_orders WHERE transaction_id = ?",
            (fields.text(body, "transaction_id", longest=32),),
        )
    else:
        found = orders.find(
            fields.text(body, "out_trade_no", longest=32, label="transaction_id 或 out_trade_no")
        )
    if found is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    if body.get("out_trade_no") not in (None, "", found["out_trade_no"]):
        raise invalid_request("transaction_id 与 out_trade_no 不是同一笔订单")
    return found


def _check_room(order: sqlite3.Row, *, refund: int, total: int) -> None:
    if order["state"] not in orders.PAID:
        raise invalid_request("订单未支付，不能退款")
    if total != order["total"]:
        raise invalid_request("订单金额 amount.total 与原订单不一致")
    if clock.timestamp() > order["paid_at"] + LONGEST_AGE_SECONDS:
        raise invalid_request("支付已超过 1 年，不能退款")
    earlier = store.rows(
        "SELECT refund FROM pay_refunds WHERE out_trade_no = ? AND state != ?",
        (order["out_trade_no"], CLOSED),
    )
    if len(earlier) >= MOST_PER_ORDER:
        raise invalid_request(f"一笔订单最多退款 {MOST_PER_ORDER} 次")
    left = order["total"] - sum(r["refund"] for r in earlier)
    if refund > left:
        raise invalid_request(f"退款金额超过可退金额，还可退 {left} 分")


def _take(order: sqlite3.Row, body: fields.Body, *, number: str, refund: int, mark: str) -> dict[str, Any]:
    fee = accounts.fee(refund)
    now = clock.timestamp()
    refund_id = f"5030000000{compact_day(now)}{store.next_number('pay_refund'):010d}"
    closed, abnormal = faults.take("refund_closed"), faults.take("refund_abnormal")
    store.insert(
        "pay_refunds",
        out_refund_no=number,
        refund_id=refund_id,
        out_trade_no=order["out_trade_no"],
        refund=refund,
        fee=fee,
        reason=body.get("reason") or "",
        notify_url=body.get("notify_url") or "",
        fingerprint=mark,
        state=PROCESSING,
        next_state=CLOSED if closed else ABNORMAL if abnormal else SUCCESS,
        next_at=now + (SLOW_SECONDS if faults.take("refund_slow") else DELAY_SECONDS),
        created_at=now,
    )
    accounts.book(
        account=accounts.BASIC,
        business_no=refund_id,
        name="退款",
        kind="退款",
        amount=fee - refund,
        remark=f"退款总金额{payments.yuan(refund)}元;含手续费{payments.yuan(fee)}元",
        voucher=number,
    )
    store.run(
        "UPDATE pay_orders SET state = ? WHERE out_trade_no = ?", (orders.REFUND, order["out_trade_no"])
    )
    return describe(get(number))


def get(number: str) -> sqlite3.Row:
    """The refund's row; 404 RESOURCE_NOT_EXISTS if there is none."""
    found = store.row("SELECT * FROM pay_refunds WHERE out_refund_no = ?", (number,))
    if found is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return found


def apply_abnormal(refund_id: str, body: fields.Body) -> dict[str, Any]:
    """Send an ABNORMAL refund to a bank card instead; it is PROCESSING again. Raises PayError."""
    number = fields.text(body, "out_refund_no", longest=64)
    kind = fields.text(body, "type", longest=32)
    if kind not in BANK_CARD_TYPES:
        raise param_error("type", "只能是 USER_BANK_CARD 或 MERCHANT_BANK_CARD")
    if kind == "USER_BANK_CARD":
        fields.text(body, "bank_type", longest=16)
        for name in ("bank_account", "real_name"):
            _open_field(body, name)
    with store.tx():
        refund = get(number)
        if refund["refund_id"] != refund_id:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        if refund["state"] != ABNORMAL:
            raise invalid_request("只有异常的退款才能发起异常退款")
        user = kind == "USER_BANK_CARD"
        store.run(
            "UPDATE pay_refunds SET state = ?, next_state = ?, next_at = ?, channel = 'OTHER_BANKCARD', "
            "received_in = ? WHERE out_refund_no = ?",
            (
                PROCESSING,
                SUCCESS,
                clock.timestamp() + DELAY_SECONDS,
                "用户银行卡" if user else "商户银行账户",
                number,
            ),
        )
        return describe(get(number))


def _open_field(body: fields.Body, name: str) -> str:
    sealed = fields.text(body, name, longest=1024)
    try:
        return crypto.unseal_field(key=keys.platform(), ciphertext=sealed)
    except crypto.UnreadableError as error:
        raise param_error(name, "敏感信息解密失败，请用微信支付公钥加密") from error


def settle_due() -> None:
    """Finish every refund whose time has come by the virtual clock, and send its notice."""
    now = clock.timestamp()
    for due in store.rows(
        "SELECT out_refund_no FROM pay_refunds WHERE state = ? AND next_at <= ?", (PROCESSING, now)
    ):
        with store.tx():
            refund = get(due["out_refund_no"])
            if refund["state"] == PROCESSING:
                _settle(refund)


def _settle(refund: sqlite3.Row) -> None:
    state, number = refund["next_state"], refund["out_refund_no"]
    done_at = clock.timestamp() if state == SUCCESS else None
    store.run(
        "UPDATE pay_refunds SET state = ?, done_at = ? WHERE out_refund_no = ?", (state, done_at, number)
    )
    order = orders.get(refund["out_trade_no"])
    if state == SUCCESS and refund["channel"] == "ORIGINAL":
        people.change_balance(order["openid"], refund["refund"])
        payments.tell(
            order["openid"],
            title="退款到账通知",
            facts=[
                ("退款金额", f"¥{payments.yuan(refund['refund'])}"),
                ("退回到", refund["received_in"]),
                ("商品", order["description"]),
                ("退款单号", refund["refund_id"]),
            ],
        )
    if state == CLOSED:
        accounts.book(
            account=accounts.BASIC,
            business_no=refund["refund_id"],
            name="退款关闭",
            kind="退款",
            amount=refund["refund"] - refund["fee"],
            remark="退款关闭，资金退回",
            voucher=number,
        )
    notices.send(
        event_type=f"REFUND.{state}",
        original_type="refund",
        url=refund["notify_url"],
        resource=_in_notice(get(number), order),
    )


def _in_notice(refund: sqlite3.Row, order: sqlite3.Row) -> dict[str, Any]:
    facts = {
        "mchid": settings.current().mchid,
        "out_trade_no": order["out_trade_no"],
        "transaction_id": order["transaction_id"],
        "out_refund_no": refund["out_refund_no"],
        "refund_id": refund["refund_id"],
        "refund_status": refund["state"],
        "amount": {
            "total": order["total"],
            "refund": refund["refund"],
            "payer_total": order["total"],
            "payer_refund": refund["refund"],
        },
        "user_received_account": refund["received_in"],
    }
    if refund["done_at"] is not None:
        facts["success_time"] = rfc3339(refund["done_at"])
    return facts


def describe(refund: sqlite3.Row) -> dict[str, Any]:
    """The refund as the API tells it."""
    order = orders.get(refund["out_trade_no"])
    facts = {
        "refund_id": refund["refund_id"],
        "out_refund_no": refund["out_refund_no"],
        "transaction_id": order["transaction_id"],
        "out_trade_no": order["out_trade_no"],
        "channel": refund["channel"],
        "user_received_account": refund["received_in"],
        "create_time": rfc3339(refund["created_at"]),
        "status": refund["state"],
        "funds_account": "AVAILABLE",
        "amount": {
            "total": order["total"],
            "refund": refund["refund"],
            "payer_total": order["total"],
            "payer_refund": refund["refund"],
            "settlement_refund": refund["refund"],
            "settlement_total": order["total"],
            "discount_refund": 0,
            "currency": "CNY",
        },
        "promotion_detail": [],
    }
    if refund["done_at"] is not None:
        facts["success_time"] = rfc3339(refund["done_at"])
    return facts
