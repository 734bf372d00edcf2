"""The keys of the gateway: the merchant's public half and the platform's pair."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from sandbox import settings

from . import crypto


class KeyFileMissingError(Exception):
    """The gateway has no key files in its settings."""


@lru_cache(maxsize=8)
def _private(path: Path) -> RSAPrivateKey:
    return crypto.private_key(path.read_bytes())


@lru_cache(maxsize=8)
def _public(path: Path) -> RSAPublicKey:
    return crypto.public_key(path.read_bytes())


def platform() -> RSAPrivateKey:
    """Signs answers and notices, opens sensitive fields. Raises KeyFileMissingError."""
    path = settings.current().platform_private_key_file
    if path is None:
        raise KeyFileMissingError("SANDBOX_PLATFORM_PRIVATE_KEY_FILE")
    return _private(path)


def merchant() -> RSAPublicKey:
    """Verifies what the shop signs. Raises KeyFileMissingError."""
    path = settings.current().merchant_public_key_file
    if path is None:
        raise KeyFileMissingError("SANDBOX_MERCHANT_PUBLIC_KEY_FILE")
    return _public(path)
