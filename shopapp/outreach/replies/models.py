"""What the account answers by itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id


class Match(StrEnum):
    EXACT = "exact"
    CONTAINS = "contains"


class KeywordReply(Model):
    """An answer to a word; `keyword` is kept in the form in which texts are compared."""

    __tablename__ = "keyword_replies"
    __table_args__ = (UniqueConstraint("keyword", "match"),)

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    keyword: Mapped[str] = mapped_column(String(60))
    match: Mapped[Match]
    reply: Mapped[str] = mapped_column(String(600))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
