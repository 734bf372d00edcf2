"""Signatures and message encryption of the server callback, and the JS-SDK signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from urllib.parse import urldefrag

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAD_BLOCK = 32
AES_BLOCK = 16


class CryptoError(Exception):
    """A ciphertext or signature is not acceptable; the text says why, in words for the control page."""


def sign(*parts: str) -> str:
    """Lower-case hex SHA-1 of the parts sorted as byte strings and put together."""
    return hashlib.sha1(b"".join(sorted(part.encode() for part in parts))).hexdigest()  # noqa: S324


def same(left: str, right: str) -> bool:
    """Compare two signatures in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def _key(encoding_aes_key: str) -> bytes:
    return base64.b64decode(encoding_aes_key + "=")


def encrypt(*, text: str, encoding_aes_key: str, appid: str, random16: bytes | None = None) -> str:
    """Base64 of AES-256-CBC over 16 random bytes, 4-byte big-endian length, message, appid; pad block 32."""
    key = _key(encoding_aes_key)
    message = text.encode()
    plain = (random16 or secrets.token_bytes(16)) + len(message).to_bytes(4, "big") + message + appid.encode()
    pad = PAD_BLOCK - len(plain) % PAD_BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()


def decrypt(*, encrypted: str, encoding_aes_key: str, appid: str) -> str:
    """The message inside `encrypted`; raises CryptoError on bad base64, padding, length or another appid."""
    key = _key(encoding_aes_key)
    try:
        data = base64.b64decode(encrypted, validate=True)
    except ValueError as error:
        raise CryptoError("密文不是 base64") from error
    if not data or len(data) % AES_BLOCK:
        raise CryptoError("密文长度不是 16 的倍数")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    padded = decryptor.update(data) + decryptor.finalize()
    pad = padded[-1]
    if not 1 <= pad <= PAD_BLOCK or padded[-pad:] != bytes([pad]) * pad:
        raise CryptoError("补位不对，密钥可能不一致")
    plain = padded[:-pad]
    length = int.from_bytes(plain[16:20], "big")
    if len(plain) < 20 or length > len(plain) - 20:
        raise CryptoError("密文中的长度不对")
    if plain[20 + length :] != appid.encode():
        raise CryptoError("密文中的 appid 不是本公众号")
    try:
        return plain[20 : 20 + length].decode()
    except UnicodeDecodeError as error:
        raise CryptoError("密文中的消息不是 UTF-8") from error


def jssdk_signature(*, ticket: str, nonce: str, timestamp: str, url: str) -> str:
    """SHA-1 over ticket, nonce, timestamp and the page address without its fragment, in that order."""
    page = urldefrag(url).url
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={page}"
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324
