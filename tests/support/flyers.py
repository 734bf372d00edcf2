"""Builders of flyers."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.members.flyers import services
from shopapp.members.flyers.design import Design
from shopapp.members.flyers.models import FlyerSize, FlyerTemplate, QrTarget


def flyer_design(**changed: Any) -> Design:
    """Seven numbered A6 cards whose codes are short links, in words that nobody is warned of."""
    usual: dict[str, Any] = {
        "name": "双十一",
        "template": FlyerTemplate.SUNRISE,
        "size": FlyerSize.A6,
        "headline": "谢谢您的这一单",
        "body": "扫码登记订单号，核实后返现到您的余额。\n物流进度、售后和会员权益也在这里。",
        "hint": "订单号在：淘宝 App，我的淘宝，我的订单，订单详情",
        "footnote": "返现以订单核实、退货期过后为准，与是否关注、是否评价无关。",
        "color": "#E2472F",
        "quantity": 7,
        "serials": True,
        "prefix": "K7Q2",
        "target": QrTarget.LINK,
    }
    return Design(**usual | changed)


def make_flyer(channel: str, *, ordered: bool = False, **changed: Any) -> str:
    """A batch of a channel, both by public id; with `ordered` its file may be made and its copies count as printed."""
    with transaction():
        batch = services.create_batch(channel=channel, design=flyer_design(**changed), now=clock.now())
        if ordered:
            services.order_file(public_id=batch.public_id, now=clock.now())
        return batch.public_id
