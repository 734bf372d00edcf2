"""Keyword replies as the console lists them, and the one that answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, or_, select

from shopapp.kernel.db import db

from . import rules
from .models import KeywordReply, ReplyKind

RULES_MAX = 200
ANSWERING: Select[*tuple[Any, ...]] = (
    select(
        KeywordReply.public_id,
        KeywordReply.keyword,
        KeywordReply.match,
        KeywordReply.kind,
        KeywordReply.reply,
        KeywordReply.title,
        KeywordReply.url,
        KeywordReply.picture,
        KeywordReply.media_id,
        KeywordReply.picture_url,
        KeywordReply.priority,
        KeywordReply.from_minute,
        KeywordReply.until_minute,
    )
    .where(KeywordReply.active, or_(KeywordReply.kind != ReplyKind.PICTURE, KeywordReply.media_id != ""))
    .limit(RULES_MAX)
)
"""The rules that can answer: a picture only once the platform has it."""


def keyword_replies() -> Sequence[KeywordReply]:
    """All of them, in the order in which they answer where several fit."""
    rows = db.session.scalars(select(KeywordReply).limit(RULES_MAX)).all()
    return sorted(rows, key=rules.rank, reverse=True)


def rule(*, public_id: str) -> KeywordReply | None:
    return db.session.scalar(select(KeywordReply).filter_by(public_id=public_id))


def answering(text: str, *, at: datetime) -> Row[Any] | None:
    """The rule that answers this text at this time, with what it says: asked by the callback and by who tries it out."""
    return rules.pick(text, db.session.execute(ANSWERING).all(), minute=rules.minute_of(at))


def unanswered(keys: list[str]) -> set[str]:
    """Those of the menu keys that no active rule ever answers."""
    if not keys:
        return set()
    active = db.session.execute(ANSWERING).all()
    return {key for key in keys if rules.pick(key, active) is None}
