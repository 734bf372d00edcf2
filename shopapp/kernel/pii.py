"""Personal data: encrypted at rest, looked up by a keyed hash, masked for those who need not see it.

AES-256-GCM with a random 12-byte nonce, kept as `key-id.base64(nonce + ciphertext + tag)`. The first key encrypts, every
key opens. A lookup hash is HMAC-SHA256 under a key derived from the encryption key, so a search tries one per key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Text, TypeDecorator
from sqlalchemy.engine import Dialect

from .settings import settings

NONCE_BYTES = 12


class Unreadable(Exception):
    """The text was encrypted with a key that is not among the settings, or was changed."""


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"pii-key-id" + key).hexdigest()[:8]


@lru_cache(maxsize=16)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def encrypt(text: str) -> str:
    return encrypt_all([text])[0]


def encrypt_all(texts: Sequence[str]) -> list[str]:
    """`encrypt` for many: the key is looked up once, and chance asked once for all nonces."""
    key = settings().pii_keys[0]
    start, seal = _key_id(key) + ".", _cipher(key).encrypt
    chance = os.urandom(NONCE_BYTES * len(texts))
    found = []
    for place, text in enumerate(texts):
        nonce = chance[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
        sealed = nonce + seal(nonce, text.encode(), None)
        found.append(start + binascii.b2a_base64(sealed, newline=False).decode())
    return found


def decrypt(sealed: str) -> str:
    """Raises `Unreadable`."""
    key_id, _, body = sealed.partition(".")
    key = next((key for key in settings().pii_keys if _key_id(key) == key_id), None)
    if key is None:
        raise Unreadable(key_id)
    raw = base64.b64decode(body)
    try:
        return _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None).decode()
    except InvalidTag as problem:
        raise Unreadable(key_id) from problem


def needs_rotation(sealed: str) -> bool:
    """Whether this text was encrypted with another key than the first."""
    return not sealed.startswith(_key_id(settings().pii_keys[0]) + ".")


def lookup_hash(value: str) -> str:
    """The hash to keep beside an encrypted value, under the first key; hex."""
    return _lookup_hash(settings().pii_keys[0], value)


def lookup_hashes(value: str) -> list[str]:
    """The hashes to search for: one for each key, so that rows not yet rotated are found."""
    return [_lookup_hash(key, value) for key in settings().pii_keys]


def hasher() -> Callable[[str], str]:
    """`lookup_hash` for many: the key is derived once."""
    return _hasher(settings().pii_keys[0])


def old_hashers() -> list[Callable[[str], str]]:
    """Those of the other keys, under which rows not yet rotated are found."""
    return [_hasher(key) for key in settings().pii_keys[1:]]


def _hasher(key: bytes) -> Callable[[str], str]:
    derived = _derived(key)
    return lambda value: hmac.digest(derived, value.encode(), "sha256").hex()


def _lookup_hash(key: bytes, value: str) -> str:
    return hmac.digest(_derived(key), value.encode(), "sha256").hex()


def _derived(key: bytes) -> bytes:
    return hmac.digest(key, b"lookup", "sha256")


class Encrypted(TypeDecorator[str]):
    """A text column whose value is encrypted in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else encrypt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else decrypt(value)


def mask_phone(phone: str) -> str:
    """138****5678; short ones are hidden whole."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "*" * len(phone)


def mask_name(name: str) -> str:
    """The first character stays: 王**."""
    return name[:1] + "*" * min(len(name) - 1, 3) if name else ""


def mask_detail(detail: str) -> str:
    """The first characters of a street address stay: six at most, and never more than half."""
    return detail[: min(6, len(detail) // 2)] + "****" if detail else ""
