"""Signatures and sealing against the published values, in both directions, and everything that must not open."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from shopapp.wechat import crypto
from tests.support.keys import vectors

SEALED = vectors()["callback_crypto"]
FIRST = SEALED[0]


def by_id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def unseal(sealed: str, **changed: str) -> str:
    values = {"encoding_aes_key": FIRST["encoding_aes_key"], "appid": FIRST["appid"], **changed}
    return crypto.unseal(sealed, **values)


@pytest.mark.parametrize("vector", vectors()["callback_plain_signature"], ids=by_id)
def test_plain_signatures_are_the_published_ones(vector: dict[str, Any]) -> None:
    assert crypto.sign(vector["token"], vector["timestamp"], vector["nonce"]) == vector["signature"]


@pytest.mark.parametrize("vector", SEALED, ids=by_id)
def test_sealing_with_the_same_random_bytes_gives_the_published_text(vector: dict[str, Any]) -> None:
    sealed = crypto.seal(
        vector["plaintext"],
        encoding_aes_key=vector["encoding_aes_key"],
        appid=vector["appid"],
        head=vector["random16"].encode(),
    )
    assert sealed == vector["encrypt"]
    assert (
        crypto.sign(vector["token"], vector["timestamp"], vector["nonce"], sealed) == vector["msg_signature"]
    )


@pytest.mark.parametrize("vector", SEALED, ids=by_id)
def test_the_published_sealed_texts_open(vector: dict[str, Any]) -> None:
    opened = crypto.unseal(
        vector["encrypt"], encoding_aes_key=vector["encoding_aes_key"], appid=vector["appid"]
    )
    assert opened == vector["plaintext"]


def raw(index: int, flip: int) -> str:
    data = bytearray(base64.b64decode(FIRST["encrypt"]))
    data[index] ^= flip
    return base64.b64encode(data).decode()


def sealed_raw(plain: bytes) -> str:
    """Encrypt bytes that keep none of the rules but a whole number of blocks."""
    encryptor = crypto._cipher(FIRST["encoding_aes_key"]).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


HEAD = b"0123456789abcdef"
APPID = FIRST["appid"].encode()


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "====",
        "不是 base64",
        FIRST["encrypt"][:-3],
        FIRST["encrypt"][:-4],
        FIRST["encrypt"] + "A",
        FIRST["encrypt"].replace("+", "-"),
        base64.b64encode(b"fifteen bytes!!").decode(),
        raw(-1, 0xFF),
        raw(-17, 0x40),
        raw(16, 0x80),
        sealed_raw(HEAD + (2**31).to_bytes(4, "big") + b"x" * 11 + b"\x01"),
        sealed_raw(HEAD + b"\x00\x00\x00\x02hi" + APPID + b"\x00" * 8),
        sealed_raw(HEAD + b"\x00\x00\x00\x02hi" + APPID + b"\x21" * 8),
        sealed_raw(HEAD + b"\x00\x00\x00\x02hi" + APPID + b"\x07" + b"\x08" * 7),
        sealed_raw(HEAD + b"\x00\x00\x00\x02\xff\xfe" + APPID + b"\x08" * 8),
        sealed_raw(b"\x10" * 16),
    ],
)
def test_what_was_changed_or_cut_does_not_open(sealed: str) -> None:
    with pytest.raises(crypto.CannotOpen):
        unseal(sealed)


@pytest.mark.parametrize("appid", ["wx0123456789abcdee", "", "x" + FIRST["appid"], FIRST["appid"][1:]])
def test_a_text_for_another_account_does_not_open(appid: str) -> None:
    with pytest.raises(crypto.CannotOpen):
        unseal(FIRST["encrypt"], appid=appid)


def test_another_key_does_not_open() -> None:
    with pytest.raises(crypto.CannotOpen):
        unseal(FIRST["encrypt"], encoding_aes_key="B" + FIRST["encoding_aes_key"][1:])


def test_a_key_whose_last_character_carries_stray_bits_is_taken() -> None:
    sealed = crypto.seal("你好", encoding_aes_key=FIRST["encoding_aes_key"][:-1] + "H", appid=FIRST["appid"])
    assert unseal(sealed) == "你好"


def test_every_length_of_text_comes_back() -> None:
    for length in range(70):
        sealed = crypto.seal("字" * length, encoding_aes_key=FIRST["encoding_aes_key"], appid=FIRST["appid"])
        assert unseal(sealed) == "字" * length


def test_an_independent_client_opens_what_we_seal_and_seals_what_we_open() -> None:
    from wechatpy.crypto import WeChatCrypto

    other = WeChatCrypto(FIRST["token"], FIRST["encoding_aes_key"], FIRST["appid"])
    text = "<xml><ToUserName>gh</ToUserName><A>返现 😀</A></xml>"
    sealed = crypto.seal(text, encoding_aes_key=FIRST["encoding_aes_key"], appid=FIRST["appid"])
    signature = crypto.sign(FIRST["token"], "1767225600", "nonce", sealed)
    wrapped = f"<xml><ToUserName>gh</ToUserName><Encrypt>{sealed}</Encrypt></xml>"
    assert other.decrypt_message(wrapped, signature, "1767225600", "nonce") == text
    theirs = other.encrypt_message(text, "nonce", "1767225600")
    assert unseal(theirs.split("<Encrypt><![CDATA[")[1].split("]]>")[0]) == text


def test_comparing_takes_texts_that_are_not_ascii() -> None:
    assert not crypto.same("é中", "e")
    assert crypto.same("中", "中")


@pytest.mark.parametrize("vector", vectors()["jssdk_signature"], ids=by_id)
def test_page_signatures_are_the_published_ones(vector: dict[str, Any]) -> None:
    values = {"ticket": vector["jsapi_ticket"], "nonce": vector["noncestr"], "timestamp": vector["timestamp"]}
    for url in (vector["page_url"], vector["signed_url"]):
        assert crypto.sign_page(url=url, **values) == vector["signature"]
    assert crypto.sign_page(url=vector["signed_url"] + "/", **values) != vector["signature"]
