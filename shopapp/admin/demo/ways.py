"""The ways by which people come to the demo shop: channels with their links, and what is printed for parcels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shopapp.kernel.money import Money
from shopapp.members.channels import services as channels
from shopapp.members.flyers import services as flyers

from . import rows
from .catalogue import SHOP_COLOUR
from .ids import Ids
from .people import Customer, Source
from .rows import Row


class Way(StrEnum):
    """The codes of the channels."""

    TMALL = "tmall-card"
    JD = "jd-card"
    COUNTER = "counter"
    STAFF = "staff-zhou"
    LIVE = "live"
    ARTICLE = "article"
    SMS = "sms"


FOLLOWED_BY = frozenset(Way) - {Way.SMS}
"""Ways that begin with following the account."""
SHOPS = {
    "tmall": "小满母婴旗舰店",
    "taobao": "小满的零食铺",
    "jd": "小满母婴京东店",
    "pdd": "小满母婴百货",
    "douyin": "小满母婴抖音店",
}
CHANNELS: dict[Way, dict[str, Any]] = {
    Way.TMALL: {
        "name": "天猫包裹卡",
        "kind": "print_run",
        "platform": "tmall",
        "shop": SHOPS["tmall"],
        "landing": "claim",
        "welcome": "谢谢您在天猫买小满的东西。回复“返现”就能登记订单。",
    },
    Way.JD: {
        "name": "京东包裹卡",
        "kind": "print_run",
        "platform": "jd",
        "shop": SHOPS["jd"],
        "landing": "claim",
        "welcome": "谢谢您在京东买小满的东西。回复“返现”就能登记订单。",
    },
    Way.COUNTER: {"name": "门店收银台", "kind": "offline", "cost": Money(6_000)},
    Way.STAFF: {"name": "导购小周", "kind": "staff", "staff": "周小满"},
    Way.LIVE: {"name": "直播间", "cost": Money(120_000)},
    Way.ARTICLE: {"name": "公众号文章", "kind": "article"},
    Way.SMS: {"name": "发货短信", "cost": Money(18_000), "landing": "claim"},
}
OF_SOURCE = {
    Source.COUNTER: Way.COUNTER,
    Source.LIVE: Way.LIVE,
    Source.ARTICLE: Way.ARTICLE,
    Source.DEALS: Way.SMS,
}
ALIKE = {"color": SHOP_COLOUR, "target": "link", "status": "draft"}
DRAFT = "JD02"
FLYERS: tuple[Row, ...] = (
    {
        "way": Way.TMALL,
        "name": "天猫包裹卡 A6",
        "template": "sunrise",
        "size": "a6",
        "headline": "订单返 3%，到您的余额",
        "body": "扫码填天猫订单号，过了退货期，实付的 3% 返到小满的店内余额，下次买东西直接用。",
        "hint": "订单号在：天猫或淘宝 App，我的订单，订单详情",
        "footnote": "小满母婴零食铺",
        "serials": False,
        "quantity": 12_000,
        "prefix": "TM01",
        "cost": Money(264_000),
    },
    {
        "way": Way.JD,
        "name": "京东包裹卡 A6",
        "template": "letter",
        "size": "a6",
        "headline": "京东订单也返 3%",
        "body": "扫码填订单号，过了退货期，实付的 3% 返到小满的店内余额。",
        "hint": "订单号在：京东 App，我的，全部订单，订单编号",
        "footnote": "小满母婴零食铺",
        "serials": False,
        "quantity": 6_000,
        "prefix": "JD01",
        "cost": Money(144_000),
    },
    {
        "way": Way.JD,
        "name": "京东包裹卡，双十二",
        "template": "ticket",
        "size": "photo",
        "headline": "双十二也返 3%",
        "body": "扫码填京东订单号，过了退货期返到小满的店内余额。",
        "hint": "订单号在：京东 App，我的，全部订单，订单编号",
        "footnote": "",
        "serials": True,
        "quantity": 2_000,
        "prefix": DRAFT,
        "cost": Money(52_000),
    },
)
PRINTED_AFTER = timedelta(hours=9)


def way_of(person: Customer) -> Way | None:
    """By which channel somebody came; None for who was sent by a friend or found the shop alone."""
    if person.source is Source.FLYER:
        return Way.JD if person.number % 5 < 2 else Way.TMALL
    if person.source is Source.FRIEND:
        return Way.STAFF if person.number % 3 == 0 else None
    return OF_SOURCE.get(person.source)


def open_channels(ids: Ids, *, now: datetime) -> dict[Way, int]:
    """All channels, by row id."""
    found: dict[Way, int] = {}
    for way, content in CHANNELS.items():
        channel = channels.create_channel(code=way.value, now=now, **content)
        channel.public_id = channel.short_code = ids.of("channel", way.value)
        found[way] = channel.id
    return found


def print_flyers(scenes: Mapping[Way, int], *, ids: Ids, now: datetime, until: datetime) -> None:
    """Two batches that were printed when the shop opened, their files left to the job that makes such, and one that is still
    being designed."""
    for flyer in FLYERS:
        draft = flyer["prefix"] == DRAFT
        public_id = ids.of("flyer", flyer["prefix"])
        values = {"public_id": public_id, "created_at": until - timedelta(days=1) if draft else now}
        channel = {"channel_id": scenes[Way(flyer["way"])]}
        same = {name: value for name, value in flyer.items() if name != "way"}
        rows.add("flyer_batches", [ALIKE | same | values | channel])
        if not draft:
            flyers.order_file(public_id=public_id, now=(now + PRINTED_AFTER).replace(microsecond=0))
