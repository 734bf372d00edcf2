"""Which top-ups bear a refund of principal; no database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.money import Money

from .models import PartState

REFUND_WITHIN = timedelta(days=365)
"""WeChat Pay gives money back through its payment for a year."""


class NothingToRefund(ShopError):
    status, code, text = (
        409,
        "nothing_to_refund",
        _l("没有可以退还的本金，没有任何改动。请刷新查看最新余额。"),
    )


class RefundByShop(NothingToRefund):
    """There is principal, but none that WeChat can give back."""

    code, text = (
        "refund_by_shop",
        _l("这 ¥%(by_shop)s 由店里退，请联系客服；它不能原路退回微信。没有任何改动。"),
    )


class TooMuch(ShopError):
    status, code, text = 409, "refund_too_large", _l("最多可以退还 ¥%(most)s，没有任何改动。请改小金额。")


class TooMuchForWeChat(TooMuch):
    text = _l("最多可以原路退还 ¥%(most)s，另外 ¥%(by_shop)s 由店里退，请联系客服。没有任何改动。")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A top-up that money can go back through: `left` of what it was paid with."""

    order_id: int
    order_no: str
    paid: Money
    left: Money
    gift: Money
    gift_life: str
    paid_at: datetime


def refundable(sources: Iterable[Source], *, principal: Money) -> Money:
    """How much can go back: what is in the wallet, as far as payments bear it."""
    return min(principal, Money.total(source.left for source in sources))


def spread(amount: Money, sources: Iterable[Source]) -> list[tuple[Source, Money]]:
    """The parts of an amount, through the latest payments first. Raises `TooMuch` if they do not bear it."""
    parts = []
    missing = amount
    for source in sorted(sources, key=lambda one: (one.paid_at, one.order_id), reverse=True):
        part = min(source.left, missing)
        if part:
            parts.append((source, part))
            missing -= part
    if missing:
        raise TooMuch(most=str(amount - missing))
    return parts


def outcome(states: Sequence[PartState]) -> str:
    """What became of a whole refund: sent, done, put_back, or part when only some of it arrived."""
    if PartState.SENT in states:
        return "sent"
    kinds = set(states)
    return kinds.pop().value if len(kinds) == 1 else "part"
