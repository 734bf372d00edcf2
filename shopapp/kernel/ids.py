"""Ids that are shown outside: random, so that they tell nothing and cannot be guessed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from .clock import SHOP_ZONE

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_LENGTH = 12


def new_id() -> str:
    """60 random bits in twelve letters and digits that cannot be mistaken for one another."""
    bits = secrets.randbits(5 * ID_LENGTH)
    return "".join(ALPHABET[bits >> (5 * place) & 31] for place in range(ID_LENGTH))


def new_ids(count: int) -> list[str]:
    """As many ids, of which 1024 at a time share their first ten letters: an index takes those in side by side."""
    found: list[str] = []
    while len(found) < count:
        start = new_id()[: ID_LENGTH - 2]
        found += [f"{start}{first}{second}" for first in ALPHABET for second in ALPHABET]
    return found[:count]


def new_number(*, now: datetime) -> str:
    """Eighteen digits: the day in shop time, then ten random ones; for numbers people read out or WeChat Pay keeps."""
    return f"{now.astimezone(SHOP_ZONE):%Y%m%d}{secrets.randbelow(10**10):010d}"


def new_token() -> str:
    """A secret with 256 random bits; keep only its `token_hash`."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256 in hex: enough for secrets that are random themselves."""
    return hashlib.sha256(token.encode()).hexdigest()
