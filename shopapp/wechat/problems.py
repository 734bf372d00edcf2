"""What the merchant must set right with the platform, kept until it works again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from shopapp.kernel.db import db, insert_once, rows_changed

from .models import PlatformProblem

CODE_LENGTH_MAX = 64


def record(*, code: str, problem: str, facts: dict[str, Any], now: datetime) -> None:
    """Keep a problem under its code, the latest words of it alone."""
    code = code[:CODE_LENGTH_MAX]
    values = {"problem": problem, "facts": facts, "seen_at": now}
    if not insert_once(PlatformProblem, code=code, **values):
        rows_changed(update(PlatformProblem).where(PlatformProblem.code == code).values(**values))


def clear(*, code: str) -> None:
    """It works again."""
    rows_changed(delete(PlatformProblem).where(PlatformProblem.code == code[:CODE_LENGTH_MAX]))


def seen_since(*, prefix: str, since: datetime) -> bool:
    """Whether something whose code begins so went wrong after a time."""
    recent = select(PlatformProblem.id).where(
        PlatformProblem.code.startswith(prefix, autoescape=True), PlatformProblem.seen_at > since
    )
    return db.session.scalar(recent.limit(1)) is not None


def listing() -> list[PlatformProblem]:
    """The latest first."""
    return list(
        db.session.scalars(select(PlatformProblem).order_by(PlatformProblem.seen_at.desc()).limit(50))
    )
