"""The platform's published test values, recomputed by the sandbox's own code in both directions."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.pay import crypto

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "wechat-vectors.json").read_text())
KEYS = VECTORS["keys"]
MERCHANT = crypto.private_key(KEYS["merchant_private_key_pem"].encode())
MERCHANT_PUBLIC = crypto.public_key(KEYS["merchant_public_key_pem"].encode())
PLATFORM = crypto.private_key(KEYS["platform_private_key_pem"].encode())
PLATFORM_PUBLIC = crypto.public_key(KEYS["platform_public_key_pem"].encode())


def group(name: str) -> Any:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in VECTORS[name]])


def request_lines(case: dict[str, Any]) -> list[str]:
    return [case["method"], case["url_path_with_query"], case["timestamp"], case["nonce_str"], case["body"]]


def answer_lines(case: dict[str, Any]) -> list[str]:
    return [case["headers"]["Wechatpay-Timestamp"], case["headers"]["Wechatpay-Nonce"], case["body"]]


@group("pay_request_signature")
def test_a_request_is_signed_and_read_as_published(case: dict[str, Any]) -> None:
    content = crypto.message(*request_lines(case))
    assert content.decode() == case["message"]
    assert crypto.sign(key=MERCHANT, content=content) == case["signature"]
    header = crypto.parse_authorization(case["authorization"])
    assert header is not None
    assert header.signature == case["signature"]
    assert (header.mchid, header.serial_no) == (KEYS["merchant_mchid"], KEYS["merchant_serial_no"])
    assert crypto.verifies(key=MERCHANT_PUBLIC, content=content, signature=header.signature)


@group("pay_request_signature")
@pytest.mark.parametrize("changed", range(5))
def test_a_request_with_one_changed_part_is_refused(case: dict[str, Any], changed: int) -> None:
    lines = request_lines(case)
    lines[changed] += "0"
    content = crypto.message(*lines)
    assert not crypto.verifies(key=MERCHANT_PUBLIC, content=content, signature=case["signature"])


@group("pay_request_signature")
def test_a_message_without_its_last_line_feed_is_another_message(case: dict[str, Any]) -> None:
    content = crypto.message(*request_lines(case))[:-1]
    assert not crypto.verifies(key=MERCHANT_PUBLIC, content=content, signature=case["signature"])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "WECHATPAY2-SHA256-RSA2048",
        'WECHATPAY2-SM2-WITH-SM3 mchid="1"',
        'WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="2",signature="3",timestamp="4"',
        'WECHATPAY2-SHA256-RSA2048 mchid=1,nonce_str="2",signature="3",timestamp="4",serial_no="5"',
        'WECHATPAY2-SHA256-RSA2048 mchid="1",mchid="1",nonce_str="2",signature="3",timestamp="4",serial_no="5"',
        'WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="2",signature="3",timestamp="4",serial_no="5",x="6"',
    ],
)
def test_a_malformed_authorization_is_not_guessed_at(header: str) -> None:
    assert crypto.parse_authorization(header) is None


def test_the_order_of_the_five_values_is_free() -> None:
    text = 'WECHATPAY2-SHA256-RSA2048 serial_no="5", timestamp="4",signature="a+/=", nonce_str="2",mchid="1"'
    header = crypto.parse_authorization(text)
    assert header == crypto.Authorization(
        mchid="1", nonce_str="2", signature="a+/=", timestamp="4", serial_no="5"
    )


@group("pay_response_or_notify_signature")
def test_an_answer_is_signed_as_published(case: dict[str, Any]) -> None:
    content = crypto.message(*answer_lines(case))
    signature = case["headers"]["Wechatpay-Signature"]
    assert content.decode() == case["message"]
    assert crypto.sign(key=PLATFORM, content=content) == signature
    for key in (KEYS["platform_public_key_pem"], KEYS["platform_certificate_pem"]):
        assert crypto.verifies(key=crypto.public_key(key.encode()), content=content, signature=signature)


@group("pay_response_or_notify_signature")
def test_a_changed_answer_or_a_broken_signature_is_refused(case: dict[str, Any]) -> None:
    signature = case["headers"]["Wechatpay-Signature"]
    content = crypto.message(*answer_lines(case))
    for changed in range(3):
        lines = answer_lines(case)
        lines[changed] += " "
        changed_content = crypto.message(*lines)
        assert not crypto.verifies(key=PLATFORM_PUBLIC, content=changed_content, signature=signature)
    for broken in (signature[:-5], signature[:-3], "", "WECHATPAY/SIGNTEST/" + signature, "！"):
        assert not crypto.verifies(key=PLATFORM_PUBLIC, content=content, signature=broken)
    assert not crypto.verifies(key=PLATFORM_PUBLIC, content=content[:-1], signature=signature)
    assert not crypto.verifies(key=MERCHANT_PUBLIC, content=content, signature=signature)


def sealed(case: dict[str, Any]) -> dict[str, str]:
    return {
        "key": case["apiv3_key"],
        "nonce": case["nonce"],
        "associated_data": case["associated_data"],
    }


@group("pay_resource_aead")
def test_a_notice_is_sealed_and_opened_as_published(case: dict[str, Any]) -> None:
    plaintext = case["plaintext"].encode()
    assert crypto.seal(plaintext=plaintext, **sealed(case)) == case["ciphertext"]
    assert crypto.unseal(ciphertext=case["ciphertext"], **sealed(case)) == plaintext
    headers, body = case["full_notify"]["headers"], case["full_notify"]["body"]
    content = crypto.message(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], body)
    assert crypto.sign(key=PLATFORM, content=content) == headers["Wechatpay-Signature"]
    again = json.dumps(json.loads(body), ensure_ascii=False, indent=1)
    content = crypto.message(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], again)
    assert not crypto.verifies(key=PLATFORM_PUBLIC, content=content, signature=headers["Wechatpay-Signature"])


@group("pay_resource_aead")
def test_a_tampered_notice_does_not_open(case: dict[str, Any]) -> None:
    raw = base64.b64decode(case["ciphertext"])
    broken_tag = base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
    for ciphertext in (broken_tag, case["ciphertext"][:-2], case["ciphertext"][4:], "", "AAAA", "中文"):
        with pytest.raises(crypto.UnreadableError):
            crypto.unseal(ciphertext=ciphertext, **sealed(case))
    wrong = {"key": "x" * 32, "nonce": "x" * 12, "associated_data": case["associated_data"] + "x"}
    for name, value in wrong.items():
        with pytest.raises(crypto.UnreadableError):
            crypto.unseal(ciphertext=case["ciphertext"], **(sealed(case) | {name: value}))


@group("pay_jsapi_paysign")
def test_a_page_call_is_signed_as_published(case: dict[str, Any]) -> None:
    content = crypto.message(case["appId"], case["timeStamp"], case["nonceStr"], case["package"])
    assert content.decode() == case["message"]
    assert crypto.sign(key=MERCHANT, content=content) == case["paySign"]
    assert crypto.verifies(key=MERCHANT_PUBLIC, content=content, signature=case["paySign"])
    assert not crypto.verifies(key=MERCHANT_PUBLIC, content=content + b"x", signature=case["paySign"])


@group("pay_sensitive_field_oaep")
def test_a_sensitive_field_opens_with_the_platform_key_alone(case: dict[str, Any]) -> None:
    ciphertext = case["ciphertext_for_platform"]
    assert crypto.unseal_field(key=PLATFORM, ciphertext=ciphertext) == case["plaintext"]
    fresh = crypto.seal_field(key=PLATFORM_PUBLIC, plaintext=case["plaintext"])
    assert fresh != ciphertext
    assert crypto.unseal_field(key=PLATFORM, ciphertext=fresh) == case["plaintext"]
    for broken in (ciphertext[:-4], ciphertext[:-2], "AAAA" + ciphertext[4:], ""):
        with pytest.raises(crypto.UnreadableError):
            crypto.unseal_field(key=PLATFORM, ciphertext=broken)
    with pytest.raises(crypto.UnreadableError):
        crypto.unseal_field(key=MERCHANT, ciphertext=ciphertext)


@group("bill_hash")
def test_a_bill_hash_is_over_the_unpacked_bytes(case: dict[str, Any]) -> None:
    content = case["content"].encode()
    assert len(content) == case["utf8_bytes"]
    assert hashlib.sha1(content).hexdigest() == case["hash_value"]
