"""Principal keeps a person from being forgotten; which plans they had is not forgotten with them."""

from __future__ import annotations

from shopapp.kernel import clock
from shopapp.kernel.i18n import _

from . import queries


def obstacles(customer_id: int) -> list[str]:
    """Principal is not forgotten: it is spent or goes back first, by WeChat or, where that can't, by the shop."""
    found = queries.refundable(customer_id=customer_id, now=clock.now())
    principal, by_shop = found.balance.principal, found.by_shop
    if not principal:
        return []
    if not by_shop:
        return [_("余额里还有本金 ¥%(yuan)s，请先用完或在“我的余额”里退", yuan=principal)]
    if by_shop == principal:
        return [_("余额里还有本金 ¥%(yuan)s，由店里退，请联系客服", yuan=principal)]
    return [
        _("余额里还有本金 ¥%(yuan)s，其中 ¥%(by_shop)s 由店里退，请联系客服", yuan=principal, by_shop=by_shop)
    ]


def given_once(customer_id: int) -> set[str]:
    return queries.given_once(customer_id=customer_id, now=clock.now())
