"""Trade bill and fund-flow bill as the platform writes them.

CSV in UTF-8 with a byte-order mark and CRLF, every data value behind a back-tick, amounts in yuan, the last two lines
a summary. Yesterday's bill is there from 10:00 Beijing time; bills go back three months. The hash is SHA-1 over the
unpacked file.
"""

from __future__ import annotations

import gzip
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sandbox import clock, faults, settings, store

from . import accounts
from .errors import PayError, invalid_request, param_error
from .moments import DAY, day_of, day_start, in_bill
from .payments import yuan

READY_AFTER_SECONDS = 10 * 3_600.0
KEPT_DAYS = 92
LINK_SECONDS = 300.0
RATE = "0.60%"
TRADE_COLUMNS = (
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
)
REFUND_ONLY = (
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "申请退款金额",
)
COLUMNS = {
    "ALL": TRADE_COLUMNS,
    "SUCCESS": tuple(name for name in TRADE_COLUMNS if name not in REFUND_ONLY),
    "REFUND": (*TRADE_COLUMNS[:14], "退款申请时间", "退款成功时间", *TRADE_COLUMNS[14:]),
}
TRADE_SUMMARY = (
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
)
FLOW_COLUMNS = (
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
)
FLOW_SUMMARY = ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额")
ACCOUNTS = (accounts.BASIC, accounts.OPERATION, "FEES")
Trade = dict[str, Any]


def csv(
    columns: Sequence[str], rows: Sequence[Sequence[str]], summary: Sequence[str], totals: Sequence[str]
) -> bytes:
    """Lay out one bill file."""
    lines = [",".join(columns), *(_data_line(row) for row in rows), ",".join(summary), _data_line(totals)]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def _data_line(values: Sequence[str]) -> str:
    # A comma or line break inside a value would shift the columns; the platform writes none.
    return ",".join("`" + value.replace(",", " ").replace("\r", " ").replace("\n", " ") for value in values)


def trade_bill(trades: Sequence[Trade], *, bill_type: str = "ALL") -> bytes:
    """The trade bill over payments and refunds in the shape of `trades_of`."""
    columns = COLUMNS[bill_type]
    rows = [[_trade_line(trade)[name] for name in columns] for trade in trades]
    paid = sum(t["total"] for t in trades if not t["refund_id"])
    refunded = sum(t["refund"] for t in trades)
    fees = sum(t["fee"] for t in trades)
    totals = [
        str(len(trades)),
        yuan(paid),
        yuan(refunded),
        "0.00",
        _fee_text(fees),
        yuan(paid),
        yuan(refunded),
    ]
    return csv(columns, rows, TRADE_SUMMARY, totals)


def _fee_text(fen: int) -> str:
    return yuan(fen) + "000"


def _trade_line(trade: Trade) -> Mapping[str, str]:
    told = settings.current()
    is_refund = bool(trade["refund_id"])
    own_total = "0.00" if is_refund else yuan(trade["total"])
    return {
        "交易时间": in_bill(trade["at"]),
        "公众账号ID": told.appid,
        "商户号": told.mchid,
        "特约商户号": "0",
        "设备号": "",
        "微信订单号": trade["transaction_id"],
        "商户订单号": trade["out_trade_no"],
        "用户标识": trade["openid"],
        "交易类型": "JSAPI",
        "交易状态": "REFUND" if is_refund else "SUCCESS",
        "付款银行": "OTHERS",
        "货币种类": "CNY",
        "应结订单金额": own_total,
        "代金券金额": "0.00",
        "微信退款单号": trade["refund_id"] or "0",
        "商户退款单号": trade["out_refund_no"] or "0",
        "退款申请时间": in_bill(trade["at"]),
        "退款成功时间": in_bill(trade["done_at"]) if trade["done_at"] else "",
        "退款金额": yuan(trade["refund"]),
        "充值券退款金额": "0.00",
        "退款类型": trade["channel"],
        "退款状态": trade["refund_state"],
        "商品名称": trade["description"],
        "商户数据包": trade["attach"],
        "手续费": _fee_text(trade["fee"]),
        "费率": RATE,
        "订单金额": own_total,
        "申请退款金额": yuan(trade["refund"]),
        "费率备注": "",
    }


def trades_of(day: date, *, bill_type: str = "ALL") -> list[Trade]:
    """Payments and refunds booked on `day` in Beijing, oldest first; a refund's fee is negative."""
    span = (day_start(day), day_start(day) + DAY)
    trades: list[Trade] = []
    if bill_type != "REFUND":
        trades += [
            _trade(order, at=order["paid_at"], fee=accounts.fee(order["total"]))
            for order in store.rows("SELECT * FROM pay_orders WHERE paid_at >= ? AND paid_at < ?", span)
        ]
    if bill_type != "SUCCESS":
        found = store.rows(
            "SELECT o.*, r.out_refund_no, r.refund_id, r.refund, r.fee, r.channel, r.state AS refund_state, r.done_at, "
            "r.created_at AS asked_at FROM pay_refunds r JOIN pay_orders o USING (out_trade_no) "
            "WHERE r.created_at >= ? AND r.created_at < ?",
            span,
        )
        names = ("out_refund_no", "refund_id", "refund", "channel", "refund_state", "done_at")
        trades += [
            _trade(refund, at=refund["asked_at"], fee=-refund["fee"]) | {name: refund[name] for name in names}
            for refund in found
        ]
    return sorted(trades, key=lambda trade: (trade["at"], trade["refund_id"]))


def _trade(order: store.Row, *, at: float, fee: int) -> Trade:
    names = ("transaction_id", "out_trade_no", "openid", "total", "description", "attach")
    nothing = {
        "out_refund_no": "",
        "refund_id": "",
        "refund": 0,
        "channel": "",
        "refund_state": "",
        "done_at": None,
    }
    return {name: order[name] for name in names} | {"at": at, "fee": fee} | nothing


