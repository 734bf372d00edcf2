"""The wallet in words: plans, lives of gifts, movements."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Kind, Unit
from shopapp.loyalty.ledger.rules import Life

from .models import TopUpPlan
from .queries import WalletEntry


def yuan_text(amount: Money) -> str:
    """100 or 99.50: no cents where there are none."""
    return str(amount).removesuffix(".00")


def offer(*, pay: Money, gift: Money) -> str:
    """What an order of this top-up is called; always in Chinese, as WeChat shows it."""
    paid = f"储值 ¥{yuan_text(pay)}"
    return f"{paid} 送 ¥{yuan_text(gift)}" if gift else paid


def life_text(text: str) -> str:
    """How long a gift lives."""
    life = Life.parse(text)
    if life.months:
        return _("到账起 %(count)s 个月内有效", count=life.months)
    if life.days:
        return _("到账起 %(count)s 天内有效", count=life.days)
    return _("长期有效")


def plan_view(plan: TopUpPlan) -> dict[str, Any]:
    """A plan as customers see it."""
    return {
        "id": plan.public_id,
        "pay_fen": plan.pay.fen,
        "gift_fen": plan.gift.fen,
        "pay_text": yuan_text(plan.pay),
        "gift_text": yuan_text(plan.gift),
        "gift_life": plan.life,
        "gift_life_text": life_text(plan.life) if plan.gift else "",
        "per_person": plan.per_person,
        "ends_at": plan.ends_at,
    }


def unit_text(unit: Unit) -> str:
    return _("本金") if unit is Unit.PRINCIPAL else _("赠金")


def movement(entry: WalletEntry) -> str:
    """What happened, for the customer; staff's own reasons for adjusting stay with the staff."""
    subject, line = entry.line.subject.partition(":")[0], entry.line
    if (subject, line.kind) in (("topup", Kind.EARN), ("topup", Kind.REVERSE)):
        return _top_up(entry)
    by_subject = {
        ("order", Kind.SPEND): _("购物付款"),
        ("order", Kind.RETURN): _("订单退款，退回余额"),
        ("claim", Kind.EARN): _("购物返现"),
        ("claim", Kind.SPEND): _("已转到微信零钱"),
        ("claim", Kind.REVERSE): _("订单退款，收回返现"),
        ("payout", Kind.ADJUST): _("店家线下退还本金"),
    }
    by_kind = {
        Kind.EARN: line.reason or _("店家发放"),
        Kind.EXPIRE: _("到期失效"),
        Kind.ADJUST: _("店家调整"),
        Kind.MOVE: _("账户合并"),
        Kind.REVERSE: _("收回"),
        Kind.RETURN: _("退回余额"),
    }
    return by_subject.get((subject, line.kind)) or by_kind.get(line.kind, _("使用"))


def _top_up(entry: WalletEntry) -> str:
    if entry.line.kind is Kind.EARN:
        return _("储值") if entry.unit is Unit.PRINCIPAL else _("储值赠送")
    if entry.unit is Unit.PRINCIPAL:
        return _("本金没有退成，放回余额") if entry.line.active > 0 else _("退还本金")
    return _("本金没有退成，恢复赠送") if entry.line.active > 0 else _("本金退还，收回赠送")


def order_no(entry: WalletEntry) -> str | None:
    """The order that a movement belongs to, if it was one of goods or of a top-up."""
    kind, _colon, no = entry.line.subject.partition(":")
    return no if kind in ("order", "topup") else None


def entry_view(entry: WalletEntry) -> dict[str, Any]:
    """A movement as its owner reads it."""
    return {
        "unit": entry.unit.value,
        "unit_text": unit_text(entry.unit),
        "words": movement(entry),
        "amount_fen": entry.line.active,
        "balance_fen": entry.line.balance,
        "order_no": order_no(entry),
        "at": entry.line.at,
    }
