"""Refunds of principal in words and as answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopapp.kernel.i18n import _
from shopapp.loyalty.wallet.rules import gift_due

from . import rules
from .models import PartState, PrincipalRefund
from .rules import Source

TONES = {"sent": "note", "done": "good", "put_back": "bad", "part": "bad"}


def state_of(refund: PrincipalRefund) -> str:
    return rules.outcome([part.state for part in refund.parts])


def state_text(state: str) -> str:
    return {
        "sent": _("退款处理中"),
        "done": _("已退回微信"),
        "put_back": _("没有退成，已放回余额"),
        "part": _("部分已退回，其余放回余额"),
    }[state]


def refund_answer(refund: PrincipalRefund, *, numbers: Mapping[int, str]) -> dict[str, Any]:
    """`numbers` are those of the orders, by row id."""
    return {
        "id": refund.public_id,
        "fen": refund.amount.fen,
        "state": state_of(refund),
        "reason": refund.reason,
        "created_at": refund.created_at,
        "parts": [
            {
                "order_no": numbers[part.order_id],
                "fen": part.amount.fen,
                "gift_fen": part.gift.fen,
                "state": part.state.value,
            }
            for part in refund.parts
        ],
    }


def refund_view(refund: PrincipalRefund) -> dict[str, Any]:
    """A refund as its customer sees it."""
    state = state_of(refund)
    return {
        "fen": refund.amount.fen,
        "gift_fen": sum(part.gift.fen for part in refund.parts if part.state is not PartState.PUT_BACK),
        "state_text": state_text(state),
        "tone": TONES[state],
        "reason": refund.reason,
        "at": refund.created_at,
    }


def source_view(source: Source) -> dict[str, Any]:
    """A top-up that money can go back through, and what of its gift would go with all of it."""
    given_back = source.paid - source.left
    going = source.gift - gift_due(gift=source.gift, refunded=given_back, paid=source.paid)
    return {
        "no": source.order_no,
        "paid_fen": source.paid.fen,
        "left_fen": source.left.fen,
        "gift_fen": going.fen,
        "at": source.paid_at,
    }
