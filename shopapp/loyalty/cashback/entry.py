"""What a person types or pastes to claim, and where it comes from."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

from flask import request

from shopapp.kernel import limits
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.phones import MOBILE
from shopapp.kernel.pii import lookup_hash
from shopapp.members.identity.queries import require_customer
from shopapp.members.marketplace.numbers import understood

from . import claiming
from .claiming import Whence
from .models import CashbackClaim
from .rules import network_of

PER_PERSON, PER_ADDRESS = 20, 300
WINDOW = timedelta(hours=1)
OWN_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{3,39}")
DEVICE_COOKIE = "claim_device"
DEVICE_LENGTH_MAX = 64


class NoNumber(ShopError):
    status, code, text = (
        422,
        "no_number",
        _l("没有认出订单号。请在订单详情里点“复制”，再粘贴到这里，没有登记。"),
    )


def count_guess() -> None:
    """Numbers can be guessed: tries are counted per person and per address, before the transaction of the try.

    Raises `SignInNeeded`, `TooManyRequests`.
    """
    who = require_customer().public_id
    limits.spend(what="claim", who=who, limit=PER_PERSON, window=WINDOW)
    limits.spend(what="claim-from", who=request.remote_addr or "", limit=PER_ADDRESS, window=WINDOW)


def submit(*, platform: str, text: str, tail: str | None, now: datetime) -> CashbackClaim:
    """Claim the first order number in what the signed-in customer wrote; the platform they chose counts.

    Raises `NoNumber` and what `claiming.submit` raises.
    """
    number = number_in(text)
    if number is None:
        raise NoNumber
    return claiming.submit(
        customer_id=require_customer().customer_id,
        platform=platform,
        order_no=number,
        tail=tail,
        whence=_whence(),
        now=now,
    )


def number_in(text: str) -> str | None:
    """The first order number in a text, else the whole text where it looks like one of a shape of its own."""
    numbers = understood(text)
    if numbers:
        return numbers[0][1]
    plain = unicodedata.normalize("NFKC", text).strip()
    return plain if OWN_SHAPE.fullmatch(plain) and not MOBILE.fullmatch(plain) else None


def _whence() -> Whence:
    device = request.cookies.get(DEVICE_COOKIE, "")[:DEVICE_LENGTH_MAX]
    network = network_of(request.remote_addr)
    return Whence(
        device_hash=lookup_hash(f"device:{device}") if device else None,
        network_hash=lookup_hash(f"network:{network}") if network else None,
    )
