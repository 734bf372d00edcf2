"""Bills: packed CSV files whose columns are found by their names, since kinds of bill differ in them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import hmac
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.money import Money

from .kinds import Unknown, Unreadable

BILL_BYTES_MAX = 256 * 1024 * 1024
REFUND = "REFUND"
CAME, WENT = "收入", "支出"

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class BillRow:
    """A payment (`out_refund_no` is None, `amount` what was paid) or a refund (`amount` what was asked to go back)."""

    at: datetime
    out_trade_no: str
    transaction_id: str
    out_refund_no: str | None
    state: str
    amount: Money

    @property
    def is_refund(self) -> bool:
        return self.out_refund_no is not None


@dataclass(frozen=True, kw_only=True)
class FlowRow:
    """Money that left an account (`amount` below zero) or came to it.

    `business_no` is the platform's number of what moved it, `voucher` ours where the bill tells it.
    """

    at: datetime
    business_no: str
    voucher: str
    kind: str
    amount: Money


def unpack(packed: bytes, *, sha1: str) -> bytes:
    """The bill file itself. Raises `Unknown` unless its SHA-1 is the one that was told: the download is not signed."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            content = file.read(BILL_BYTES_MAX + 1)
    except (OSError, EOFError, zlib.error) as problem:
        raise Unknown("BILL_DAMAGED") from problem
    found = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if len(content) > BILL_BYTES_MAX or not hmac.compare_digest(found, sha1.lower()):
        raise Unknown("BILL_DAMAGED")
    return content


def rows(content: bytes) -> list[BillRow]:
    """The payments and refunds of a trade bill; the summary at its end is left out. Raises `Unreadable`."""
    return _read_all(content, _row)


def flow_rows(content: bytes) -> list[FlowRow]:
    """What moved on one account, oldest first; the summary at its end is left out. Raises `Unreadable`."""
    return _read_all(content, _flow_row)


def _read_all(content: bytes, read: Callable[[dict[str, str]], R]) -> list[R]:
    try:
        return [read(told) for told in _lines(content.decode("utf-8-sig"))]
    except (UnicodeDecodeError, KeyError, ValueError, InvalidOperation, csv.Error) as problem:
        raise Unreadable("not a bill") from problem


def _lines(text: str) -> Iterator[dict[str, str]]:
    """The values of each line by the names of their columns, up to the summary."""
    reader = csv.reader(io.StringIO(text, newline=""), quoting=csv.QUOTE_NONE)
    columns = next(reader, None)
    if columns is None:
        return
    names = [name.strip() for name in columns]
    for values in reader:
        if not values or not values[0].startswith("`"):
            break
        yield dict(zip(names, (value.strip().removeprefix("`") for value in values), strict=False))


def _row(told: dict[str, str]) -> BillRow:
    refunded = told["交易状态"] == REFUND
    return BillRow(
        at=_time(told["交易时间"]),
        out_trade_no=told["商户订单号"],
        transaction_id=told["微信订单号"],
        out_refund_no=told["商户退款单号"] if refunded else None,
        state=told["退款状态"] if refunded else told["交易状态"],
        amount=_money(told, ("申请退款金额", "退款金额") if refunded else ("订单金额", "应结订单金额")),
    )


def _flow_row(told: dict[str, str]) -> FlowRow:
    amount = _money(told, ("收支金额(元)", "收支金额（元）"))
    if told["收支类型"] not in (CAME, WENT):
        raise ValueError(told["收支类型"])
    return FlowRow(
        at=_time(told["记账时间"]),
        business_no=told["微信支付业务单号"],
        voucher=told.get("业务凭证号", ""),
        kind=told.get("业务类型", ""),
        amount=amount if told["收支类型"] == CAME else -amount,
    )


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHOP_ZONE)


def _money(told: dict[str, str], columns: Sequence[str]) -> Money:
    """The first of these columns that the bill has and fills, in yuan with decimals."""
    yuan = next(told[name] for name in columns if told.get(name))
    fen = Decimal(yuan) * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"not whole fen: {yuan}")
    return Money(int(fen))
