"""The menu below the chat: kept as the preference `wechat.menu`, checked here, pushed to the platform."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopapp.kernel import preferences
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.settings import settings

from . import calls
from .api import NO_MENU, PlatformError

Button = dict[str, Any]

TOP_MAX, BELOW_MAX = 3, 5
NAME_BYTES_TOP, NAME_BYTES_BELOW = 16, 60
BYTES_MAX = {"key": 128, "url": 1024}
OTHER_BYTES_MAX = 1024
FIELD_NAMES: dict[str, Any] = {
    "key": _l("关键词"),
    "url": _l("网址"),
    "appid": _l("小程序 AppID "),
    "pagepath": _l("小程序页面"),
}
NEEDS: dict[str, tuple[str, ...]] = {
    "click": ("key",),
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
    "scancode_push": ("key",),
    "scancode_waitmsg": ("key",),
    "pic_sysphoto": ("key",),
    "pic_photo_or_album": ("key",),
    "pic_weixin": ("key",),
    "location_select": ("key",),
    "media_id": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}


def set_menu(*, buttons: list[Button]) -> None:
    """Keep this menu; an empty list means none. Raises `Invalid` naming each wrong button by its place."""
    if wrong := problems_of(buttons):
        raise Invalid(wrong)
    preferences.write("wechat.menu", buttons)


def problems_of(buttons: list[Button]) -> dict[str, list[str]]:
    """What the platform would refuse, by place: `1` is the first button, `1.2` the second below it."""
    found: dict[str, list[str]] = {}
    if len(buttons) > TOP_MAX:
        found["menu"] = [_("一级菜单最多 3 个。")]
    for number, button in enumerate(buttons, start=1):
        below = button.get("sub_button") or []
        _look_at(button, place=str(number), top=True, found=found)
        if len(below) > BELOW_MAX:
            found.setdefault(str(number), []).append(_("二级菜单最多 5 个。"))
        for lower, one in enumerate(below, start=1):
            _look_at(one, place=f"{number}.{lower}", top=False, found=found)
    return found


def _look_at(button: Button, *, place: str, top: bool, found: dict[str, list[str]]) -> None:
    words = [*_name_problems(button.get("name"), top=top)]
    if not (top and button.get("sub_button")):
        words += _kind_problems(button)
    elif button.get("type"):
        words.append(_("有二级菜单的按钮自己不能再有动作。"))
    if words:
        found[place] = words


def _name_problems(name: Any, *, top: bool) -> list[str]:
    most = NAME_BYTES_TOP if top else NAME_BYTES_BELOW
    if not isinstance(name, str) or not name.strip():
        return [_("请填写菜单名称。")]
    if len(name.encode()) > most:
        return [_("名称太长：最多 %(count)s 个汉字。", count=most // 3)]
    return []


def _kind_problems(button: Button) -> list[str]:
    needs = NEEDS.get(str(button.get("type")))
    if needs is None:
        return [_("请选择点击后的动作。")]
    if button.get("sub_button"):
        return [_("菜单最多两级。")]
    words: list[str] = []
    for field in needs:
        value = button.get(field)
        if not isinstance(value, str) or not 0 < len(value.encode()) <= BYTES_MAX.get(field, OTHER_BYTES_MAX):
            words.append(_("%(field)s没有填写或太长。", field=FIELD_NAMES.get(field, f"{field} ")))
        elif field == "url" and not value.startswith(("http://", "https://", "/")):
            words.append(_("网址要以 http:// 或 https:// 开头，店内页面以 / 开头。"))
    return words


def publish(*, buttons: list[Button], now: datetime) -> None:
    """Make this menu that of the account, or take the account's away if it is empty; clients show it within five minutes.

    Not inside a transaction. Raises `PlatformError`.
    """
    if not buttons:
        remove(now=now)
        return
    body = {"button": [whole(button, base_url=settings().base_url) for button in buttons]}
    calls.ask("POST", "/cgi-bin/menu/create", body=body, now=now)


def whole(button: Button, *, base_url: str) -> Button:
    """The button as the platform takes it: pages of the shop by their whole address."""
    below = button.get("sub_button") or []
    if below:
        return {
            "name": button["name"],
            "sub_button": [whole(one, base_url=base_url) for one in below],
        }
    fields = {name: button[name] for name in NEEDS[button["type"]]}
    if fields.get("url", "").startswith("/"):
        fields["url"] = base_url + fields["url"]
    return {"type": button["type"], "name": button["name"], **fields}


def published(*, now: datetime) -> list[Button]:
    """The menu that the account has, empty without one; not inside a transaction. Raises `PlatformError`."""
    try:
        answer = calls.ask("GET", "/cgi-bin/menu/get", now=now)
    except PlatformError as problem:
        if problem.code == NO_MENU:
            return []
        raise
    menu = answer.get("menu")
    buttons = menu.get("button") if isinstance(menu, dict) else None
    return buttons if isinstance(buttons, list) else []


def as_kept(button: Button) -> Button:
    """The platform's button as it would be kept here: without empty fields, pages of the shop by their path."""
    ours = settings().base_url
    kept = {name: value for name, value in button.items() if value not in ("", [], None)}
    if "sub_button" in kept:
        return {"name": kept.get("name", ""), "sub_button": [as_kept(one) for one in kept["sub_button"]]}
    if str(kept.get("url", "")).startswith(f"{ours}/"):
        kept["url"] = kept["url"].removeprefix(ours)
    return kept


def same(one: list[Button], other: list[Button]) -> bool:
    """Whether two menus do the same, wherever they come from."""
    return [as_kept(button) for button in one] == [as_kept(button) for button in other]


def remove(*, now: datetime) -> None:
    """Take the account's menu away, conditional ones with it. Raises `PlatformError`."""
    try:
        calls.ask("GET", "/cgi-bin/menu/delete", now=now)
    except PlatformError as problem:
        if problem.code != NO_MENU:
            raise
