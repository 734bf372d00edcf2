"""How the demo shop presents itself: its name, banners, menu, replies and messages."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from shopapp.kernel import preferences
from shopapp.kernel.settings import settings
from shopapp.outreach.replies import services as replies
from shopapp.outreach.replies.rules import plain
from shopapp.wechat import menus

from . import pictures, rows
from .catalogue import SHOP_COLOUR, SHOP_NAME, SHOP_SLOGAN
from .drawing import LOGO
from .ids import Ids
from .shelves import Files, kept

# No such number can be dialled.
SERVICE_PHONE = "400-000-0000"
WELCOME = (
    f"您好，这里是{SHOP_NAME}。\n"
    "母婴日用和小零食都在店里，付款后 48 小时内寄出，满 99 元包邮。\n"
    "点下面的“逛店铺”就能看货；想找人说话，回复“客服”。"
)
REPLIES: dict[str, str] = {
    "客服": f"客服每天 9:00 到 21:00 在线，直接在这里留言就行。也可以打 {SERVICE_PHONE}。",
    "返现": "在天猫、淘宝、京东、拼多多或抖音买过小满的东西，点菜单里的“登记返现”，填上订单号，过了退货期返到店内余额。",
    "运费": "满 99 元包邮，不满收 8 元运费。暂时只送中国大陆。",
    "发货": "付款后 48 小时内寄出，寄出时会发消息给您，运单号在“我的订单”里也能看到。",
    "退货": "收到后 7 天内可以退，拆封的食品和贴身用品除外。请在这里留言，写上订单号和原因。",
    "尺码": "尿裤看体重选，衣服看身高选，商品页里都有对照表。拿不准就把宝宝的身高体重发给我们。",
}
MENU: list[dict[str, Any]] = [
    {"name": "逛店铺", "type": "view", "url": "/"},
    {"name": "我的订单", "type": "view", "url": "/orders"},
    {
        "name": "帮助",
        "sub_button": [
            {"name": "登记返现", "type": "view", "url": "/claim"},
            {"name": "运费怎么算", "type": "click", "key": "运费"},
            {"name": "什么时候发货", "type": "click", "key": "发货"},
            {"name": "怎么退货", "type": "click", "key": "退货"},
            {"name": "联系客服", "type": "click", "key": "客服"},
        ],
    },
]
# The sandbox's account starts with these templates of the public library in use.
TEMPLATES: dict[str, tuple[str, dict[str, str]]] = {
    "order_paid": (
        "43216",
        {"number": "character_string1", "goods": "thing2", "amount": "amount3", "time": "time4"},
    ),
    "order_shipped": (
        "43217",
        {
            "number": "character_string1",
            "goods": "thing2",
            "carrier": "thing3",
            "waybill": "character_string4",
            "time": "time5",
        },
    ),
    "order_refunded": (
        "43218",
        {"number": "character_string1", "amount": "amount2", "way": "thing3", "time": "time4"},
    ),
    "order_cancelled": (
        "43224",
        {"number": "character_string1", "goods": "thing2", "reason": "thing3", "time": "time4"},
    ),
    "tier_up": (
        "43226",
        {"tier": "thing1", "before": "thing2", "time": "time3", "until": "thing4", "note": "thing5"},
    ),
    "tier_dropped": (
        "43227",
        {"tier": "thing1", "before": "thing2", "time": "time3", "note": "thing4"},
    ),
    "tier_dropping": (
        "43228",
        {"tier": "thing1", "until": "time2", "gap": "number3", "note": "thing4"},
    ),
    "points_earned": ("43229", {"points": "number1", "balance": "number2", "time": "time3"}),
    "points_expiring": ("43230", {"points": "number1", "balance": "number2", "time": "time3"}),
    "coupon_expiring": (
        "43231",
        {"coupon": "thing1", "promise": "thing2", "count": "number3", "time": "time4"},
    ),
    "perk_granted": ("43232", {"perk": "thing1", "gift": "thing2", "time": "thing3"}),
    "cashback_paid": (
        "43233",
        {"number": "character_string1", "amount": "amount2", "way": "thing3", "time": "time4"},
    ),
    "cashback_waiting": (
        "43235",
        {"number": "character_string1", "amount": "amount2", "time": "time3"},
    ),
    "cashback_rejected": ("43234", {"number": "character_string1", "reason": "thing2", "time": "time3"}),
}


def present(*, files: Files, ids: Ids, now: datetime) -> None:
    """Write the shop's preferences and keyword replies."""
    logo = kept(files[LOGO], ids=ids, now=now)
    for name, value in {
        "shop.name": SHOP_NAME,
        "shop.hello": SHOP_SLOGAN,
        "shop.logo": logo.file,
        "shop.brand_color": SHOP_COLOUR,
        "shop.service_phone": SERVICE_PHONE,
        "shop.banners": [_banner(plan, files=files, ids=ids, now=now) for plan in pictures.BANNERS],
    }.items():
        preferences.write(name, value)
    replies.set_welcome(text=WELCOME)
    rows.add(
        "keyword_replies",
        [
            {
                "public_id": ids.of("reply", word),
                "keyword": plain(word),
                "match": "contains",
                "reply": reply,
                "created_at": now,
            }
            for word, reply in REPLIES.items()
        ],
    )
    menus.set_menu(buttons=MENU)
    if not settings().on_real_platform:
        preferences.write("wechat.templates", sandbox_templates())


def sandbox_templates() -> dict[str, dict[str, Any]]:
    """Which template of the sandbox serves each topic."""
    return {
        topic: {"template_id": _template_id(number), "fields": fields}
        for topic, (number, fields) in TEMPLATES.items()
    }


def _template_id(number: str) -> str:
    return "SBX" + hashlib.sha256(f"template:{number}".encode()).hexdigest()[:40]


def _banner(plan: pictures.Banner, *, files: Files, ids: Ids, now: datetime) -> dict[str, Any]:
    picture = kept(files[plan], ids=ids, now=now)
    return {
        "picture": picture.file,
        "width": picture.width,
        "height": picture.height,
        "alt": f"{plan.title}：{plan.subtitle}",
        "href": f"/c/{plan.link}",
    }
