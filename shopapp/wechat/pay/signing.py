"""Signatures of WeChat Pay v3 in public-key mode: ours on requests and on the page's call, theirs on answers and notices.

All are SHA256withRSA (PKCS#1 v1.5) over lines that each end with a line feed, the last one too. The platform's signature
is checked over the raw bytes of the body, and its time may differ from ours by five minutes at most.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from config import Settings

from .kinds import Forged, JsapiRequest, Unreadable

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
CLOCK_DIFFERENCE_SECONDS_MAX = 300
TAG_BYTES = 16
NONCE_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class PayKeys:
    """The merchant's key and number, and the platform keys that may sign, by their serial or public-key id."""

    mchid: str
    serial: str
    private: RSAPrivateKey
    apiv3_key: bytes
    platform: Mapping[str, RSAPublicKey]
    platform_serial: str


def keys_from(settings: Settings) -> PayKeys:
    """Load the keys that the settings name. Raises `ValueError`, `TypeError` or `OSError` when a file holds no such key."""
    private = load_pem_private_key(Path(settings.wxpay_private_key_file).read_bytes(), password=None)
    public = load_pem_public_key(Path(settings.wxpay_public_key_file).read_bytes())
    if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
        raise TypeError("WeChat Pay uses RSA keys")
    return PayKeys(
        mchid=settings.wxpay_mchid,
        serial=settings.wxpay_serial,
        private=private,
        apiv3_key=settings.wxpay_apiv3_key.encode(),
        platform={settings.wxpay_public_key_id: public},
        platform_serial=settings.wxpay_public_key_id,
    )


def nonce() -> str:
    return secrets.token_hex(16).upper()


def sign(message: str, *, keys: PayKeys) -> str:
    """The merchant's signature in base64."""
    return base64.b64encode(keys.private.sign(message.encode(), PKCS1v15(), hashes.SHA256())).decode()


def authorization(*, method: str, target: str, body: str, timestamp: int, nonce: str, keys: PayKeys) -> str:
    """The Authorization header of a request; `target` is the path with its query exactly as sent."""
    signature = sign(f"{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n", keys=keys)
    return (
        f'{SCHEME} mchid="{keys.mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{keys.serial}"'
    )


def jsapi_request(*, appid: str, prepay_id: str, timestamp: int, nonce: str, keys: PayKeys) -> JsapiRequest:
    """The signed call by which the page opens WeChat's cashier."""
    package = f"prepay_id={prepay_id}"
    return JsapiRequest(
        app_id=appid,
        time_stamp=str(timestamp),
        nonce=nonce,
        package=package,
        signature=sign(f"{appid}\n{timestamp}\n{nonce}\n{package}\n", keys=keys),
    )


def verify(*, headers: Mapping[str, str], body: bytes, now: datetime, keys: PayKeys) -> None:
    """Check the platform's signature on an answer or a notice. Raises `Forged` with what does not hold.

    A probe signature is refused like any forgery: the platform sends it to see that we do look.
    """
    timestamp = headers.get("Wechatpay-Timestamp", "")
    serial = headers.get("Wechatpay-Serial", "")
    signature = headers.get("Wechatpay-Signature", "")
    if headers.get("Wechatpay-Signature-Type", SCHEME) != SCHEME:
        raise Forged("signature type")
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        raise Forged("timestamp")
    if abs(now.timestamp() - int(timestamp)) > CLOCK_DIFFERENCE_SECONDS_MAX:
        raise Forged("timestamp too far from ours")
    if signature.startswith(PROBE):
        raise Forged("probe signature")
    key = keys.platform.get(serial)
    if key is None:
        raise Forged("unknown serial")
    message = f"{timestamp}\n{headers.get('Wechatpay-Nonce', '')}\n".encode() + body + b"\n"
    try:
        key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature) as problem:
        raise Forged("signature") from problem


def open_resource(*, ciphertext: str, nonce: str, associated_data: str, keys: PayKeys) -> bytes:
    """Decrypt a notice's resource: AES-256-GCM under the APIv3 key, the tag at the end. Raises `Unreadable`."""
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
        if len(sealed) < TAG_BYTES or len(nonce.encode()) != NONCE_BYTES:
            raise Unreadable("resource has a wrong length")
        return AESGCM(keys.apiv3_key).decrypt(nonce.encode(), sealed, associated_data.encode())
    except (binascii.Error, ValueError, InvalidTag) as problem:
        raise Unreadable("resource cannot be decrypted") from problem
