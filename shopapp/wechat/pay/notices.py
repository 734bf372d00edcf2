"""Reading what the platform tells: trades and refunds out of JSON, notices out of signed and sealed bodies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shopapp.kernel.money import FEN_MAX, Money

from .kinds import Notice, RefundAnswer, RefundResult, Trade, TradeState, Unreadable
from .signing import PayKeys, open_resource, verify

ALGORITHM = "AEAD_AES_256_GCM"


def read_notice(*, headers: Mapping[str, str], body: bytes, now: datetime, keys: PayKeys) -> Notice:
    """Verify, then open. Raises `Forged` when the signature does not hold, `Unreadable` when it holds but the rest doesn't."""
    verify(headers=headers, body=body, now=now, keys=keys)
    try:
        envelope = json_object(body)
        resource = envelope["resource"]
        if resource["algorithm"] != ALGORITHM:
            raise Unreadable("unknown algorithm")
        plain = open_resource(
            ciphertext=text_of(resource, "ciphertext"),
            nonce=text_of(resource, "nonce"),
            associated_data=str(resource.get("associated_data") or ""),
            keys=keys,
        )
        return Notice(
            id=text_of(envelope, "id")[:64],
            event_type=text_of(envelope, "event_type")[:48],
            original_type=str(resource.get("original_type") or ""),
            content=plain.decode(),
            data=json_object(plain),
        )
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as problem:
        raise Unreadable("notice lacks a field") from problem


def json_object(body: bytes) -> dict[str, Any]:
    """Raises `Unreadable` unless the bytes are one JSON object of whole characters."""
    try:
        found = json.loads(body)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as problem:
        raise Unreadable("not JSON") from problem
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object")
    return found


def trade_from(data: Mapping[str, Any]) -> Trade:
    """A trade out of a query's answer or a payment notice. Raises `Unreadable` if it does not tell what it must."""
    try:
        state = TradeState(data["trade_state"])
        amount = data.get("amount") or {}
        trade = Trade(
            appid=text_of(data, "appid"),
            mchid=text_of(data, "mchid"),
            out_trade_no=text_of(data, "out_trade_no"),
            state=state,
            transaction_id=data.get("transaction_id") or None,
            total=fen_of(amount, "total") if "total" in amount else None,
            currency=amount.get("currency"),
            paid_at=time_of(data.get("success_time")),
            openid=(data.get("payer") or {}).get("openid"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise Unreadable("not a trade") from problem
    if state.paid and not (trade.transaction_id and trade.total and trade.paid_at):
        raise Unreadable("a paid trade without its payment")
    return trade


def refund_from(data: Mapping[str, Any]) -> RefundAnswer:
    """A refund out of an answer (`status`) or a notice (`refund_status`). Raises `Unreadable`."""
    try:
        return RefundAnswer(
            out_refund_no=text_of(data, "out_refund_no"),
            out_trade_no=text_of(data, "out_trade_no"),
            result=RefundResult(data.get("refund_status") or data["status"]),
            refund_id=text_of(data, "refund_id"),
            amount=fen_of(data["amount"], "refund"),
            total=fen_of(data["amount"], "total"),
            done_at=time_of(data.get("success_time")),
            mchid=data.get("mchid"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise Unreadable("not a refund") from problem


def text_of(data: Mapping[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def fen_of(amount: Mapping[str, Any], name: str) -> Money:
    value = amount[name]
    if type(value) is not int or not 0 <= value <= FEN_MAX:
        raise TypeError(name)
    return Money(value)


def time_of(text: Any) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
