"""What the merchant designs: words, colours and sizes of a flyer, what is wrong with them, and the numbers of copies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shopapp.kernel.i18n import _, _l
from shopapp.kernel.money import ZERO, Money

from .fonts import unprintable
from .models import FlyerBatch, FlyerSize, FlyerTemplate, QrTarget

COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
PREFIX = re.compile(r"[A-Z0-9]{2,8}", re.ASCII)
TEXT_LENGTHS = {"name": 60, "headline": 40, "body": 200, "hint": 120, "footnote": 120}
QUANTITY_MAX = 100_000
COST_MAX = Money(1_000_000_000)
COPIES_PER_PART = 250
BLEED = 3.0


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Of the trimmed card, in millimetres; `radius` of its corners."""

    width: float
    height: float
    radius: float = 0.0
    small: bool = False


SIZES: dict[FlyerSize, Measures] = {
    FlyerSize.A6: Measures(width=105, height=148),
    FlyerSize.PHOTO: Measures(width=100, height=150),
    FlyerSize.SQUARE: Measures(width=50, height=50, radius=4, small=True),
    FlyerSize.LABEL: Measures(width=40, height=60, radius=4, small=True),
}
SIZE_NAMES: dict[str, Any] = {
    FlyerSize.A6.value: _l("卡片 A6，105 × 148 毫米"),
    FlyerSize.PHOTO.value: _l("卡片 10 × 15 厘米"),
    FlyerSize.SQUARE.value: _l("方贴纸 50 × 50 毫米，圆角"),
    FlyerSize.LABEL.value: _l("竖贴纸 40 × 60 毫米，圆角"),
}
TEMPLATE_NAMES: dict[str, Any] = {
    FlyerTemplate.SUNRISE.value: _l("朝霞：上面一大块颜色"),
    FlyerTemplate.TICKET.value: _l("票券：像一张撕下来的券"),
    FlyerTemplate.LETTER.value: _l("信笺：留白多，字清楚"),
}
TARGET_NAMES: dict[str, Any] = {
    QrTarget.PLATFORM.value: _l("公众号：扫了先到公众号，可以关注"),
    QrTarget.LINK.value: _l("短链接：扫了直接打开页面，能数到每一张"),
}
ORDER_HINTS: dict[str, str] = {
    "taobao": "订单号在：淘宝 App，我的淘宝，我的订单，订单详情",
    "tmall": "订单号在：天猫或淘宝 App，我的订单，订单详情",
    "jd": "订单号在：京东 App，我的，全部订单，订单编号",
    "pdd": "订单号在：拼多多 App，个人中心，我的订单，订单编号",
    "douyin": "订单号在：抖音 App，我，我的订单，订单详情",
    "amazon": "订单号在：亚马逊 App，我的账户，我的订单",
    "youzan": "订单号在：我的订单，订单详情",
    "": "订单号在购物平台的“我的订单”里，点开订单详情可以复制",
}


USUAL_TEXTS = {
    "headline": "谢谢您的这一单",
    "body": "扫码登记订单号，核实后返现到您的余额。\n物流进度、售后和会员权益也在这里。",
    "footnote": "返现以订单核实、退货期过后为准，与是否关注、是否评价无关。",
}
"""What is printed is for the shop's customers, whatever language the console speaks: it tells of the purchase, not of
following or praising."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """A batch as its file is made from it. `logo` is a PNG of our own making."""

    name: str
    template: FlyerTemplate
    size: FlyerSize
    headline: str
    body: str = ""
    hint: str = ""
    footnote: str = ""
    color: str
    target: QrTarget = QrTarget.PLATFORM
    quantity: int
    serials: bool = False
    prefix: str
    cost: Money = ZERO
    logo: bytes | None = None

    @property
    def texts(self) -> dict[str, str]:
        """What is printed, by field."""
        return {name: getattr(self, name) for name in ("headline", "body", "hint", "footnote")}

    @property
    def pages(self) -> int:
        """Copies that differ: one for all where they are alike."""
        return self.quantity if self.serials else 1


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One printed card: what its code holds, and its number if it has one."""

    qr_text: str
    serial: str = ""


def design_of(batch: FlyerBatch) -> Design:
    return Design(**{name: getattr(batch, name) for name in Design.__dataclass_fields__})


def problems(design: Design) -> dict[str, list[str]]:
    """Messages by field; empty when everything is right."""
    wrong: dict[str, list[str]] = {}
    for name, longest in TEXT_LENGTHS.items():
        if len(getattr(design, name)) > longest:
            wrong[name] = [_("最多 %(max)s 个字。", max=longest)]
    for name, text in design.texts.items():
        if missing := unprintable(text):
            wrong[name] = [_("这些字印不出来，请换掉：%(letters)s", letters=missing)]
    for name in ("name", "headline"):
        if not getattr(design, name).strip():
            wrong[name] = [_("请填写这一项。")]
    if not COLOR.fullmatch(design.color):
        wrong["color"] = [_("请选择颜色，例如 #E2472F。")]
    if not 1 <= design.quantity <= QUANTITY_MAX:
        wrong["quantity"] = [_("请填写 1 到 %(most)s 的整数。", most=QUANTITY_MAX)]
    if not PREFIX.fullmatch(design.prefix):
        wrong["prefix"] = [_("编号开头用 2 到 8 位大写字母和数字。")]
    if not ZERO <= design.cost <= COST_MAX:
        wrong["cost"] = [_("费用应在 0 到 %(most)s 元之间。", most=COST_MAX)]
    return wrong


def serial_of(*, prefix: str, number: int) -> str:
    """K7Q2-000123"""
    return f"{prefix}-{number:06d}"


def parts_of(design: Design) -> int:
    """In how many pieces the file is made."""
    return -(-design.pages // COPIES_PER_PART)


def copies_in(design: Design, *, qr_text: str, part: int) -> Iterator[Copy]:
    """The copies of one piece, which are counted from 1."""
    if not design.serials:
        yield Copy(qr_text=qr_text)
        return
    first = (part - 1) * COPIES_PER_PART + 1
    for number in range(first, min(first + COPIES_PER_PART, design.quantity + 1)):
        serial = serial_of(prefix=design.prefix, number=number)
        text = f"{qr_text}?s={serial}" if design.target is QrTarget.LINK else qr_text
        yield Copy(qr_text=text, serial=serial)
