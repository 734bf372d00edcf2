"""What the platform sent us, what we owe it, and what all processes share."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.pii import Encrypted
from shopapp.kernel.states import StateTable


class PlatformToken(Model):
    """A token shared by all processes. Whoever moves `locked_until` forward may fetch a new one."""

    __tablename__ = "platform_tokens"

    kind: Mapped[str] = mapped_column(String(32), unique=True)
    value: Mapped[str] = mapped_column(Encrypted)
    expires_at: Mapped[datetime]
    locked_until: Mapped[datetime]


class Push(Model):
    """A message or event pushed to us; `dedup_key` is its MsgId, or sender, time, event and key.

    `unheard_since`: no answer could be made, or it was made when the platform had stopped waiting; cleared when a repeat
    is answered in time.
    """

    __tablename__ = "pushes"

    dedup_key: Mapped[str] = mapped_column(String(200), unique=True)
    openid: Mapped[str] = mapped_column(String(128), index=True)
    kind: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[str] = mapped_column(Encrypted)
    reply: Mapped[str | None] = mapped_column(Encrypted)
    created_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)
    unheard_since: Mapped[datetime | None] = mapped_column(index=True)


class ServiceWindow(Model):
    """What a person's latest act allows us to send: so many customer-service messages until a time."""

    __tablename__ = "service_windows"
    __table_args__ = (UniqueConstraint("openid", "act"),)

    openid: Mapped[str] = mapped_column(String(128))
    act: Mapped[str] = mapped_column(String(16))
    left: Mapped[int]
    until: Mapped[datetime]


class MessageKind(StrEnum):
    TEMPLATE = "template"
    SERVICE = "service"
    NOTICE = "notice"


class MessageState(StrEnum):
    """skipped: a rule of the platform forbade sending it; failed: the platform refused it for good."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"


_M = MessageState
MESSAGE_MOVES = StateTable[MessageState](
    {
        _M.QUEUED: frozenset({_M.SENDING, _M.SKIPPED}),
        _M.SENDING: frozenset({_M.QUEUED, _M.SENT, _M.FAILED, _M.SKIPPED}),
        _M.SENT: frozenset({_M.DELIVERED, _M.FAILED}),
        _M.DELIVERED: frozenset(),
        _M.FAILED: frozenset({_M.QUEUED}),
        _M.SKIPPED: frozenset(),
    },
    column="state",
)


class OutgoingMessage(Model):
    """A message on its way to a person; `key` lets it be queued once.

    `doubt_since` is the first try whose result is unknown: set before each call, cleared by any clear answer.
    """

    __tablename__ = "outgoing_messages"
    __table_args__ = (Index("ix_outgoing_messages_due", "state", "next_try_at"),)

    key: Mapped[str] = mapped_column(String(120), unique=True)
    openid: Mapped[str] = mapped_column(String(128), index=True)
    kind: Mapped[MessageKind]
    topic: Mapped[str] = mapped_column(String(48), index=True)
    body: Mapped[str] = mapped_column(Encrypted)
    state: Mapped[MessageState] = mapped_column(default=MessageState.QUEUED)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    lapses_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    doubt_since: Mapped[datetime | None]
    platform_id: Mapped[str | None] = mapped_column(String(64), index=True)
    error_code: Mapped[int | None]
    problem: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class NoticeGrant(Model):
    """How many subscription notices of a template a person still allows: one for each time they said yes."""

    __tablename__ = "notice_grants"
    __table_args__ = (
        UniqueConstraint("openid", "template_id"),
        CheckConstraint('"left" >= 0', "left_not_negative"),
    )

    openid: Mapped[str] = mapped_column(String(128))
    template_id: Mapped[str] = mapped_column(String(64), index=True)
    granted: Mapped[int] = mapped_column(default=0)
    used: Mapped[int] = mapped_column(default=0)
    left: Mapped[int] = mapped_column(default=0)
    refused_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class ApiUse(Model):
    """Calls of a scarce platform interface on one day of shop time."""

    __tablename__ = "api_uses"
    __table_args__ = (UniqueConstraint("api", "day"),)

    api: Mapped[str] = mapped_column(String(64))
    day: Mapped[str] = mapped_column(String(10))
    used: Mapped[int] = mapped_column(default=0)
    blocked: Mapped[bool] = mapped_column(default=False)


class PlatformProblem(Model):
    """Something the merchant must set right with the platform, shown on the set-up page until it works again."""

    __tablename__ = "platform_problems"

    code: Mapped[str] = mapped_column(String(64), unique=True)
    problem: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]]
    seen_at: Mapped[datetime]
