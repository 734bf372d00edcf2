"""Merchant transfers that the user confirms: eight states, 24 hours, money from the operating account."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from sandbox import clock, faults, people, settings, store

from . import accounts, crypto, fields, keys, notices, payments, scenes
from .errors import PayError, invalid_request, param_error
from .moments import DAY, compact_day, day_of, day_start, rfc3339
from .payments import Outcome

ACCEPTED, PROCESSING, WAITING, PAYING = "ACCEPTED", "PROCESSING", "WAIT_USER_CONFIRM", "TRANSFERING"
SUCCESS, FAIL, CANCELING, CANCELLED = "SUCCESS", "FAIL", "CANCELING", "CANCELLED"
OPEN = (ACCEPTED, PROCESSING, WAITING)
FINAL = (SUCCESS, FAIL, CANCELLED)
MOVES = {
    ACCEPTED: {PROCESSING, WAITING, CANCELING, FAIL},
    PROCESSING: {WAITING, CANCELING, FAIL},
    WAITING: {PAYING, CANCELING, FAIL},
    PAYING: {SUCCESS, FAIL},
    CANCELING: {CANCELLED},
}
CONFIRM_SECONDS = DAY
QUERY_SECONDS = 30 * DAY
MOVE_SECONDS = 2.0
SLOW_SECONDS = 3_600.0
NAME_NEEDED_FROM_FEN = 200_000
NAME_ALLOWED_FROM_FEN = 30
CONFIRM_WORDS = payments.OUTCOME_WORDS | {
    Outcome.OK: "已收款，款项将存入零钱",
    Outcome.EXPIRED: "超过 24 小时未确认，转账已退回商家",
    Outcome.CLOSED: "商家已撤销这笔转账",
    Outcome.ALREADY_DONE: "这笔转账已处理",
    Outcome.NOT_YOURS: "这笔转账属于另一个微信用户，不能由你收取",
    Outcome.UNKNOWN: "转账信息有误，没有收款",
}


def ask(body: fields.Body) -> dict[str, Any]:
    """Take a transfer or tell how the one of the same number stands. Raises PayError."""
    number = fields.matching(body, "out_bill_no", pattern=r"[0-9A-Za-z]{1,32}", rule="须为 1–32 位数字或字母")
    perception = scenes.check(body)
    user_name = _check(body)
    mark = fields.fingerprint(body, without=("user_name",)) + user_name
    short = faults.take("transfer_not_enough")
    with store.tx():
        known = find(number)
        if known is not None:
            if known["fingerprint"] != mark:
                raise invalid_request("商户单号已存在，但参数不一致")
            return _answer(known)
        if short:
            raise PayError(403, "NOT_ENOUGH", "运营账户余额不足，请充值后用原单号重试")
        _take(body, number=number, perception=perception, user_name=user_name, mark=mark)
        return _answer(get(number))


def _check(body: fields.Body) -> str:
    """Check the remaining members and return the opened user name, "" when none was given."""
    if fields.text(body, "appid", longest=32) != settings.current().appid:
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid 与商户号没有绑定")
    if people.find(fields.text(body, "openid", longest=64)) is None:
        raise param_error("openid", "无效的 openid，不属于这个 appid")
    amount = fields.whole(body, "transfer_amount", least=1)
    least = int(store.setting("pay_transfer_least_fen", "10"))
    most = int(store.setting("pay_transfer_most_fen", "20000"))
    if not least <= amount <= most:
        raise invalid_request(f"转账金额须在 {payments.yuan(least)}–{payments.yuan(most)} 元之间")
    fields.text(body, "transfer_remark", longest=32)
    fields.notify_url(body, required=False)
    sealed = fields.optional_text(body, "user_name", longest=1024)
    if not sealed and amount >= NAME_NEEDED_FROM_FEN:
        raise param_error("user_name", "2,000 元及以上必填")
    if sealed and amount < NAME_ALLOWED_FROM_FEN:
        raise param_error("user_name", "0.3 元以下不支持校验姓名")
    if not sealed:
        return ""
    try:
        return crypto.unseal_field(key=keys.platform(), ciphertext=sealed)
    except crypto.UnreadableError as error:
        raise param_error("user_name", "敏感信息解密失败，请用微信支付公钥加密") from error


def _take(body: fields.Body, *, number: str, perception: str, user_name: str, mark: str) -> None:
    now = clock.timestamp()
    slow = faults.take("transfer_slow")
    store.insert(
        "pay_transfers",
        out_bill_no=number,
        openid=body["openid"],
        scene=body["transfer_scene_id"],
        transfer_bill_no=f"133000{compact_day(now)}{store.next_number('pay_transfer'):016d}",
        amount=body["transfer_amount"],
        remark=body["transfer_remark"],
        perception=perception,
        user_name=user_name,
        notify_url=body.get("notify_url") or "",
        fingerprint=mark,
        state=ACCEPTED,
        next_at=now + SLOW_SECONDS if slow else now,
        package_info=secrets.token_urlsafe(48),
        created_at=now,
        updated_at=now,
    )
    if not slow:
        _lock_funds(get(number))


def _lock_funds(transfer: sqlite3.Row) -> None:
    """Take the amount out of the operating account; without cover the transfer stays in PROCESSING."""
    number, amount = transfer["out_bill_no"], transfer["amount"]
    if accounts.balance(accounts.OPERATION) < amount:
        if transfer["state"] == ACCEPTED:
            _move(number, PROCESSING)
        return
    accounts.book(
        account=accounts.OPERATION,
        business_no=transfer["transfer_bill_no"],
        name="商家转账",
        kind="商家转账",
        amount=-amount,
        remark=transfer["remark"],
        voucher=number,
    )
    _move(number, WAITING, next_at=transfer["created_at"] + CONFIRM_SECONDS, locked=1)
    people.say(
        openid=transfer["openid"],
        side="service",
        kind="pay",
        content={
            "title": "商家转账待确认",
            "rows": [
                ["金额", f"¥{payments.yuan(amount)}"],
                ["说明", transfer["perception"]],
                ["备注", transfer["remark"]],
            ],
            "url": f"/cashier/transfer?package={transfer['package_info']}",
        },
    )


def _move(number: str, state: str, **changes: Any) -> None:
    """The one way through the table of moves; raises PayError 400 for a move that is none."""
    was = get(number)["state"]
    if state not in MOVES.get(was, set()):
        raise invalid_request(f"转账单状态为 {was}，不能变为 {state}")
    changes |= {"state": state, "updated_at": clock.timestamp()}
    names = ", ".join(f"{name} = ?" for name in changes)
    store.run(f"UPDATE pay_transfers SET {names} WHERE out_bill_no = ?", (*changes.values(), number))  # noqa: S608


def find(number: str) -> sqlite3.Row | None:
    return store.row("SELECT * FROM pay_transfers WHERE out_bill_no = ?", (number,))


def get(number: str) -> sqlite3.Row:
    """The transfer's row; 404 NOT_FOUND if there is none."""
    return _existing(find(number))


