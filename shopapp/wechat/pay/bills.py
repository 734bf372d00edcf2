"""Trade bills: a packed CSV file whose columns are found by their names, since kinds of bill differ in them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import hmac
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.money import Money

from .kinds import Unknown, Unreadable

BILL_BYTES_MAX = 256 * 1024 * 1024
REFUND = "REFUND"


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
    try:
        return list(_rows(content.decode("utf-8-sig")))
    except (UnicodeDecodeError, KeyError, ValueError, InvalidOperation, csv.Error) as problem:
        raise Unreadable("not a trade bill") from problem


def _rows(text: str) -> Iterator[BillRow]:
    reader = csv.reader(io.StringIO(text, newline=""), quoting=csv.QUOTE_NONE)
    columns = next(reader, None)
    if columns is None:
        return
    names = [name.strip() for name in columns]
    for values in reader:
        if not values or not values[0].startswith("`"):
            break
        yield _row(names, [value.strip().removeprefix("`") for value in values])


def _row(names: Sequence[str], values: Sequence[str]) -> BillRow:
    told = dict(zip(names, values, strict=False))
    refunded = told["交易状态"] == REFUND
    return BillRow(
        at=datetime.strptime(told["交易时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHOP_ZONE),
        out_trade_no=told["商户订单号"],
        transaction_id=told["微信订单号"],
        out_refund_no=told["商户退款单号"] if refunded else None,
        state=told["退款状态"] if refunded else told["交易状态"],
        amount=_money(told, ("申请退款金额", "退款金额") if refunded else ("订单金额", "应结订单金额")),
    )


def _money(told: dict[str, str], columns: Sequence[str]) -> Money:
    """The first of these columns that the bill has and fills, in yuan with decimals."""
    yuan = next(told[name] for name in columns if told.get(name))
    fen = Decimal(yuan) * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"not whole fen: {yuan}")
    return Money(int(fen))
