"""What WeChat Pay told, and what in it did not fit."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.pii import Encrypted


class NoticeState(StrEnum):
    DONE = "done"
    UNKNOWN_ORDER = "unknown_order"
    WRONG = "wrong"


class PayNotice(Model):
    """An authentic word of WeChat Pay. Those that did not fit what we know stay on the staff's worklist."""

    __tablename__ = "pay_notices"

    notice_id: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(48))
    number: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[NoticeState] = mapped_column(index=True)
    problem: Mapped[str | None] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Encrypted)
    received_at: Mapped[datetime] = mapped_column(index=True)
    seen_by: Mapped[str | None] = mapped_column(String(80))
