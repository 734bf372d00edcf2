"""Pushes as the platform sends them, what the shop answered, and a platform that remembers."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import TestResponse

from shopapp.wechat import crypto, xml
from shopapp.wechat.api import EXTENSION
from shopapp.wechat.fakes import FakePlatform

TOKEN = "shopToken2026"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wx0123456789abcdef"
ACCOUNT = "gh_0123456789ab"
CALLBACK = "/wechat/callback"
MODES = ("plain", "compatible", "safe")

_numbers = itertools.count(24_000_000_000_000_001)


def text_message(openid: str, content: str, *, at: int, number: int | None = None) -> dict[str, Any]:
    """Fields of a text that a person sent, with a MsgId of its own unless given."""
    head = {"ToUserName": ACCOUNT, "FromUserName": openid, "CreateTime": at, "MsgType": "text"}
    return {**head, "Content": content, "MsgId": number or next(_numbers)}


def event(openid: str, name: str, *, at: int, **fields: Any) -> dict[str, Any]:
    head = {"ToUserName": ACCOUNT, "FromUserName": openid, "CreateTime": at, "MsgType": "event"}
    return {**head, "Event": name, **fields}


def sealed_push(
    fields: dict[str, Any], *, mode: str = "safe", token: str = TOKEN, sent_at: int | None = None
) -> tuple[str, bytes]:
    """Query and body of a push in one of the three modes, signed at the time of the act unless told otherwise."""
    signed_at = fields["CreateTime"] if sent_at is None else sent_at
    timestamp, nonce, text = str(signed_at), secrets.token_hex(5), xml.build(fields)
    query = {"signature": crypto.sign(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    query["openid"] = fields["FromUserName"]
    if mode == "plain":
        return urlencode(query), text.encode()
    sealed = crypto.seal(text, encoding_aes_key=AES_KEY, appid=APPID)
    query |= {"encrypt_type": "aes", "msg_signature": crypto.sign(token, timestamp, nonce, sealed)}
    shown = fields if mode == "compatible" else {"ToUserName": ACCOUNT}
    return urlencode(query), xml.build({**shown, "Encrypt": sealed}).encode()


def push(
    app: Flask,
    fields: dict[str, Any],
    *,
    mode: str = "safe",
    token: str = TOKEN,
    sent_at: int | None = None,
) -> TestResponse:
    """Post the push to the shop as the platform would."""
    query, body = sealed_push(fields, mode=mode, token=token, sent_at=sent_at)
    return post(app, query=query, body=body)


def post(app: Flask, *, query: str, body: bytes) -> TestResponse:
    client = app.test_client()
    return client.post(f"{CALLBACK}?{query}", data=body, content_type="text/xml", buffered=True)


def opened_reply(answer: TestResponse) -> dict[str, Any]:
    """Fields of a reply, unsealed and its signature checked when it is sealed."""
    fields = xml.parse(answer.get_data(as_text=True))
    if "Encrypt" not in fields:
        return fields
    signed = crypto.sign(TOKEN, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
    assert signed == fields["MsgSignature"]
    return xml.parse(crypto.unseal(fields["Encrypt"], encoding_aes_key=AES_KEY, appid=APPID))


@contextmanager
def fake_platform(app: Flask) -> Iterator[FakePlatform]:
    """A platform that remembers, in the place of the real one."""
    fake, own = FakePlatform(), app.extensions.get(EXTENSION)
    app.extensions[EXTENSION] = fake
    try:
        yield fake
    finally:
        app.extensions[EXTENSION] = own
