"""The shop's answer to a push: opened, checked, and shown in the chat."""

from __future__ import annotations

from typing import Any

from .. import people
from ..deliveries import Answer, Verdict
from ..settings import current
from . import crypto, messages_xml
from .api import ApiError
from .messages import media_address

TEXT_BYTES = 2048


class ReplyError(Exception):
    """The reply can't be shown; the text says why."""


def judge(*, openid: str, answer: Answer, mode_name: str, show: bool = True) -> Verdict:
    """Received means no further try: a 2xx with an empty body, `success` or a good reply, which is shown."""
    if answer.status == 0:
        return Verdict(False, answer.body.decode("utf-8", "replace"))
    if not 200 <= answer.status < 300:
        return Verdict(False, f"HTTP {answer.status}")
    try:
        text = answer.body.decode()
        if text.strip() in ("", "success"):
            return Verdict(True, "已收到，没有回复")
        reply = opened(text, mode_name=mode_name)
        kind, content = content_of(reply, openid=openid)
    except (ReplyError, UnicodeDecodeError, ValueError) as error:
        return Verdict(False, f"回复被拒绝：{error}")
    if show and kind != "transfer":
        people.say(openid=openid, side="account", kind=kind, content=content)
    return Verdict(True, "已转人工客服" if kind == "transfer" else "已回复")


def opened(text: str, *, mode_name: str) -> dict[str, Any]:
    """Fields of a reply, decrypted and its signature checked; raises ReplyError or ValueError."""
    fields = messages_xml.parse(text)
    encrypted = fields.get("Encrypt")
    if encrypted is None:
        if mode_name == "safe":
            raise ReplyError("安全模式下回复须加密")
        return fields
    config = current()
    if mode_name == "plain":
        raise ReplyError("明文模式下回复不须加密")
    signed = crypto.sign(
        config.token, str(fields.get("TimeStamp", "")), str(fields.get("Nonce", "")), encrypted
    )
    if not crypto.same(signed, str(fields.get("MsgSignature", ""))):
        raise ReplyError("MsgSignature 不对")
    try:
        return messages_xml.parse(
            crypto.decrypt(encrypted=encrypted, encoding_aes_key=config.aes_key, appid=config.appid)
        )
    except crypto.CryptoError as error:
        raise ReplyError(str(error)) from error


def _text(fields: Any, name: str) -> str:
    value = fields.get(name) if isinstance(fields, dict) else None
    if not isinstance(value, str) or not value:
        raise ReplyError(f"缺少 {name}")
    return value


def content_of(reply: dict[str, Any], *, openid: str) -> tuple[str, dict[str, Any]]:
    """Kind and content for the chat; raises ReplyError if the platform would not show it."""
    if reply.get("ToUserName") != openid or reply.get("FromUserName") != current().gh_id:
        raise ReplyError("ToUserName 与 FromUserName 须对调")
    if not str(reply.get("CreateTime", "")).isdigit():
        raise ReplyError("CreateTime 须为整数秒")
    kind = reply.get("MsgType")
    if kind == "text":
        text = _text(reply, "Content")
        if len(text.encode()) > TEXT_BYTES:
            raise ReplyError("文字超过 2048 字节")
        return "text", {"content": text}
    if kind == "news":
        return "news", {"articles": [_articles(reply)]}
    if kind in ("image", "voice", "video"):
        return "media", {"kind": kind, "url": _media(_text(reply.get(kind.capitalize()), "MediaId"))}
    if kind == "music":
        return "card", {"kind": "music", "title": str((reply.get("Music") or {}).get("Title", "音乐"))}
    if kind == "transfer_customer_service":
        return "transfer", {}
    raise ReplyError(f"MsgType 不对：{kind!r}")


def _media(media_id: str) -> str:
    try:
        return media_address(media_id)
    except ApiError as error:
        raise ReplyError(error.words) from error


def _articles(reply: dict[str, Any]) -> dict[str, str]:
    items = (reply.get("Articles") or {}).get("item") if isinstance(reply.get("Articles"), dict) else None
    if isinstance(items, list) or reply.get("ArticleCount") != "1":
        raise ReplyError("图文回复只能有 1 篇，ArticleCount 须为 1")
    return {
        "title": _text(items, "Title"),
        "description": str(items.get("Description", "") if items else ""),
        "picurl": str(items.get("PicUrl", "") if items else ""),
        "url": str(items.get("Url", "") if items else ""),
    }
