"""Marketplaces, and what is imported of them, in the shop's words."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _, _l
from shopapp.kernel.money import Money

from .rules import CNY

PLATFORM_NAMES: dict[str, Any] = {
    "taobao": _l("淘宝"),
    "tmall": _l("天猫"),
    "jd": _l("京东"),
    "pdd": _l("拼多多"),
    "douyin": _l("抖音"),
    "amazon": _l("亚马逊"),
    "youzan": _l("有赞"),
    "wechatpay": _l("微信支付"),
    "generic": _l("通用表格"),
}


def family_name(family: str) -> str:
    """The name of a family of platforms that mean the same by a status text."""
    return _("淘宝、天猫") if family == "taobao" else str(PLATFORM_NAMES.get(family, family))


def amount_of(currency: str, amount: int) -> str:
    """¥12.80; of another currency in its smallest unit, since not all have a hundred of them to one."""
    return f"¥{Money(amount)}" if currency == CNY else f"{amount:,} {currency}"


def places(*, held_rows: int) -> list[tuple[str, Any, int]]:
    """(endpoint, title, how many wait there) of the screens of imports."""
    return [
        ("imports_admin.imports", _l("导入文件"), 0),
        ("market_orders_admin.orders", _l("平台订单"), 0),
        ("market_orders_admin.held", _l("不认识的状态"), held_rows),
    ]