def plant_differences(trades: Sequence[Trade], *, day: date) -> list[Trade]:
    """Bend the bill the way armed faults ask: a payment left out, one too many, one with another amount."""
    bent = [dict(trade) for trade in trades]
    if bent and faults.take("bill_missing_row"):
        bent.pop(0)
    if bent and faults.take("bill_wrong_amount"):
        name = "refund" if bent[-1]["refund_id"] else "total"
        bent[-1][name] += 1
    if faults.take("bill_extra_row"):
        stranger = {
            "transaction_id": "4200000000000000009999999999",
            "out_trade_no": "UNKNOWN-0001",
            "attach": "",
            "openid": "oSBX-stranger",
            "total": 100,
            "description": "多出来的一笔",
        }
        row: Any = stranger
        bent.append(_trade(row, at=day_start(day) + DAY / 2, fee=accounts.fee(100)))
    return bent


def flow_bill(day: date, *, account: str) -> bytes | None:
    """The fund-flow bill of one account; None for a day on which nothing moved."""
    booked = store.rows(
        "SELECT * FROM pay_flows WHERE account = ? AND at >= ? AND at < ? ORDER BY id",
        (account, day_start(day), day_start(day) + DAY),
    )
    flows = plant_in_flows([dict(flow) for flow in booked])
    if not flows:
        return None
    rows = [
        [
            in_bill(flow["at"]),
            flow["business_no"],
            f"1001{flow['id']:020d}",
            flow["name"],
            flow["kind"],
            "收入" if flow["amount"] > 0 else "支出",
            yuan(abs(flow["amount"])),
            yuan(flow["balance"]),
            "system",
            flow["remark"],
            flow["voucher"],
        ]
        for flow in flows
    ]
    came = [flow["amount"] for flow in flows if flow["amount"] > 0]
    went = [-flow["amount"] for flow in flows if flow["amount"] < 0]
    totals = [str(len(flows)), str(len(came)), yuan(sum(came)), str(len(went)), yuan(sum(went))]
    return csv(FLOW_COLUMNS, rows, FLOW_SUMMARY, totals)


def plant_in_flows(flows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bend the fund-flow bill the way armed faults ask: a line left out, one with another amount, a transfer too many."""
    if flows and faults.take("flow_missing_row"):
        flows.pop(0)
    if flows and faults.take("flow_wrong_amount"):
        flows[-1]["amount"] -= 1
    if flows and faults.take("flow_extra_row"):
        strange = {"business_no": "1330009999999999", "voucher": "UNKNOWN0001", "remark": "多出来的一笔"}
        flows.append(flows[-1] | {"name": "商家转账", "kind": "商家转账", "amount": -100} | strange)
    return flows


def ask_trade_bill(query: Mapping[str, str]) -> dict[str, str]:
    """{hash_type, hash_value, download_url} of a day's trade bill. Raises PayError."""
    day = _day(query)
    bill_type = query.get("bill_type", "ALL")
    if bill_type not in COLUMNS:
        raise param_error("bill_type", "只能是 ALL、SUCCESS 或 REFUND")
    trades = plant_differences(trades_of(day, bill_type=bill_type), day=day)
    return _offer(trade_bill(trades, bill_type=bill_type) if trades else None, query)


def ask_flow_bill(query: Mapping[str, str]) -> dict[str, str]:
    """{hash_type, hash_value, download_url} of a day's fund-flow bill. Raises PayError."""
    day = _day(query)
    account = query.get("account_type", accounts.BASIC)
    if account not in ACCOUNTS:
        raise param_error("account_type", "只能是 BASIC、OPERATION 或 FEES")
    return _offer(flow_bill(day, account=account), query)


def _day(query: Mapping[str, str]) -> date:
    try:
        day = date.fromisoformat(query.get("bill_date", ""))
    except ValueError as error:
        raise param_error("bill_date", "须为 YYYY-MM-DD") from error
    now = clock.timestamp()
    today = day_of(now)
    if day >= today:
        raise param_error("bill_date", "只能下载昨天及以前的账单")
    if day < today - timedelta(days=KEPT_DAYS):
        raise param_error("bill_date", "只能下载最近三个月的账单")
    if now < day_start(day) + DAY + READY_AFTER_SECONDS:
        raise PayError(400, "STATEMENT_CREATING", "账单生成中，昨天的账单 10:00 后可下载")
    return day


def _offer(content: bytes | None, query: Mapping[str, str]) -> dict[str, str]:
    packed = query.get("tar_type", "")
    if packed not in ("", "GZIP"):
        raise param_error("tar_type", "只能是 GZIP")
    if content is None:
        raise PayError(400, "NO_STATEMENT_EXIST", "当日没有账单")
    token = secrets.token_urlsafe(32)
    store.insert(
        "pay_bill_files",
        token=token,
        content=content,
        gzip=int(packed == "GZIP"),
        created_at=clock.timestamp(),
    )
    return {
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        "download_url": f"{settings.current().public_url}/v3/billdownload/file?token={token}",
    }


def download(token: str) -> bytes:
    """The file behind a download link, packed if that was asked for; the link lives 5 minutes. Raises PayError."""
    found = store.row("SELECT * FROM pay_bill_files WHERE token = ?", (token,))
    if found is None:
        raise param_error("token", "下载链接无效")
    if abs(clock.timestamp() - found["created_at"]) > LINK_SECONDS:
        raise invalid_request("下载链接已过期，请重新申请账单")
    content: bytes = found["content"]
    return gzip.compress(content, mtime=0) if found["gzip"] else content
