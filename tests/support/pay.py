"""The platform's side of WeChat Pay for tests: keys of the published vectors, signed notices, a fake in the application."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from flask import Flask

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.wechat.pay import FakePay, Trade
from shopapp.wechat.pay.signing import PayKeys

from .keys import vectors

KEYS: dict[str, str] = vectors()["keys"]
APPID = "wx0123456789abcdef"


@cache
def pay_keys() -> PayKeys:
    return PayKeys(
        mchid=KEYS["merchant_mchid"],
        serial=KEYS["merchant_serial_no"],
        private=load_pem_private_key(KEYS["merchant_private_key_pem"].encode(), password=None),  # type: ignore[arg-type]
        apiv3_key=KEYS["apiv3_key"].encode(),
        platform={
            KEYS["platform_public_key_id"]: load_pem_public_key(KEYS["platform_public_key_pem"].encode())  # type: ignore[dict-item]
        },
        platform_serial=KEYS["platform_public_key_id"],
    )


@cache
def platform_key() -> RSAPrivateKey:
    return load_pem_private_key(KEYS["platform_private_key_pem"].encode(), password=None)  # type: ignore[return-value]


def fake_pay(app: Flask) -> FakePay:
    """A fresh fake in the place of the application's client."""
    fake = FakePay(appid=APPID, keys=pay_keys())
    app.extensions["pay"] = fake
    return fake


def signed_headers(body: bytes, *, now: datetime, **changes: str) -> dict[str, str]:
    """The headers with which the platform sends this body; `changes` replace some, with underscores for dashes."""
    timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    signature = base64.b64encode(platform_key().sign(message, PKCS1v15(), hashes.SHA256())).decode()
    headers = {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": signature,
        "Wechatpay-Serial": KEYS["platform_public_key_id"],
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }
    return headers | {name.replace("_", "-"): value for name, value in changes.items()}


def sealed_notice(*, event_type: str, original_type: str, data: dict[str, Any], notice_id: str) -> bytes:
    """The body of a notice."""
    nonce = secrets.token_hex(6)
    plain = json.dumps(data, ensure_ascii=False).encode()
    sealed = AESGCM(KEYS["apiv3_key"].encode()).encrypt(nonce.encode(), plain, original_type.encode())
    envelope = {
        "id": notice_id,
        "create_time": "2026-01-01T10:00:06+08:00",
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": "",
        "resource": {
            "original_type": original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": original_type,
            "nonce": nonce,
        },
    }
    return json.dumps(envelope, ensure_ascii=False).encode()


def payment_notice(trade: Trade, *, notice_id: str | None = None, **changes: Any) -> bytes:
    """The notice of a paid trade; `changes` replace fields of its plain text."""
    assert trade.total is not None
    assert trade.paid_at is not None
    data = {
        "appid": trade.appid,
        "mchid": trade.mchid,
        "out_trade_no": trade.out_trade_no,
        "transaction_id": trade.transaction_id,
        "trade_type": "JSAPI",
        "trade_state": trade.state.value,
        "success_time": trade.paid_at.astimezone(SHOP_ZONE).isoformat(timespec="seconds"),
        "payer": {"openid": trade.openid},
        "amount": {"total": trade.total.fen, "payer_total": trade.total.fen, "currency": "CNY"},
    }
    return sealed_notice(
        event_type="TRANSACTION.SUCCESS",
        original_type="transaction",
        data=data | changes,
        notice_id=notice_id or secrets.token_hex(16),
    )
