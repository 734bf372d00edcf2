"""Whatever is thrown at the callback, the answer is a refusal, never a failure, and nothing is kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from shopapp.kernel.db import db
from shopapp.wechat import crypto, xml
from shopapp.wechat.models import Push
from tests.support.wechat import AES_KEY, APPID, TOKEN, post, text_message

SIGNED = {"timestamp": "1767225600", "nonce": "n", "signature": crypto.sign(TOKEN, "1767225600", "n")}
GOOD = text_message("oTEST", "好", at=1767225600)


def sealed_query(sealed: str) -> dict[str, str]:
    signature = crypto.sign(TOKEN, SIGNED["timestamp"], SIGNED["nonce"], sealed)
    return SIGNED | {"encrypt_type": "aes", "msg_signature": signature}


def kept() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Push)) or 0


def without(name: str, **changed: Any) -> bytes:
    return xml.build({key: value for key, value in (GOOD | changed).items() if key != name}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<xml>",
        b"<xml></xml>",
        b"<other><FromUserName>o</FromUserName></other>",
        b"\xff\xfe\x00",
        b"<xml>\x00</xml>",
        b'<?xml version="1.0" encoding="nonsense"?><xml/>',
        b"<!DOCTYPE xml><xml/>",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><FromUserName>&a;</FromUserName></xml>',
        b'<!DOCTYPE xml SYSTEM "http://localhost/x.dtd"><xml/>',
        b"<xml>" + b"<a>" * 20000 + b"</a>" * 100 + b"</xml>",
        b"<xml>" + b"<a>" * 8000 + b"</a>" * 8000 + b"</xml>",
        without("FromUserName"),
        without("MsgType"),
        without("CreateTime"),
        without("", FromUserName="o" * 129),
        without("", MsgType="m" * 65),
        without("", MsgType="event"),
        without("", CreateTime="yesterday"),
        without("", CreateTime="-1"),
        without("", CreateTime="999999999999"),
        without("", CreateTime="٣"),
        without("", FromUserName={"a": "b"}),
        b"<xml><Encrypt>AAAA</Encrypt></xml>",
        b"<xml><Encrypt><a>b</a></Encrypt></xml>",
    ],
)
def test_a_signed_body_that_is_no_push_is_refused(app: Flask, body: bytes) -> None:
    answer = post(app, query=urlencode(SIGNED), body=body)
    assert answer.status_code in (400, 403)
    assert set(answer.get_json()) == {"code", "message", "details"}
    assert kept() == 0


def test_a_body_beyond_the_limit_is_refused_unread(app: Flask) -> None:
    assert post(app, query=urlencode(SIGNED), body=without("", Content="x" * 65536)).status_code == 413
    assert post(app, query=urlencode(SIGNED), body=without("", Content="x" * 60000)).status_code == 200
    assert kept() == 1


@pytest.mark.parametrize("sealed", ["", "AAAA", "====", "é", "A" * 64, "A" * 4096])
def test_a_signed_sealed_text_that_does_not_open_is_refused(app: Flask, sealed: str) -> None:
    body = xml.build({"ToUserName": "gh", "Encrypt": sealed}).encode()
    answer = post(app, query=urlencode(sealed_query(sealed)), body=body)
    assert answer.status_code == 400
    assert kept() == 0


def test_a_text_sealed_for_another_account_is_refused(app: Flask) -> None:
    sealed = crypto.seal(xml.build(GOOD), encoding_aes_key=AES_KEY, appid="wxffffffffffffffff")
    body = xml.build({"ToUserName": "gh", "Encrypt": sealed}).encode()
    assert post(app, query=urlencode(sealed_query(sealed)), body=body).status_code == 400
    assert kept() == 0


def test_sealed_mode_needs_both_signatures(app: Flask) -> None:
    sealed = crypto.seal(xml.build(GOOD), encoding_aes_key=AES_KEY, appid=APPID)
    body = xml.build({"ToUserName": "gh", "Encrypt": sealed}).encode()
    query = sealed_query(sealed)
    for name in ("signature", "msg_signature", "timestamp", "nonce"):
        less = {key: value for key, value in query.items() if key != name}
        assert post(app, query=urlencode(less), body=body).status_code == 403
        assert post(app, query=urlencode(query | {name: "é" * 40}), body=body).status_code == 403
    assert post(app, query=urlencode(query), body=without("")).status_code == 400
    assert kept() == 0
    assert post(app, query=urlencode(query), body=body).status_code == 200


def test_the_address_takes_no_other_method(app: Flask) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert app.test_client().open("/wechat/callback", method=method).status_code == 405


texts = st.text(max_size=60)
names = st.sampled_from(
    ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "MsgId", "a"]
)
printable = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"), max_size=300
)
trees = st.dictionaries(
    names, printable | st.integers() | st.dictionaries(names, printable, max_size=2), max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(st.sampled_from([*SIGNED, "encrypt_type", "msg_signature", "x"]), texts),
    body=st.binary(),
)
def test_unsigned_junk_is_refused(app: Flask, query: dict[str, str], body: bytes) -> None:
    assert post(app, query=urlencode(query, errors="replace"), body=body).status_code == 403


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | texts.map(lambda text: f"<xml>{text}</xml>".encode(errors="replace")))
def test_signed_junk_is_refused(app: Flask, body: bytes) -> None:
    assert post(app, query=urlencode(SIGNED), body=body).status_code == 400


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=trees, sealed=st.booleans())
def test_signed_fields_of_any_shape_are_taken_or_refused(
    app: Flask, fields: dict[str, Any], sealed: bool
) -> None:
    body, query = xml.build(fields), dict(SIGNED)
    if sealed:
        inner = crypto.seal(body, encoding_aes_key=AES_KEY, appid=APPID)
        body, query = xml.build({"Encrypt": inner}), sealed_query(inner)
    assert post(app, query=urlencode(query), body=body.encode()).status_code in (200, 400)
