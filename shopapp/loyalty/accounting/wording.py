"""Movements and figures of the books in the words of accounting."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _l
from shopapp.loyalty.adjustments.wording import UNIT_NAMES
from shopapp.loyalty.ledger import Kind

KIND_NAMES: dict[Kind, Any] = {
    Kind.EARN: _l("发放"),
    Kind.ACTIVATE: _l("到账"),
    Kind.SPEND: _l("使用"),
    Kind.RETURN: _l("退回"),
    Kind.REPAY: _l("补欠"),
    Kind.EXPIRE: _l("到期"),
    Kind.EXTEND: _l("延期"),
    Kind.REVERSE: _l("扣回"),
    Kind.ADJUST: _l("手工调整"),
    Kind.MOVE: _l("账户合并"),
}
FIGURES: dict[str, Any] = {
    "opening": _l("期初"),
    "issued": _l("发放"),
    "spent": _l("使用"),
    "expired": _l("到期"),
    "reversed": _l("扣回"),
    "waived": _l("店里承担"),
    "adjusted": _l("手工调整"),
    "closing": _l("期末"),
}

__all__ = ["FIGURES", "KIND_NAMES", "UNIT_NAMES"]
