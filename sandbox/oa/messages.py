"""Customer-service messages: what may be sent, how much, and how long after which act."""

from __future__ import annotations

from typing import Any

from .. import people, store
from .api import ApiError, Body, endpoint, list_of, now, object_of, person_of, text_of

WINDOWS: dict[str, tuple[int, int | None]] = {
    "message": (48 * 3600, 5),
    "menu": (60, 3),
    "follow": (60, 3),
    "scan": (60, 3),
    "pay": (48 * 3600, None),
}
TYPING_SECONDS = 30
MEDIA_KINDS = ("image", "voice", "mpnews", "video")
TEXT_BYTES = 2048


def allowance(kind: str) -> int | None:
    """Messages an act of `kind` allows; None = no limit. The control page can change that of a message."""
    if kind == "message":
        return int(store.setting("custom_per_message", str(WINDOWS["message"][1])))
    return WINDOWS[kind][1]


def open_windows(openid: str) -> list[dict[str, Any]]:
    """Windows now open: kind, seconds left, messages left (None = no limit). A newer act renews its kind."""
    acts = store.rows(
        "SELECT max(id) AS id, kind, at, used FROM acts WHERE openid = ? GROUP BY kind ORDER BY at", (openid,)
    )
    found = []
    for act in acts:
        life, most = WINDOWS[act["kind"]][0], allowance(act["kind"])
        left = int(act["at"] + life - now())
        if 0 < left <= life:
            found.append(
                {
                    "id": act["id"],
                    "kind": act["kind"],
                    "seconds": left,
                    "left": None if most is None else max(most - act["used"], 0),
                }
            )
    return sorted(found, key=lambda window: window["seconds"])


def _use_window(openid: str) -> None:
    with store.tx() as db:
        windows = open_windows(openid)
        if not windows:
            raise ApiError(
                45015,
                "response out of time limit or subscription is canceled",
                "客服消息窗口没开：用户 48 小时内没有来消息，近 1 分钟也没有点菜单、扫码或关注",
            )
        usable = next((w for w in windows if w["left"] is None or w["left"] > 0), None)
        if usable is None:
            raise ApiError(45047, "out of response count limit", "这个窗口里的客服消息条数已用完")
        db.execute("UPDATE acts SET used = used + 1 WHERE id = ?", (usable["id"],))


def content_of(body: Body) -> Body:
    """The checked content of one message for the chat; raises 40008 and the errors of its kind."""
    kind = body.get("msgtype")
    if kind == "text":
        text = text_of(object_of(body, "text", error=41005), "content", missing=40007)
        if len(text.encode()) > TEXT_BYTES:
            raise ApiError(45002, "content size out of limit", "文字超过 2048 字节")
        return {"kind": "text", "content": {"content": text}}
    if kind == "news":
        articles = list_of(object_of(body, "news", error=41006), "articles", most=1, error=45008)
        if not isinstance(articles[0], dict) or not articles[0].get("title"):
            raise ApiError(40035, "invalid article", "图文须有标题")
        return {"kind": "news", "content": {"articles": articles}}
    if kind == "msgmenu":
        menu = object_of(body, "msgmenu")
        options = list_of(menu, "list", most=20, error=40035)
        return {
            "kind": "msgmenu",
            "content": {
                "head": menu.get("head_content", ""),
                "options": options,
                "tail": menu.get("tail_content", ""),
            },
        }
    if kind in MEDIA_KINDS:
        media_id = text_of(object_of(body, kind, error=41006), "media_id", missing=41006)
        return {"kind": "media", "content": {"kind": kind, "url": media_address(media_id)}}
    if kind in ("music", "mpnewsarticle", "wxcard", "miniprogrampage"):
        return {"kind": "card", "content": {"kind": kind, **object_of(body, kind)}}
    raise ApiError(40008, "invalid message type", f"消息类型不对：{kind!r}")


def media_address(media_id: str) -> str:
    """Where the control page shows a media_id; raises 40007 if unknown or older than its life."""
    found = store.row("SELECT * FROM media WHERE media_id = ?", (media_id,))
    if found is None or (found["expires_at"] or now() + 1) <= now():
        raise ApiError(40007, "invalid media_id", f"media_id 无效或已过期：{media_id}")
    return f"/control/media/{media_id}"


@endpoint("POST", "/cgi-bin/message/custom/send", raw_text=True)
def send(body: Body) -> None:
    person = person_of(body.get("touser"))
    message = content_of(body)
    if not person["follows"]:
        raise ApiError(45015, "response out of time limit or subscription is canceled", "用户没有关注")
    with store.tx():
        _use_window(person["openid"])
        people.say(openid=person["openid"], side="account", kind=message["kind"], content=message["content"])


@endpoint("POST", "/cgi-bin/message/custom/typing")
def typing(body: Body) -> None:
    person = person_of(body.get("touser"))
    command = body.get("command")
    if command not in ("Typing", "CancelTyping"):
        raise ApiError(40035, "invalid command", "command 须为 Typing 或 CancelTyping")
    latest = store.row(
        "SELECT max(at) AS at FROM acts WHERE openid = ? AND kind != 'pay'", (person["openid"],)
    )
    if latest is None or latest["at"] is None or now() - latest["at"] > TYPING_SECONDS:
        raise ApiError(45080, "client typing, not in 30s after user message", "30 秒内没有往来")
    name = f"typing:{person['openid']}"
    held = store.setting(name, "")
    if command == "Typing" and held and now() - int(held) < TYPING_SECONDS:
        raise ApiError(45081, "already in typing", "已经是正在输入")
    store.set_setting(name, str(now()) if command == "Typing" else "")


AGENT_CALLS = (
    "/customservice/kfaccount/add",
    "/customservice/kfaccount/update",
    "/customservice/kfaccount/inviteworker",
    "/customservice/kfsession/create",
    "/customservice/kfsession/close",
)


def _add_agent_calls() -> None:
    for path in AGENT_CALLS:
        endpoint("POST", path)(lambda body: None)
    endpoint("GET", "/customservice/kfaccount/del")(lambda query: None)
    endpoint("GET", "/cgi-bin/customservice/getkflist", coded=False)(lambda query: {"kf_list": []})
    endpoint("GET", "/customservice/kfsession/getsessionlist", coded=False)(lambda query: {"sessionlist": []})
    endpoint("GET", "/customservice/kfsession/getwaitcase", coded=False)(
        lambda query: {"count": 0, "waitcaselist": []}
    )


_add_agent_calls()
