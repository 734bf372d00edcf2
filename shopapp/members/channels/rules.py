"""What a channel's fields may hold, where its link leads, and how long a text message is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from shopapp.kernel.i18n import _, _l
from shopapp.kernel.money import ZERO, Money

from .models import ChannelKind, Landing

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
PRODUCT_ID = re.compile(r"[0-9a-z]{1,32}")
SERIAL = re.compile(r"[A-Z0-9]{2,8}-[0-9]{6}", re.ASCII)
NUMBER_LENGTH = 6
"""Of a printed copy's number, after its prefix and hyphen."""

NAME_LENGTH_MAX = 60
WELCOME_LENGTH_MAX = 600
WORD_LENGTHS = {"platform": 16, "shop": 60, "sku": 120, "staff": 40}
COST_MAX = Money(1_000_000_000)
SMS_ALONE_MAX, SMS_PART_MAX = 70, 67

PLATFORMS: dict[str, Any] = {
    "taobao": _l("淘宝"),
    "tmall": _l("天猫"),
    "jd": _l("京东"),
    "pdd": _l("拼多多"),
    "douyin": _l("抖音"),
    "amazon": _l("亚马逊"),
    "youzan": _l("有赞"),
    "generic": _l("其他平台"),
}


@dataclass(frozen=True, kw_only=True)
class ChannelContent:
    """What the merchant writes of a channel; `platform` is one of `PLATFORMS` or empty."""

    name: str
    kind: ChannelKind = ChannelKind.OTHER
    platform: str = ""
    shop: str = ""
    sku: str = ""
    staff: str = ""
    cost: Money = ZERO
    landing: Landing = Landing.HOME
    product_id: str | None = None
    welcome: str = ""


def problems(content: ChannelContent) -> dict[str, list[str]]:
    """Messages by field; empty when everything is right."""
    wrong: dict[str, list[str]] = {}
    if not 0 < len(content.name) <= NAME_LENGTH_MAX:
        wrong["name"] = [_("请填写渠道名称，最多 60 个字。")]
    if len(content.welcome) > WELCOME_LENGTH_MAX:
        wrong["welcome"] = [_("欢迎语最多 600 个字。")]
    if content.platform and content.platform not in PLATFORMS:
        wrong["platform"] = [_("请选择一项。")]
    for name, longest in WORD_LENGTHS.items():
        if len(getattr(content, name)) > longest:
            wrong[name] = [_("最多 %(max)s 个字。", max=longest)]
    if not ZERO <= content.cost <= COST_MAX:
        wrong["cost"] = [_("费用应在 0 到 %(most)s 元之间。", most=COST_MAX)]
    is_product = content.landing is Landing.PRODUCT
    if is_product != (content.product_id is not None) or (
        content.product_id is not None and not PRODUCT_ID.fullmatch(content.product_id)
    ):
        wrong["product_id"] = [_("请填写商品在商城的网址，或它的编号。")]
    return wrong


def landing_path(*, landing: Landing, product_id: str | None) -> str:
    """Always a path of our own shop, made of parts that were checked."""
    match landing:
        case Landing.CLAIM:
            return "/claim"
        case Landing.PRODUCT if product_id and PRODUCT_ID.fullmatch(product_id):
            return f"/p/{product_id}"
        case _:
            return "/"


def clean_serial(text: str) -> str:
    """The printed number in an address, empty if there is none that could be ours."""
    text = text.strip().upper()
    return text if SERIAL.fullmatch(text) else ""


@dataclass(frozen=True, kw_only=True)
class SmsSize:
    """`parts` is how many messages are paid for."""

    characters: int
    parts: int


def sms_size(text: str) -> SmsSize:
    """70 characters in one message, 67 in each part of a longer one; an emoji takes two."""
    characters = len(text.encode("utf-16-le")) // 2
    if characters <= SMS_ALONE_MAX:
        return SmsSize(characters=characters, parts=1 if characters else 0)
    return SmsSize(characters=characters, parts=-(-characters // SMS_PART_MAX))
