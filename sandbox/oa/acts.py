"""What a WeChat user does with the account: follow, scan, write, tap the menu."""

from __future__ import annotations

from typing import Any

from .. import people, store
from . import pushes, qrcodes
from .api import now


class ActError(Exception):
    """The act is not possible now; the text says why and what to do."""


def _follower(openid: str) -> store.Row:
    person = people.get(openid)
    if not person["follows"]:
        raise ActError("还没有关注，先关注公众号")
    return person


def _note(openid: str, words: str) -> None:
    people.say(openid=openid, side="note", kind="note", content={"content": words})


def follow(openid: str, *, qr_url: str = "") -> None:
    """Follow by search, or through a parametrised code; raises ActError if that code is over."""
    code = _code(qr_url) if qr_url else None
    if people.get(openid)["follows"]:
        raise ActError("已经关注了")
    with store.tx() as db:
        db.execute(
            "UPDATE people SET follows = 1, subscribe_time = ?, subscribe_scene = ?, qr_scene = ?, qr_scene_str = ? "
            "WHERE openid = ?",
            (
                now(),
                "ADD_SCENE_QR_CODE" if code else "ADD_SCENE_SEARCH",
                code["scene_id"] if code else 0,
                code["scene_str"] if code else "",
                openid,
            ),
        )
        people.note_act(openid, "follow")
        _note(openid, "你已关注，现在可以收发消息")
        fields = (
            {"EventKey": f"qrscene_{_scene(code)}", "Ticket": code["ticket"]} if code else {"EventKey": ""}
        )
        pushes.event(openid, "subscribe", fields, title=f"关注（场景 {_scene(code)}）" if code else "关注")


def unfollow(openid: str) -> None:
    _follower(openid)
    with store.tx() as db:
        db.execute("UPDATE people SET follows = 0, tags = '[]', remark = '' WHERE openid = ?", (openid,))
        db.execute("DELETE FROM acts WHERE openid = ? AND kind != 'pay'", (openid,))
        _note(openid, "你已取消关注")
        pushes.event(openid, "unsubscribe", {"EventKey": ""}, title="取消关注")


def _code(url: str) -> store.Row:
    code = qrcodes.find(url=url)
    if code is None:
        raise ActError("这个公众号二维码无效或已过期")
    return code


def _scene(code: store.Row) -> str:
    return str(code["scene_str"] or code["scene_id"])


def scan(openid: str, text: str) -> dict[str, Any]:
    """Scan any QR text. Returns {result: profile (not a follower yet) | scanned | open | text, …}.

    Raises ActError for a code of ours that is wrong or over.
    """
    text = text.strip()
    if text.startswith("http://weixin.qq.com/q/"):
        code = _code(text)
        if not people.get(openid)["follows"]:
            return {"result": "profile", "url": text, "scene": _scene(code)}
        with store.tx():
            people.note_act(openid, "scan")
            pushes.event(
                openid,
                "SCAN",
                {"EventKey": _scene(code), "Ticket": code["ticket"]},
                title=f"扫码（场景 {_scene(code)}）",
            )
        return {"result": "scanned", "scene": _scene(code)}
    if text.startswith(("http://", "https://")):
        return {"result": "open", "url": text}
    return {"result": "text", "text": text}


def send_text(openid: str, text: str, *, menu_id: str = "") -> None:
    """Write to the account; `menu_id` is that of a tapped option of a menu message."""
    _follower(openid)
    if not text.strip():
        raise ActError("没有写内容")
    with store.tx():
        people.note_act(openid, "message")
        people.say(openid=openid, side="user", kind="text", content={"content": text})
        extra = {"bizmsgmenuid": menu_id} if menu_id else {}
        pushes.message(openid, "text", {"Content": text, **extra}, title=f"文字：{text[:20]}")


def send_location(openid: str) -> None:
    _follower(openid)
    fields = {
        "Location_X": "31.2304",
        "Location_Y": "121.4737",
        "Scale": "16",
        "Label": "上海市黄浦区人民大道",
    }
    with store.tx():
        people.note_act(openid, "message")
        people.say(
            openid=openid, side="user", kind="text", content={"content": "［位置］上海市黄浦区人民大道"}
        )
        pushes.message(openid, "location", fields, title="位置")


def tap_menu(openid: str, button: dict[str, Any]) -> dict[str, Any]:
    """Tap a menu button as the account set it. Returns {result: sent | open | text, url?}."""
    _follower(openid)
    kind, name, key = button.get("type"), button.get("name", ""), str(button.get("key", ""))
    with store.tx():
        if kind == "view":
            pushes.event(
                openid, "VIEW", {"EventKey": button["url"], "MenuId": "1"}, title=f"点菜单：{name}（网页）"
            )
            return {"result": "open", "url": button["url"]}
        if kind == "miniprogram":
            pushes.event(
                openid,
                "view_miniprogram",
                {"EventKey": button["pagepath"], "MenuId": "1"},
                title=f"点菜单：{name}（小程序）",
            )
            return {"result": "text", "text": f"小程序 {button['appid']}：{button['pagepath']}"}
        if kind == "click":
            people.note_act(openid, "menu")
            pushes.event(openid, "CLICK", {"EventKey": key}, title=f"点菜单：{name}")
        elif kind in ("scancode_push", "scancode_waitmsg"):
            people.note_act(openid, "menu")
            pushes.event(
                openid,
                kind,
                {"EventKey": key, "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "1"}},
                title=f"点菜单：{name}（扫码）",
            )
        elif kind == "location_select":
            pushes.event(
                openid,
                kind,
                {
                    "EventKey": key,
                    "SendLocationInfo": {
                        "Location_X": "31.2304",
                        "Location_Y": "121.4737",
                        "Scale": "16",
                        "Label": "上海市黄浦区",
                        "Poiname": "",
                    },
                },
                title=f"点菜单：{name}（位置）",
            )
        else:
            pushes.event(
                openid,
                str(kind),
                {"EventKey": key, "SendPicsInfo": {"Count": 0, "PicList": {}}},
                title=f"点菜单：{name}",
            )
    return {"result": "sent"}


def set_blocked(openid: str, blocked: bool) -> None:
    """Refuse or accept service notices (template messages) from the account."""
    people.get(openid)
    store.run("UPDATE people SET blocked = ? WHERE openid = ?", (int(blocked), openid))


def revoke_authorisation(openid: str) -> None:
    """The user withdraws the web authorisation: its tokens end and the account is told."""
    with store.tx():
        store.run("DELETE FROM auth_tokens WHERE openid = ?", (openid,))
        pushes.event(
            openid, "user_authorization_revoke", {"OpenID": openid, "RevokeInfo": "1"}, title="撤回网页授权"
        )
