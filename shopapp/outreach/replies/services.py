"""Choosing the reply to a push, and keeping the keyword replies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from shopapp.kernel import preferences
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id
from shopapp.kernel.settings import settings
from shopapp.members.channels import queries as channels
from shopapp.wechat.inbound.incoming import Incoming
from shopapp.wechat.inbound.replies import ArticleReply, PictureReply, Reply, TextReply

from . import queries, rules
from .models import KeywordReply, ReplyKind
from .queries import RULES_MAX
from .rules import RuleContent

WELCOME_LENGTH_MAX = 600


class KeywordTaken(ShopError):
    status, code, text = 409, "keyword_taken", _l("这个关键词已经有回复了，没有任何改动。")


class TooManyKeywords(ShopError):
    status, code, text = 409, "too_many_keywords", _l("关键词回复最多 %(count)s 条，请先删除不用的。")


def reply_to(incoming: Incoming) -> Reply | None:
    """The account's answer to one push: a welcome to who follows or scans, a keyword reply to a text or a menu key."""
    match incoming.kind, incoming.is_event:
        case "subscribe", True:
            return _words(welcome_words(scene=incoming.scene))
        case "scan", True:
            return _words(_channel_welcome(incoming.scene))
        case "text", False:
            return _keyword_reply(incoming.field("Content"), at=incoming.at)
        case "click", True:
            return _keyword_reply(incoming.field("EventKey"), at=incoming.at)
        case _:
            return None


def welcome_words(*, scene: str | None) -> str:
    """What a new follower is told: the words of their channel, else those of the shop; empty means nothing."""
    return _channel_welcome(scene) or str(preferences.read("wechat.welcome"))


def _words(text: str) -> Reply | None:
    return TextReply(content=text) if text else None


def _channel_welcome(scene: str | None) -> str:
    return channels.welcome_of(scene=scene) if scene else ""


def _keyword_reply(text: str, *, at: datetime) -> Reply | None:
    rule = queries.answering(text, at=at)
    if rule is None:
        return None
    if rule.kind is ReplyKind.PICTURE:
        return PictureReply(media_id=rule.media_id)
    if rule.kind is ReplyKind.ARTICLE:
        url = settings().base_url + rule.url if rule.url.startswith("/") else rule.url
        return ArticleReply(title=rule.title, description=rule.reply, picture_url=rule.picture_url, url=url)
    return _words(rule.reply)


def add_keyword(*, content: RuleContent, now: datetime) -> KeywordReply:
    """Raises `Invalid`, `KeywordTaken` and `TooManyKeywords`."""
    values = _checked(content)
    if (db.session.scalar(select(func.count()).select_from(KeywordReply)) or 0) >= RULES_MAX:
        raise TooManyKeywords(count=RULES_MAX)
    public_id = new_id()
    kept = {"media_id": "", "picture_url": "", "active": True, "created_at": now}
    if not insert_once(KeywordReply, public_id=public_id, **values, **kept):
        raise KeywordTaken
    return found(queries.rule(public_id=public_id))


def change_keyword(*, public_id: str, content: RuleContent) -> KeywordReply:
    """Another picture must go to the platform anew. Raises `NotFound`, `Invalid` and `KeywordTaken`."""
    row = found(queries.rule(public_id=public_id))
    values = _checked(content)
    other = select(KeywordReply.id).where(
        KeywordReply.keyword == values["keyword"],
        KeywordReply.match == content.match,
        KeywordReply.from_minute == content.from_minute,
        KeywordReply.until_minute == content.until_minute,
        KeywordReply.id != row.id,
    )
    if db.session.scalar(other) is not None:
        raise KeywordTaken
    if row.picture != content.picture:
        row.media_id = row.picture_url = ""
    for name, value in values.items():
        setattr(row, name, value)
    return row


def note_media(*, public_id: str, picture: str, media_id: str, url: str) -> bool:
    """The platform has the picture now; tells whether it still is that of the rule."""
    mine = update(KeywordReply).where(KeywordReply.public_id == public_id, KeywordReply.picture == picture)
    return rows_changed(mine.values(media_id=media_id, picture_url=url)) == 1


def set_active(*, public_id: str, active: bool) -> KeywordReply:
    """Let a rule answer, or keep it for later. Raises `NotFound`."""
    row = found(queries.rule(public_id=public_id))
    row.active = active
    return row


def remove_keyword(*, public_id: str) -> None:
    """Raises `NotFound`."""
    if rows_changed(delete(KeywordReply).where(KeywordReply.public_id == public_id)) == 0:
        raise NotFound


def set_welcome(*, text: str) -> None:
    """What new followers are told who come through no channel with a welcome of its own; empty means nothing.

    Raises `Invalid`.
    """
    if len(text.strip()) > WELCOME_LENGTH_MAX:
        raise Invalid({"welcome": [_("欢迎语最多 600 个字。")]})
    preferences.write("wechat.welcome", text.strip())


def _checked(content: RuleContent) -> dict[str, Any]:
    values = {name: getattr(content, name) for name in RuleContent.__dataclass_fields__}
    values |= {name: values[name].strip() for name in ("reply", "title", "url")}
    values["keyword"] = rules.plain(content.keyword)
    if wrong := rules.problems(RuleContent(**values)):
        raise Invalid(wrong)
    return values