def get_recent(*, number: str = "", bill_no: str = "") -> sqlite3.Row:
    """By either number, as long as queries reach back (30 days); else 404 NOT_FOUND."""
    found = _existing(
        store.row(
            "SELECT * FROM pay_transfers WHERE out_bill_no = ? OR transfer_bill_no = ?", (number, bill_no)
        )
    )
    if clock.timestamp() > found["created_at"] + QUERY_SECONDS:
        raise PayError(404, "NOT_FOUND", "只能查询最近 30 天的转账单")
    return found


def _existing(transfer: sqlite3.Row | None) -> sqlite3.Row:
    if transfer is None:
        raise PayError(404, "NOT_FOUND", "转账单不存在")
    return transfer


def cancel(number: str) -> dict[str, Any]:
    """Take a transfer back before the user confirms; repeating it is harmless. Raises PayError when too late."""
    with store.tx():
        transfer = get(number)
        if transfer["state"] in OPEN:
            _move(number, CANCELING, next_at=clock.timestamp() + MOVE_SECONDS)
        elif transfer["state"] not in (CANCELING, CANCELLED):
            raise invalid_request(f"转账单状态为 {transfer['state']}，不能撤销")
        transfer = get(number)
    return {
        "out_bill_no": number,
        "transfer_bill_no": transfer["transfer_bill_no"],
        "state": transfer["state"],
        "update_time": rfc3339(transfer["updated_at"]),
    }


def transfer_details(package_info: str) -> dict[str, Any] | None:
    """What the receiving sheet shows: out_bill_no, amount (fen), perception, remark, openid, payer, standing."""
    transfer = store.row("SELECT * FROM pay_transfers WHERE package_info = ?", (package_info,))
    if transfer is None:
        return None
    facts = {
        name: transfer[name] for name in ("out_bill_no", "amount", "perception", "remark", "openid", "state")
    }
    return facts | {"payer": settings.current().account_name, "standing": _standing(transfer)}


def _standing(transfer: sqlite3.Row) -> Outcome:
    state = transfer["state"]
    if state == WAITING:
        overdue = clock.timestamp() >= transfer["created_at"] + CONFIRM_SECONDS
        return Outcome.EXPIRED if overdue else Outcome.OK
    if state in (CANCELING, CANCELLED):
        return Outcome.CLOSED
    if state == FAIL and transfer["fail_reason"] == "OVERDUE_CLOSE":
        return Outcome.EXPIRED
    return Outcome.ALREADY_DONE if state in (PAYING, SUCCESS, FAIL) else Outcome.UNKNOWN


def confirm_transfer(package_info: str, openid: str) -> Outcome:
    """The user's tap on "receive"; the money arrives, or the transfer fails, two seconds later."""
    fails = faults.take("transfer_fail")
    with store.tx():
        transfer = store.row("SELECT * FROM pay_transfers WHERE package_info = ?", (package_info,))
        if transfer is None:
            return Outcome.UNKNOWN
        if transfer["openid"] != openid:
            return Outcome.NOT_YOURS
        standing = _standing(transfer)
        if standing is Outcome.OK:
            reason = "PAYEE_ACCOUNT_ABNORMAL" if fails else _obstacle(transfer)
            _move(
                transfer["out_bill_no"], PAYING, next_at=clock.timestamp() + MOVE_SECONDS, fail_reason=reason
            )
        return standing


