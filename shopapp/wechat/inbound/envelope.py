"""Opening what the platform posts to us, and closing what we answer.

Three modes arrive at one address: plain (fields as they are), compatible (fields beside the sealed text) and safe (sealed
text alone). `signature` covers token, timestamp and nonce and is there in every mode; `msg_signature` covers the sealed
text too. Neither proves that the request is new: the platform repeats itself, so repeats are told by their key.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from config import Settings
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.wechat import crypto, xml

from .incoming import Incoming, read_incoming


class NotFromPlatform(ShopError):
    status, code, text = 403, "not_from_platform", _l("签名不对，没有任何改动。")


class BadPush(ShopError):
    status, code, text = 400, "bad_push", _l("推送的内容读不懂，没有任何改动。")


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A push that was proven and read; `sealed` tells whether the answer must be sealed as well."""

    incoming: Incoming
    sealed: bool


def check_signature(query: Mapping[str, str], *, token: str) -> None:
    """Raises `NotFromPlatform` unless `signature` fits timestamp and nonce."""
    wanted = crypto.sign(token, query.get("timestamp", ""), query.get("nonce", ""))
    if not crypto.same(wanted, query.get("signature", "")):
        raise NotFromPlatform


def open_push(*, query: Mapping[str, str], body: bytes, settings: Settings) -> Opened:
    """Prove, decrypt and read one push. Raises `NotFromPlatform` or `BadPush`."""
    check_signature(query, token=settings.wx_token)
    try:
        text = body.decode("utf-8-sig")
        fields = xml.parse(text)
        if "Encrypt" in fields or query.get("encrypt_type") == "aes":
            text = _unseal(fields.get("Encrypt"), query=query, settings=settings)
            return Opened(incoming=read_incoming(xml.parse(text), text=text), sealed=True)
        return Opened(incoming=read_incoming(fields, text=text), sealed=False)
    except (ValueError, crypto.CannotOpen) as problem:
        raise BadPush(reason=str(problem)[:80]) from problem


def _unseal(sealed: object, *, query: Mapping[str, str], settings: Settings) -> str:
    if not isinstance(sealed, str):
        raise BadPush(reason="no Encrypt")
    wanted = crypto.sign(settings.wx_token, query.get("timestamp", ""), query.get("nonce", ""), sealed)
    if not crypto.same(wanted, query.get("msg_signature", "")):
        raise NotFromPlatform
    return crypto.unseal(sealed, encoding_aes_key=settings.wx_aes_key, appid=settings.wx_appid)


def close_reply(reply: str, *, settings: Settings, now: datetime) -> str:
    """The reply's XML sealed and signed, as XML again."""
    sealed = crypto.seal(reply, encoding_aes_key=settings.wx_aes_key, appid=settings.wx_appid)
    timestamp, nonce = int(now.timestamp()), secrets.token_hex(8)
    return xml.build(
        {
            "Encrypt": sealed,
            "MsgSignature": crypto.sign(settings.wx_token, str(timestamp), nonce, sealed),
            "TimeStamp": timestamp,
            "Nonce": nonce,
        }
    )
