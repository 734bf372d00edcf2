"""Signatures and seals against the published values, and everything that must be refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from shopapp.wechat.pay import Forged, Unreadable, bills, notices, signing
from tests.support.keys import vectors
from tests.support.pay import KEYS, pay_keys

REQUESTS = vectors()["pay_request_signature"]
ANSWERS = vectors()["pay_response_or_notify_signature"]
SEALED = vectors()["pay_resource_aead"]


def at(headers: dict[str, str], seconds: int = 0) -> datetime:
    return datetime.fromtimestamp(int(headers["Wechatpay-Timestamp"]), UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize("vector", REQUESTS, ids=lambda v: v["id"])
def test_our_requests_are_signed_as_published(vector: dict[str, Any]) -> None:
    header = signing.authorization(
        method=vector["method"],
        target=vector["url_path_with_query"],
        body=vector["body"],
        timestamp=int(vector["timestamp"]),
        nonce=vector["nonce_str"],
        keys=pay_keys(),
    )
    assert header == vector["authorization"]


def test_the_last_line_feed_is_signed_too() -> None:
    vector = REQUESTS[0]
    key = load_pem_public_key(KEYS["merchant_public_key_pem"].encode())
    good = base64.b64decode(vector["signature"])
    key.verify(good, vector["message"].encode(), PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr,call-arg]
    assert signing.sign(vector["message"], keys=pay_keys()) == vector["signature"]
    assert signing.sign(vector["message"].removesuffix("\n"), keys=pay_keys()) != vector["signature"]


@pytest.mark.parametrize("vector", vectors()["pay_jsapi_paysign"], ids=lambda v: v["id"])
def test_the_page_s_call_is_signed_as_published(vector: dict[str, Any]) -> None:
    call = signing.jsapi_request(
        appid=vector["appId"],
        prepay_id=vector["package"].removeprefix("prepay_id="),
        timestamp=int(vector["timeStamp"]),
        nonce=vector["nonceStr"],
        keys=pay_keys(),
    )
    names = ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign")
    assert call.as_json() == {name: vector[name] for name in names}


@pytest.mark.parametrize("vector", ANSWERS, ids=lambda v: v["id"])
def test_published_answers_hold(vector: dict[str, Any]) -> None:
    headers = vector["headers"]
    signing.verify(headers=headers, body=vector["body"].encode(), now=at(headers), keys=both_keys())


def both_keys() -> signing.PayKeys:
    """A merchant in the change-over holds the key of the old certificate as well."""
    certificate = load_pem_x509_certificate(KEYS["platform_certificate_pem"].encode())
    keys = pay_keys()
    old = {KEYS["platform_certificate_serial_no"]: certificate.public_key()}
    return signing.PayKeys(**(vars(keys) | {"platform": {**keys.platform, **old}}))  # type: ignore[arg-type]


def test_a_serial_that_the_shop_does_not_hold_is_refused() -> None:
    vector = next(v for v in ANSWERS if not v["headers"]["Wechatpay-Serial"].startswith("PUB_KEY_ID_"))
    with pytest.raises(Forged, match="serial"):
        signing.verify(
            headers=vector["headers"],
            body=vector["body"].encode(),
            now=at(vector["headers"]),
            keys=pay_keys(),
        )


@pytest.mark.parametrize(
    "change",
    [
        {"Wechatpay-Timestamp": "1767225601"},
        {"Wechatpay-Timestamp": ""},
        {"Wechatpay-Timestamp": "soon"},
        {"Wechatpay-Timestamp": "１７６７２２５６００"},
        {"Wechatpay-Nonce": "another"},
        {"Wechatpay-Serial": ""},
        {"Wechatpay-Serial": "PUB_KEY_ID_0000000000000000000000000000000000"},
        {"Wechatpay-Signature": ""},
        {"Wechatpay-Signature": "AAAA"},
        {"Wechatpay-Signature": "not base64 at all"},
        {"Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"},
    ],
    ids=str,
)
def test_an_answer_with_one_thing_changed_is_refused(change: dict[str, str]) -> None:
    vector = ANSWERS[0]
    with pytest.raises(Forged):
        signing.verify(
            headers=vector["headers"] | change,
            body=vector["body"].encode(),
            now=at(vector["headers"]),
            keys=pay_keys(),
        )


def test_an_answer_of_another_body_or_written_anew_is_refused() -> None:
    vector = ANSWERS[0]
    for body in (vector["body"] + " ", json.dumps(json.loads(vector["body"])), ""):
        with pytest.raises(Forged):
            signing.verify(
                headers=vector["headers"], body=body.encode(), now=at(vector["headers"]), keys=pay_keys()
            )


def test_a_probe_signature_is_refused_even_if_the_rest_is_right() -> None:
    vector = ANSWERS[0]
    probe = {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + vector["headers"]["Wechatpay-Signature"]}
    with pytest.raises(Forged, match="probe"):
        signing.verify(
            headers=vector["headers"] | probe,
            body=vector["body"].encode(),
            now=at(vector["headers"]),
            keys=pay_keys(),
        )


@pytest.mark.parametrize(("seconds", "holds"), [(300, True), (-300, True), (301, False), (-301, False)])
def test_an_answer_holds_for_five_minutes_either_way(seconds: int, holds: bool) -> None:
    vector = ANSWERS[0]

    def check() -> None:
        signing.verify(
            headers=vector["headers"],
            body=vector["body"].encode(),
            now=at(vector["headers"], seconds),
            keys=pay_keys(),
        )

    if holds:
        check()
    else:
        with pytest.raises(Forged, match="too far"):
            check()


@pytest.mark.parametrize("vector", SEALED, ids=lambda v: v["id"])
def test_published_notices_open(vector: dict[str, Any]) -> None:
    sent = vector["full_notify"]
    notice = notices.read_notice(
        headers=sent["headers"], body=sent["body"].encode(), now=at(sent["headers"]), keys=pay_keys()
    )
    assert notice.content == vector["plaintext"]
    assert notice.id == json.loads(sent["body"])["id"]


@pytest.mark.parametrize("vector", SEALED, ids=lambda v: v["id"])
@pytest.mark.parametrize("spoil", ["ciphertext", "tag", "nonce", "associated_data", "cut", "key", "short"])
def test_a_seal_with_one_thing_changed_does_not_open(vector: dict[str, Any], spoil: str) -> None:
    sealed = bytearray(base64.b64decode(vector["ciphertext"]))
    told = {name: vector[name] for name in ("nonce", "associated_data")}
    keys = pay_keys()
    if spoil == "ciphertext":
        sealed[0] ^= 1
    elif spoil == "tag":
        sealed[-1] ^= 1
    elif spoil == "nonce":
        told["nonce"] = told["nonce"][:-1] + "_"
    elif spoil == "associated_data":
        told["associated_data"] += "x"
    elif spoil == "short":
        sealed = sealed[:15]
    elif spoil == "key":
        keys = signing.PayKeys(**(vars(keys) | {"apiv3_key": b"0" * 32}))  # type: ignore[arg-type]
    text = base64.b64encode(bytes(sealed)).decode()
    with pytest.raises(Unreadable):
        signing.open_resource(ciphertext=text[:-3] if spoil == "cut" else text, keys=keys, **told)


@pytest.mark.parametrize(
    "body", ["", "[]", "null", "{}", '{"resource": 3}', "[" * 5000, '{"resource": {}}', '{"id": "\\ud800"}']
)
def test_a_signed_notice_that_says_nothing_is_unreadable(body: str) -> None:
    from tests.support.pay import signed_headers

    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(Unreadable):
        notices.read_notice(
            headers=signed_headers(body.encode(), now=now), body=body.encode(), now=now, keys=pay_keys()
        )


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {"total": "1234"}},
        {"amount": {"total": 12.34}},
        {"amount": {"total": True}},
        {"amount": {"total": -1}},
        {"amount": {}},
        {"amount": None},
        {"trade_state": "WON"},
        {"transaction_id": None},
        {"transaction_id": ""},
        {"success_time": "yesterday"},
        {"success_time": "2026-01-01T10:00:05"},
        {"success_time": None},
        {"out_trade_no": 7},
        {"payer": "me"},
    ],
    ids=str,
)
def test_a_payment_that_does_not_tell_what_it_must_is_unreadable(change: dict[str, Any]) -> None:
    data = json.loads(SEALED[0]["plaintext"])
    assert notices.trade_from(data).total is not None
    with pytest.raises(Unreadable):
        notices.trade_from(data | change)


@pytest.mark.parametrize("vector", vectors()["bill_hash"], ids=lambda v: v["id"])
def test_the_published_bill_is_read_to_the_fen(vector: dict[str, Any]) -> None:
    import gzip

    content = vector["content"].encode()
    assert len(content) == vector["utf8_bytes"]
    unpacked = bills.unpack(gzip.compress(content), sha1=vector["hash_value"])
    paid, refunded = bills.rows(unpacked)
    assert (paid.out_trade_no, paid.amount.fen, paid.is_refund) == ("T20260101000001", 1234, False)
    assert (refunded.out_refund_no, refunded.amount.fen) == ("R20260101000001", 234)
    assert paid.at.isoformat() == "2026-01-01T10:00:00+08:00"
