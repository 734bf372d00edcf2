"""Signatures and sealing of official-account pushes, and the signature of pages that use the JS-SDK.

A signature is the lower-case hex SHA-1 of its parts, sorted as bytes and joined. Sealed text is AES-256-CBC with the
first 16 bytes of the key as IV over: 16 random bytes, the length of the text (4 bytes, big-endian), the text, the appid;
padded to blocks of 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK_BYTES = 32
AES_BLOCK_BYTES = 16
HEAD_BYTES = 16
LENGTH_BYTES = 4


class CannotOpen(Exception):
    """The sealed text was made with another key or for another account, or was changed."""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def sign(*parts: str) -> str:
    """The signature over token, timestamp, nonce and, for sealed text, the sealed text."""
    return hashlib.sha1(b"".join(sorted(map(_bytes, parts))), usedforsecurity=False).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def sign_page(*, ticket: str, nonce: str, timestamp: str, url: str) -> str:
    """The JS-SDK signature of a page; the part of the address after `#` does not count."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url.partition('#')[0]}"
    return hashlib.sha1(_bytes(text), usedforsecurity=False).hexdigest()


@lru_cache(maxsize=4)
def _cipher(encoding_aes_key: str) -> Cipher[modes.CBC]:
    # The 43rd character may carry stray low bits, which this decoder drops.
    key = binascii.a2b_base64(encoding_aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:AES_BLOCK_BYTES]))


def seal(text: str, *, encoding_aes_key: str, appid: str, head: bytes | None = None) -> str:
    """Encrypt a text for the platform; `head` are the 16 random bytes, drawn afresh unless given."""
    message = text.encode()
    plain = (
        (head or secrets.token_bytes(HEAD_BYTES))
        + len(message).to_bytes(LENGTH_BYTES, "big")
        + message
        + appid.encode()
    )
    pad = BLOCK_BYTES - len(plain) % BLOCK_BYTES
    encryptor = _cipher(encoding_aes_key).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()


def unseal(sealed: str, *, encoding_aes_key: str, appid: str) -> str:
    """Decrypt what the platform sealed for this appid. Raises `CannotOpen`."""
    try:
        data = base64.b64decode(sealed.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as problem:
        raise CannotOpen("not base64") from problem
    if not data or len(data) % AES_BLOCK_BYTES:
        raise CannotOpen("not a whole number of blocks")
    decryptor = _cipher(encoding_aes_key).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    pad = plain[-1]
    if not 1 <= pad <= BLOCK_BYTES or plain[-pad:] != bytes([pad]) * pad:
        raise CannotOpen("wrong padding")
    body = plain[HEAD_BYTES:-pad]
    length = int.from_bytes(body[:LENGTH_BYTES], "big")
    end = LENGTH_BYTES + length
    if len(body) < end or not hmac.compare_digest(body[end:], appid.encode()):
        raise CannotOpen("wrong length or appid")
    try:
        return body[LENGTH_BYTES:end].decode()
    except UnicodeDecodeError as problem:
        raise CannotOpen("not UTF-8") from problem
