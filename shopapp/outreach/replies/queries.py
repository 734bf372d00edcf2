"""Keyword replies as the console lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from shopapp.kernel.db import db

from . import rules
from .models import KeywordReply, Match

RULES_MAX = 200


@dataclass(frozen=True, kw_only=True)
class KeywordRow:
    """One rule."""

    public_id: str
    keyword: str
    match: Match
    reply: str
    active: bool
    created_at: datetime


def keyword_replies() -> list[KeywordRow]:
    """All of them, in the order in which they answer where several fit."""
    rows = [
        KeywordRow(
            public_id=row.public_id,
            keyword=row.keyword,
            match=row.match,
            reply=row.reply,
            active=row.active,
            created_at=row.created_at,
        )
        for row in db.session.scalars(select(KeywordReply).limit(RULES_MAX))
    ]
    return sorted(rows, key=rules.rank, reverse=True)


def answering(text: str) -> KeywordRow | None:
    """The rule that would answer this text now."""
    return rules.pick(text, [row for row in keyword_replies() if row.active])
