"""What the account answers by itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id


class Match(StrEnum):
    EXACT = "exact"
    CONTAINS = "contains"


class ReplyKind(StrEnum):
    """article: a card with title, words and picture that opens a page."""

    TEXT = "text"
    PICTURE = "picture"
    ARTICLE = "article"


class KeywordReply(Model):
    """An answer to a word; `keyword` is kept in the form in which texts are compared.

    It answers from `from_minute` to before `until_minute` of the shop's day, past midnight where the first is the larger;
    0 to 1440 is all day. The higher `priority` answers first. `picture` is our file; `media_id` and `picture_url` are the
    platform's copy, empty until it has one.
    """

    __tablename__ = "keyword_replies"
    __table_args__ = (
        UniqueConstraint("keyword", "match", "from_minute", "until_minute"),
        CheckConstraint(
            "from_minute >= 0 AND from_minute < 1440 AND until_minute > 0 AND until_minute <= 1440", "hours"
        ),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    keyword: Mapped[str] = mapped_column(String(60))
    match: Mapped[Match]
    kind: Mapped[ReplyKind] = mapped_column(default=ReplyKind.TEXT)
    reply: Mapped[str] = mapped_column(String(600))
    title: Mapped[str] = mapped_column(String(64), default="")
    url: Mapped[str] = mapped_column(String(512), default="")
    picture: Mapped[str] = mapped_column(String(80), default="")
    media_id: Mapped[str] = mapped_column(String(128), default="")
    picture_url: Mapped[str] = mapped_column(String(512), default="")
    priority: Mapped[int] = mapped_column(default=0)
    from_minute: Mapped[int] = mapped_column(default=0)
    until_minute: Mapped[int] = mapped_column(default=1440)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
