"""Reading the worklist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from shopapp.kernel.db import db

from .models import NoticeState, PayNotice

__all__ = ["NoticeState", "WorklistEntry", "notices_statement", "waiting_count", "worklist"]


@dataclass(frozen=True, kw_only=True)
class WorklistEntry:
    """An authentic word of the platform that did not fit; `content` stays encrypted and is not shown."""

    id: int
    kind: str
    number: str
    state: NoticeState
    problem: str | None
    received_at: datetime


def worklist(*, limit: int = 100) -> list[WorklistEntry]:
    """What nobody has dealt with yet, newest first."""
    return [
        WorklistEntry(
            id=row.id,
            kind=row.kind,
            number=row.number,
            state=row.state,
            problem=row.problem,
            received_at=row.received_at,
        )
        for row in db.session.scalars(notices_statement(seen=False).limit(limit))
    ]


def notices_statement(*, seen: bool) -> Select[PayNotice]:
    """Words of the platform that did not fit: those nobody has dealt with, or the others; newest first."""
    state = PayNotice.seen_by.is_not(None) if seen else PayNotice.seen_by.is_(None)
    return select(PayNotice).where(PayNotice.state != NoticeState.DONE, state).order_by(PayNotice.id.desc())


def waiting_count() -> int:
    """How many words of the platform wait for staff."""
    waiting = select(func.count()).where(PayNotice.state != NoticeState.DONE, PayNotice.seen_by.is_(None))
    return db.session.scalar(waiting) or 0
