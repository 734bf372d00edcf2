"""Callback signatures, message encryption and the JS-SDK signature against published values."""

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sandbox.oa import crypto
from tests.sandbox.oa_shop import VECTORS

CASES = VECTORS["callback_crypto"]


@pytest.mark.parametrize("case", VECTORS["callback_plain_signature"], ids=lambda c: c["id"])
def test_the_plain_signature_of_a_callback(case):
    assert crypto.sign(case["token"], case["timestamp"], case["nonce"]) == case["signature"]
    assert crypto.sign(case["token"], case["timestamp"], case["nonce"] + "0") != case["signature"]
    assert not crypto.same(case["signature"], case["signature"][:-1] + "x")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_a_message_is_sealed_signed_and_opened(case):
    key = {"encoding_aes_key": case["encoding_aes_key"], "appid": case["appid"]}
    sealed = crypto.encrypt(text=case["plaintext"], random16=case["random16"].encode(), **key)
    assert sealed == case["encrypt"]
    assert crypto.sign(case["token"], case["timestamp"], case["nonce"], sealed) == case["msg_signature"]
    assert crypto.decrypt(encrypted=case["encrypt"], **key) == case["plaintext"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_a_spoilt_message_is_not_opened(case):
    key, sealed = case["encoding_aes_key"], case["encrypt"]
    refused = {
        "another account": (sealed, key, "wxffffffffffffffff"),
        "another key": (sealed, "B" + key[1:], case["appid"]),
        "cut": (sealed[:-5], key, case["appid"]),
        "not base64": ("！" + sealed, key, case["appid"]),
        "a block missing": (base64.b64encode(base64.b64decode(sealed)[:-16]).decode(), key, case["appid"]),
        "nothing": ("", key, case["appid"]),
    }
    for text, with_key, appid in refused.values():
        with pytest.raises(crypto.CryptoError):
            crypto.decrypt(encrypted=text, encoding_aes_key=with_key, appid=appid)


def test_a_false_length_or_pad_is_refused():
    key = base64.b64decode(CASES[0]["encoding_aes_key"] + "=")

    def sealed(plain: bytes) -> str:
        encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()

    long = b"r" * 16 + (9999).to_bytes(4, "big") + b"message" + b"x" * 4 + bytes([1])
    for plain in (long, b"r" * 31 + bytes([33]), b"r" * 31 + bytes([0]), b"r" * 30 + bytes([3, 2])):
        with pytest.raises(crypto.CryptoError):
            crypto.decrypt(
                encrypted=sealed(plain),
                encoding_aes_key=CASES[0]["encoding_aes_key"],
                appid=CASES[0]["appid"],
            )


@pytest.mark.parametrize("case", VECTORS["jssdk_signature"], ids=lambda c: c["id"])
def test_the_page_signature_leaves_out_the_fragment(case):
    def signed(url: str) -> str:
        return crypto.jssdk_signature(
            ticket=case["jsapi_ticket"], nonce=case["noncestr"], timestamp=case["timestamp"], url=url
        )

    assert signed(case["page_url"]) == case["signature"]
    assert signed(case["signed_url"]) == case["signature"]
    assert signed(case["signed_url"] + "&more=1") != case["signature"]
