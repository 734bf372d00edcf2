"""Adjustments in words."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _l
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Unit

from .models import AdjustmentState
from .rules import MONEY

UNIT_NAMES: dict[str, Any] = {
    Unit.POINTS.value: _l("积分"),
    Unit.PRINCIPAL.value: _l("储值本金"),
    Unit.GIFT.value: _l("储值赠金"),
    Unit.GROWTH.value: _l("成长值"),
    Unit.BUDGET.value: _l("活动预算"),
}
STATE_NAMES: dict[str, Any] = {
    AdjustmentState.PROPOSED.value: _l("等人批准"),
    AdjustmentState.POSTED.value: _l("已入账"),
    AdjustmentState.REFUSED.value: _l("已驳回"),
}
TONES = {AdjustmentState.PROPOSED.value: "warn", AdjustmentState.POSTED.value: "good"}


def amount_text(amount: int, unit: Unit, *, signed: bool = False) -> str:
    """¥12.80 for fen, 1,280 for the rest; with its sign if asked for or negative."""
    sign = "−" if amount < 0 else "+" if signed and amount else ""
    told = f"¥{Money(abs(amount))}" if unit in MONEY or unit is Unit.BUDGET else f"{abs(amount):,}"
    return f"{sign}{told}"