def _obstacle(transfer: sqlite3.Row) -> str:
    """Why the money will not arrive, "" if it will."""
    real_name = store.setting(f"pay_real_name:{transfer['openid']}", "")
    if transfer["user_name"] and real_name and transfer["user_name"] != real_name:
        return "NAME_NOT_CORRECT"
    today = day_start(day_of(clock.timestamp()))
    received = store.rows(
        "SELECT COALESCE(SUM(amount), 0) AS fen FROM pay_transfers "
        "WHERE openid = ? AND state IN (?, ?) AND fail_reason = '' AND updated_at >= ?",
        (transfer["openid"], PAYING, SUCCESS, today),
    )[0]["fen"]
    most = int(store.setting("pay_transfer_user_day_fen", "200000"))
    return "DAY_RECEIVED_QUOTA_EXCEED" if received + transfer["amount"] > most else ""


def move_due() -> None:
    """Move every transfer on whose time has come by the virtual clock, and send the final notices."""
    due = store.rows(
        "SELECT out_bill_no FROM pay_transfers WHERE state IN (?, ?, ?, ?, ?) AND (next_at <= ? OR state = ?)",
        (*MOVES, clock.timestamp(), PROCESSING),
    )
    for transfer in due:
        with store.tx():
            _step(get(transfer["out_bill_no"]))


def _step(transfer: sqlite3.Row) -> None:
    number, state, now = transfer["out_bill_no"], transfer["state"], clock.timestamp()
    if state in OPEN and now >= transfer["created_at"] + CONFIRM_SECONDS:
        _finish(transfer, FAIL, reason="OVERDUE_CLOSE")
    elif state == PROCESSING or (state == ACCEPTED and now >= transfer["next_at"]):
        _lock_funds(transfer)
    elif state == PAYING and now >= transfer["next_at"]:
        _finish(transfer, FAIL if transfer["fail_reason"] else SUCCESS, reason=transfer["fail_reason"])
    elif state == CANCELING and now >= transfer["next_at"]:
        _finish(transfer, CANCELLED, reason="MCH_CANCEL")
    if get(number)["state"] in FINAL and state not in FINAL:
        notices.send(
            event_type="MCHTRANSFER.BILL.FINISHED",
            original_type="mch_payment",
            resource=_in_notice(get(number)),
            url=transfer["notify_url"],
        )


def _finish(transfer: sqlite3.Row, state: str, *, reason: str) -> None:
    _move(transfer["out_bill_no"], state, fail_reason=reason, next_at=None)
    if state == SUCCESS:
        people.change_balance(transfer["openid"], transfer["amount"])
        payments.tell(
            transfer["openid"],
            title="收款到账通知",
            facts=[
                ("收款金额", f"¥{payments.yuan(transfer['amount'])}"),
                ("说明", transfer["perception"]),
                ("付款方", settings.current().account_name),
                ("转账单号", transfer["transfer_bill_no"]),
            ],
        )
    elif transfer["locked"]:
        accounts.book(
            account=accounts.OPERATION,
            business_no=transfer["transfer_bill_no"],
            name="商家转账退回",
            kind="商家转账",
            amount=transfer["amount"],
            remark=reason,
            voucher=transfer["out_bill_no"],
        )


def _answer(transfer: sqlite3.Row) -> dict[str, Any]:
    facts = {
        "out_bill_no": transfer["out_bill_no"],
        "transfer_bill_no": transfer["transfer_bill_no"],
        "create_time": rfc3339(transfer["created_at"]),
        "state": transfer["state"],
    }
    if transfer["state"] == WAITING:
        facts["package_info"] = transfer["package_info"]
    if transfer["state"] in (FAIL, CANCELLED):
        facts["fail_reason"] = transfer["fail_reason"]
    return facts


def _in_notice(transfer: sqlite3.Row) -> dict[str, Any]:
    facts = {
        "out_bill_no": transfer["out_bill_no"],
        "transfer_bill_no": transfer["transfer_bill_no"],
        "state": transfer["state"],
        "mch_id": settings.current().mchid,
        "transfer_amount": transfer["amount"],
        "openid": transfer["openid"],
        "fail_reason": transfer["fail_reason"] if transfer["state"] in FINAL else "",
        "create_time": rfc3339(transfer["created_at"]),
        "update_time": rfc3339(transfer["updated_at"]),
    }
    if transfer["state"] == SUCCESS:
        facts["payment_method_type"] = "CFT"
    return facts


def describe(transfer: sqlite3.Row) -> dict[str, Any]:
    """The transfer as queries tell it; a user name is sealed for the merchant."""
    facts = _in_notice(transfer) | {"appid": settings.current().appid, "transfer_remark": transfer["remark"]}
    facts.pop("payment_method_type", None)
    if transfer["user_name"]:
        facts["user_name"] = crypto.seal_field(key=keys.merchant(), plaintext=transfer["user_name"])
    return facts
