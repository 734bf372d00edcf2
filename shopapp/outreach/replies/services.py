"""Choosing the reply to a push, and keeping the keyword replies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select

from shopapp.kernel import preferences
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id
from shopapp.members.channels import queries as channels
from shopapp.wechat.inbound.incoming import Incoming
from shopapp.wechat.inbound.replies import Reply, TextReply

from . import rules
from .models import KeywordReply, Match
from .queries import RULES_MAX

KEYWORD_LENGTH_MAX = 60
REPLY_LENGTH_MAX = 600
ACTIVE_RULES = (
    select(KeywordReply.keyword, KeywordReply.match, KeywordReply.reply)
    .where(KeywordReply.active)
    .limit(RULES_MAX)
)


class KeywordTaken(ShopError):
    status, code, text = 409, "keyword_taken", _l("这个关键词已经有回复了，没有任何改动。")


class TooManyKeywords(ShopError):
    status, code, text = 409, "too_many_keywords", _l("关键词回复最多 %(count)s 条，请先删除不用的。")


def reply_to(incoming: Incoming) -> Reply | None:
    """The account's answer to one push: a welcome to who follows or scans, a keyword reply to a text or a menu key."""
    match incoming.kind, incoming.is_event:
        case "subscribe", True:
            words = _channel_welcome(incoming.scene) or str(preferences.read("wechat.welcome"))
        case "scan", True:
            words = _channel_welcome(incoming.scene)
        case "text", False:
            words = _keyword_reply(incoming.field("Content"))
        case "click", True:
            words = _keyword_reply(incoming.field("EventKey"))
        case _:
            return None
    return TextReply(content=words) if words else None


def _channel_welcome(scene: str | None) -> str:
    return channels.welcome_of(scene=scene) if scene else ""


def _keyword_reply(text: str) -> str:
    return rules.choose(text, db.session.execute(ACTIVE_RULES).all()) or ""


def add_keyword(*, keyword: str, match: Match, reply: str, now: datetime) -> KeywordReply:
    """Raises `Invalid`, `KeywordTaken` and `TooManyKeywords`."""
    keyword = _checked(keyword=keyword, reply=reply)
    if (db.session.scalar(select(func.count()).select_from(KeywordReply)) or 0) >= RULES_MAX:
        raise TooManyKeywords(count=RULES_MAX)
    public_id = new_id()
    values = {
        "keyword": keyword,
        "match": match,
        "reply": reply.strip(),
        "active": True,
        "created_at": now,
    }
    if not insert_once(KeywordReply, public_id=public_id, **values):
        raise KeywordTaken
    return db.session.scalars(select(KeywordReply).filter_by(public_id=public_id)).one()


def change_keyword(*, public_id: str, keyword: str, match: Match, reply: str) -> KeywordReply:
    """Raises `NotFound`, `Invalid` and `KeywordTaken`."""
    row = found(db.session.scalar(select(KeywordReply).filter_by(public_id=public_id)))
    keyword = _checked(keyword=keyword, reply=reply)
    other = select(KeywordReply.id).where(
        KeywordReply.keyword == keyword, KeywordReply.match == match, KeywordReply.id != row.id
    )
    if db.session.scalar(other) is not None:
        raise KeywordTaken
    row.keyword, row.match, row.reply = keyword, match, reply.strip()
    return row


def set_active(*, public_id: str, active: bool) -> KeywordReply:
    """Let a rule answer, or keep it for later. Raises `NotFound`."""
    row = found(db.session.scalar(select(KeywordReply).filter_by(public_id=public_id)))
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
    if len(text.strip()) > REPLY_LENGTH_MAX:
        raise Invalid({"welcome": [_("欢迎语最多 600 个字。")]})
    preferences.write("wechat.welcome", text.strip())


def _checked(*, keyword: str, reply: str) -> str:
    wrong: dict[str, list[str]] = {}
    keyword = rules.plain(keyword)
    if not 0 < len(keyword) <= KEYWORD_LENGTH_MAX:
        wrong["keyword"] = [_("请填写关键词，最多 60 个字。")]
    if not 0 < len(reply.strip()) <= REPLY_LENGTH_MAX:
        wrong["reply"] = [_("请填写回复内容，最多 600 个字。")]
    if wrong:
        raise Invalid(wrong)
    return keyword
