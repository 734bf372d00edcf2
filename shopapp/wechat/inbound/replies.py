"""Passive replies: what can be answered to a push, at most one each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopapp.wechat import xml

from .incoming import Incoming

TEXT_BYTES_MAX = 2048


@dataclass(frozen=True, kw_only=True)
class TextReply:
    """A text; what goes beyond 2,048 bytes is cut off."""

    content: str


@dataclass(frozen=True, kw_only=True)
class PictureReply:
    """A picture that the platform keeps."""

    media_id: str


@dataclass(frozen=True, kw_only=True)
class ArticleReply:
    """A card with a title, words, a picture and an address."""

    title: str
    description: str
    picture_url: str
    url: str


Reply = TextReply | PictureReply | ArticleReply


def cut_bytes(text: str, *, most: int) -> str:
    """The longest beginning of the text that fits into so many bytes of UTF-8."""
    return text.encode()[:most].decode(errors="ignore")


def reply_xml(reply: Reply, *, to: Incoming, now: datetime) -> str:
    """The reply's XML, sender and receiver swapped."""
    head: dict[str, Any] = {
        "ToUserName": to.openid,
        "FromUserName": to.account,
        "CreateTime": int(now.timestamp()),
    }
    if isinstance(reply, TextReply):
        content = cut_bytes(reply.content, most=TEXT_BYTES_MAX)
        return xml.build({**head, "MsgType": "text", "Content": content})
    if isinstance(reply, PictureReply):
        return xml.build({**head, "MsgType": "image", "Image": {"MediaId": reply.media_id}})
    article = {
        "Title": reply.title,
        "Description": reply.description,
        "PicUrl": reply.picture_url,
        "Url": reply.url,
    }
    return xml.build({**head, "MsgType": "news", "ArticleCount": 1, "Articles": {"item": article}})
