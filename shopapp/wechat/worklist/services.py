"""Writing the worklist."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, or_, update

from shopapp.kernel.db import insert_once, rows_changed

from .models import NoticeState, PayNotice


def keep_notice(
    *,
    notice_id: str,
    kind: str,
    number: str,
    state: NoticeState,
    problem: str | None,
    content: str,
    now: datetime,
) -> None:
    """Keep an authentic word of the platform, once. What later turns out well leaves the worklist."""
    inserted = insert_once(
        PayNotice,
        notice_id=notice_id[:64],
        kind=kind[:48],
        number=number[:64],
        state=state,
        problem=problem,
        content=content,
        received_at=now,
    )
    if not inserted and state is NoticeState.DONE:
        open_one = update(PayNotice).where(
            PayNotice.notice_id == notice_id[:64], PayNotice.state != NoticeState.DONE
        )
        rows_changed(open_one.values(state=state, problem=None))


def mark_seen(*, notice_id: int, by: str) -> bool:
    """A member of staff has dealt with an entry of the worklist. False if it was dealt with before."""
    open_one = update(PayNotice).where(PayNotice.id == notice_id, PayNotice.seen_by.is_(None))
    return rows_changed(open_one.values(seen_by=by[:80])) == 1


def forget_words(*, numbers: Collection[Select[str]]) -> None:
    """Forget what the platform said about the numbers that these statements select: it names the person."""
    about = or_(*(PayNotice.number.in_(some) for some in numbers))
    rows_changed(update(PayNotice).where(about).values(content=""))
