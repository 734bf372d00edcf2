"""What is known of pushes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.wechat import xml
from shopapp.wechat.models import Push

from .incoming import read_incoming

FOLLOW = "subscribe"
SAME = timedelta(seconds=5)
"""The platform's list and its push may name neighbouring seconds for one follow."""


@dataclass(frozen=True, kw_only=True)
class UnheardFollow:
    """A follow whose welcome the platform did not take; `scene` is that of the QR code they came through."""

    push_id: int
    openid: str
    scene: str | None
    at: datetime


def unheard_follows(*, before: datetime, limit: int) -> list[UnheardFollow]:
    """Follows from before a time whose reply was not heard, the earliest first."""
    statement = select(Push).where(
        Push.unheard_since.is_not(None), Push.kind == FOLLOW, Push.created_at < before
    )
    rows = db.session.scalars(statement.order_by(Push.created_at, Push.id).limit(limit)).all()
    return [
        UnheardFollow(push_id=row.id, openid=row.openid, scene=_scene(row.content), at=row.created_at)
        for row in rows
    ]


def _scene(content: str) -> str | None:
    return read_incoming(xml.parse(content), text=content).scene


def follow_told(*, openid: str, at: datetime) -> bool:
    """Whether a push told of somebody's follow at this time."""
    statement = select(Push.id).where(
        Push.openid == openid, Push.kind == FOLLOW, Push.created_at.between(at - SAME, at + SAME)
    )
    return db.session.scalar(statement.limit(1)) is not None
