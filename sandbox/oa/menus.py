"""The menu below the chat, also by tag."""

from __future__ import annotations

import json
from typing import Any

from .. import store
from . import users
from .api import ApiError, Body, endpoint, object_of, person_of

store.register("CREATE TABLE IF NOT EXISTS menus (id INTEGER PRIMARY KEY, buttons TEXT NOT NULL, rule TEXT)")

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
SIZE_ERRORS = {"key": (128, 40019), "url": (1024, 40020)}
FIRST_CONDITIONAL = 400_000_000


def _check_button(button: Any, *, below: bool) -> None:
    level = "二级" if below else "一级"
    if not isinstance(button, dict):
        raise ApiError(40016, "invalid button size", "button 须为对象")
    name = button.get("name")
    limit, code = (60, 40025) if below else (16, 40018)
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= limit:
        raise ApiError(code, "invalid button name size", f"{level}菜单名须为 1 到 {limit} 字节：{name!r}")
    below_it = button.get("sub_button")
    if below_it:
        if below:
            raise ApiError(40022, "invalid sub button level", "菜单最多两级")
        if not isinstance(below_it, list) or not 1 <= len(below_it) <= 5:
            raise ApiError(40023, "invalid sub button size", "二级菜单须有 1 到 5 个")
        for one in below_it:
            _check_button(one, below=True)
        return
    kind = button.get("type")
    if kind not in NEEDS:
        raise ApiError(
            40024 if below else 40017, "invalid button type", f"{level}菜单 {name} 的类型不对：{kind!r}"
        )
    for field in NEEDS[kind]:
        value = button.get(field)
        most, wrong_size = SIZE_ERRORS.get(field, (1024, 40027))
        if not isinstance(value, str) or not 1 <= len(value.encode()) <= most:
            raise ApiError(
                wrong_size, f"invalid button {field} size", f"菜单 {name} 的 {field} 须为 1 到 {most} 字节"
            )
    if "url" in NEEDS[kind] and not str(button["url"]).startswith(("http://", "https://")):
        raise ApiError(40055, "invalid button url domain", f"菜单 {name} 的网址不完整")


def _buttons(body: Body) -> list[Body]:
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise ApiError(40016, "invalid button size", "一级菜单须有 1 到 3 个")
    for one in buttons:
        _check_button(one, below=False)
    return buttons


def _whole(buttons: list[Body]) -> list[Body]:
    return [{**one, "sub_button": one.get("sub_button") or []} for one in buttons]


@endpoint("POST", "/cgi-bin/menu/create", raw_text=True)
def create(body: Body) -> None:
    buttons = _buttons(body)
    store.run(
        "INSERT INTO menus (id, buttons, rule) VALUES (1, ?, NULL) "
        "ON CONFLICT (id) DO UPDATE SET buttons = excluded.buttons",
        (json.dumps(_whole(buttons), ensure_ascii=False),),
    )


def _default() -> list[Body] | None:
    found = store.row("SELECT buttons FROM menus WHERE id = 1")
    return json.loads(found["buttons"]) if found else None


def _conditional() -> list[Body]:
    found = store.rows("SELECT * FROM menus WHERE rule IS NOT NULL ORDER BY id DESC")
    return [
        {"menuid": r["id"], "button": json.loads(r["buttons"]), "matchrule": json.loads(r["rule"])}
        for r in found
    ]


@endpoint("GET", "/cgi-bin/menu/get", coded=False)
def get(_query: Body) -> Body:
    buttons = _default()
    if buttons is None:
        raise ApiError(46003, "menu no exist", "还没有菜单")
    answer: Body = {"menu": {"button": buttons, "menuid": 1}}
    conditional = _conditional()
    return answer | ({"conditionalmenu": conditional} if conditional else {})


@endpoint("GET", "/cgi-bin/menu/delete")
def delete(_query: Body) -> None:
    store.run("DELETE FROM menus")


@endpoint("GET", "/cgi-bin/get_current_selfmenu_info", coded=False)
def current_menu(_query: Body) -> Body:
    buttons = _default()
    shown = [
        {**one, "sub_button": {"list": one["sub_button"]}} if one["sub_button"] else one
        for one in buttons or []
    ]
    return {"is_menu_open": int(buttons is not None), "selfmenu_info": {"button": shown}}


@endpoint("POST", "/cgi-bin/menu/addconditional", coded=False, raw_text=True)
def add_conditional(body: Body) -> Body:
    if _default() is None:
        raise ApiError(65301, "not exist default menu", "先要有默认菜单")
    buttons, rule = _buttons(body), object_of(body, "matchrule", error=65306)
    if not set(rule) & {"tag_id", "group_id", "client_platform_type"}:
        raise ApiError(65306, "invalid matchrule", "matchrule 至少要有一个条件")
    number = FIRST_CONDITIONAL + store.next_number("menu")
    store.insert(
        "menus", id=number, buttons=json.dumps(_whole(buttons), ensure_ascii=False), rule=json.dumps(rule)
    )
    return {"menuid": str(number)}


@endpoint("POST", "/cgi-bin/menu/delconditional")
def delete_conditional(body: Body) -> None:
    value = str(body.get("menuid", ""))
    if not value.isdigit() or not store.run(
        "DELETE FROM menus WHERE id = ? AND rule IS NOT NULL", (int(value),)
    ):
        raise ApiError(65301, "menuid not exist", f"没有个性化菜单 {value}")


def menu_for(openid: str) -> list[Body]:
    """The buttons this user sees: the newest conditional menu that fits, else the default, else none."""
    tags = {str(t) for t in users.tags_of(openid)}
    for menu in _conditional():
        rule = menu["matchrule"]
        if str(rule.get("tag_id", "")) in tags or (
            not rule.get("tag_id") and rule.get("client_platform_type")
        ):
            return list(menu["button"])
    return _default() or []


@endpoint("POST", "/cgi-bin/menu/trymatch", coded=False)
def try_match(body: Body) -> Body:
    return {"button": menu_for(person_of(body.get("user_id"))["openid"])}
