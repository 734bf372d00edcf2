"""What stands around every screen: the navigation, and what templates of the console may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, g, request, url_for

from config import Settings
from shopapp.kernel import screens
from shopapp.kernel.access import Role, may
from shopapp.kernel.i18n import _l
from shopapp.members.merging.pairs import count_waiting

from . import access

THEMES = {"light", "dark"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """An entry of the navigation. It is lit for every endpoint that begins with one of `under`.

    `waiting` tells how much work waits there.
    """

    title: Any
    endpoint: str = ""
    icon: str = ""
    under: tuple[str, ...] = ()
    inside: list[Place] = field(default_factory=list)
    waiting: Callable[[], int] | None = None


PLACES = [
    Place(title=_l("概览"), endpoint="dashboard.home", icon="home"),
    Place(
        title=_l("商品"),
        icon="box",
        inside=[
            Place(title=_l("全部商品"), endpoint="catalogue_admin.products", under=("catalogue_admin.",)),
            Place(title=_l("分类"), endpoint="categories_admin.categories", under=("categories_admin.",)),
        ],
    ),
    Place(
        title=_l("订单"),
        icon="receipt",
        inside=[
            Place(title=_l("全部订单"), endpoint="orders_admin.orders", under=("orders_admin.",)),
            Place(title=_l("退款记录"), endpoint="refunds_admin.refunds", under=("refunds_admin.",)),
            Place(title=_l("待核对付款"), endpoint="notices_admin.notices", under=("notices_admin.",)),
        ],
    ),
    Place(
        title=_l("会员"),
        icon="people",
        inside=[
            Place(
                title=_l("全部会员"),
                endpoint="customers_admin.customers",
                under=("customers_admin.", "notes_admin."),
            ),
            Place(
                title=_l("待合并"),
                endpoint="merging_admin.pairs",
                under=("merging_admin.",),
                waiting=count_waiting,
            ),
        ],
    ),
    Place(
        title=_l("权益"),
        icon="coins",
        inside=[
            Place(title=_l("等级"), endpoint="tiers_admin.tiers", under=("tiers_admin.",)),
            Place(title=_l("积分"), endpoint="points_admin.edit", under=("points_admin.",)),
            Place(title=_l("权益"), endpoint="perks_admin.perks", under=("perks_admin.",)),
            Place(title=_l("会员卡"), endpoint="cards_admin.plans", under=("cards_admin.",)),
            Place(title=_l("积分商城"), endpoint="mall_admin.items", under=("mall_admin.",)),
            Place(title=_l("优惠券"), endpoint="coupons_admin.coupons", under=("coupons_admin.",)),
            Place(title=_l("储值"), endpoint="wallet_admin.plans", under=("wallet_admin.",)),
            Place(title=_l("试算"), endpoint="simulator_admin.simulate", under=("simulator_admin.",)),
            Place(title=_l("手工调整"), endpoint="adjustments_admin.worklist", under=("adjustments_admin.",)),
            Place(title=_l("账目"), endpoint="accounting_admin.report", under=("accounting_admin.",)),
        ],
    ),
    Place(
        title=_l("来客"),
        icon="door",
        inside=[
            Place(title=_l("渠道"), endpoint="channels_admin.channels", under=("channels_admin.",)),
            Place(title=_l("传单"), endpoint="flyers_admin.flyers", under=("flyers_admin.",)),
            Place(title=_l("返现活动"), endpoint="cashback_admin.campaigns", under=("cashback_admin.",)),
            Place(title=_l("返现登记"), endpoint="claims_admin.claims", under=("claims_admin.",)),
            Place(title=_l("返现转账"), endpoint="payouts_admin.payouts", under=("payouts_admin.",)),
            Place(
                title=_l("订单导入"),
                endpoint="imports_admin.imports",
                under=("imports_admin.", "market_orders_admin."),
            ),
        ],
    ),
    Place(
        title=_l("触达"),
        icon="chat",
        inside=[
            Place(title=_l("粉丝"), endpoint="fans_admin.fans", under=("fans_admin.",)),
            Place(title=_l("自动回复"), endpoint="replies_admin.replies", under=("replies_admin.",)),
            Place(title=_l("菜单"), endpoint="menu_admin.menu", under=("menu_admin.",)),
            Place(
                title=_l("消息中心"),
                endpoint="messages_admin.messages",
                under=("messages_admin.", "templates_admin."),
            ),
        ],
    ),
    Place(
        title=_l("报表"),
        icon="list",
        inside=[Place(title=_l("渠道漏斗"), endpoint="reports_admin.funnel", under=("reports_admin.",))],
    ),
    Place(
        title=_l("设置"),
        icon="gear",
        inside=[
            Place(title=_l("店铺"), endpoint="settings_admin.shop_page", under=("settings_admin.",)),
            Place(
                title=_l("微信接入"),
                endpoint="wechat_admin.checks",
                under=("wechat_admin.",),
            ),
            Place(title=_l("员工"), endpoint="staff_admin.people", under=("staff_admin.",)),
            Place(title=_l("接口令牌"), endpoint="tokens_admin.tokens", under=("tokens_admin.",)),
            Place(title=_l("操作记录"), endpoint="audit_admin.trail", under=("audit_admin.",)),
            Place(title=_l("后台任务"), endpoint="work_admin.work", under=("work_admin.",)),
        ],
    ),
]

ROLE_NAMES = {
    Role.OWNER: _l("店主"),
    Role.OPERATOR: _l("运营"),
    Role.WAREHOUSE: _l("仓库"),
    Role.SERVICE: _l("客服"),
    Role.ANALYST: _l("分析"),
}


def reachable(endpoint: str) -> bool:
    """Whether this screen exists and the actor may see it."""
    view = current_app.view_functions.get(endpoint)
    permission = getattr(view, "permission", None)
    return view is not None and (permission is None or may(permission))


def navigation() -> list[dict[str, Any]]:
    """The places that the actor may go to, with the one where they are."""
    shown = []
    for place in PLACES:
        inside = [_item(child) for child in place.inside if reachable(child.endpoint)]
        if place.inside and inside:
            lit = any(child["lit"] for child in inside)
            shown.append({"title": place.title, "icon": place.icon, "inside": inside, "lit": lit})
        elif not place.inside and reachable(place.endpoint):
            shown.append({**_item(place), "icon": place.icon, "inside": []})
    return shown


def _item(place: Place) -> dict[str, Any]:
    endpoint = request.endpoint or ""
    lit = endpoint == place.endpoint or any(endpoint.startswith(prefix) for prefix in place.under)
    waiting = place.waiting() if place.waiting else 0
    return {"title": place.title, "url": url_for(place.endpoint), "lit": lit, "waiting": waiting}


def all_pages() -> Iterator[tuple[str, str]]:
    """(title, address) of every place the actor may go to: what the search offers as pages."""
    for entry in navigation():
        for item in entry["inside"] or [entry]:
            yield str(item["title"]), item["url"]


def _context() -> dict[str, Any]:
    if not request.path.startswith("/admin"):
        return {}
    theme = request.cookies.get("theme")
    return {
        "theme": theme if theme in THEMES else "",
        "me": g.get("staff") if g.get("actor") is not None else None,
        "navigation": navigation,
        "role_names": ROLE_NAMES,
    }


def connect(app: Flask, settings: Settings) -> None:
    """Let `kernel.access` know who asks, and templates of the console what they need."""
    app.extensions["load_staff"] = access.load_staff
    app.extensions["load_token"] = access.load_token
    app.config.update(
        SESSION_COOKIE_NAME="console_words",
        SESSION_COOKIE_PATH="/admin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
    )
    app.jinja_env.globals.update(here=screens.here, reachable=reachable)
    app.context_processor(_context)
