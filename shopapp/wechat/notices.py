"""Subscription notices: who allows how many of which. The platform alone tells when somebody agreed or refused; a page that
says so is not believed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update

from shopapp.kernel.db import db, insert_once, rows_changed

from .inbound.incoming import Incoming
from .models import NoticeGrant

TEMPLATE_ID_LENGTH_MAX = 64
ENTRIES_MAX = 20


@dataclass(frozen=True, kw_only=True)
class Total:
    """What a template's notices came to: agreed so often, sent so many, and still allowed so many by so many people."""

    template_id: str
    granted: int
    used: int
    left: int
    people: int


def note_popup(incoming: Incoming) -> None:
    """Somebody answered the question on a page or in an article: each yes allows one notice more."""
    for entry in _entries(incoming, "SubscribeMsgPopupEvent"):
        if entry.get("SubscribeStatusString") == "accept":
            _change(incoming, entry, granted=NoticeGrant.granted + 1, left=NoticeGrant.left + 1)
        elif entry.get("SubscribeStatusString") == "reject":
            _change(incoming, entry, refused_at=incoming.at)


def note_change(incoming: Incoming) -> None:
    """Somebody switched a notice off in the settings: what was left is gone."""
    for entry in _entries(incoming, "SubscribeMsgChangeEvent"):
        if entry.get("SubscribeStatusString") == "reject":
            _change(incoming, entry, left=0, refused_at=incoming.at)


def sent_results(incoming: Incoming) -> dict[str, str]:
    """What became of notices, by template: empty for delivered, else the platform's words."""
    entries = _entries(incoming, "SubscribeMsgSentEvent")
    return {
        str(entry.get("TemplateId", "")): ""
        if str(entry.get("ErrorCode", "0")) == "0"
        else str(entry.get("ErrorStatus") or "failed")
        for entry in entries
    }


def _entries(incoming: Incoming, name: str) -> list[dict[str, Any]]:
    """One entry arrives as an object, several as a list."""
    event = incoming.fields.get(name)
    found = event.get("List") if isinstance(event, dict) else None
    listed = found if isinstance(found, list) else [found]
    return [entry for entry in listed[:ENTRIES_MAX] if isinstance(entry, dict)]


def _change(incoming: Incoming, entry: dict[str, Any], **values: Any) -> None:
    template_id = str(entry.get("TemplateId", ""))
    if not 0 < len(template_id) <= TEMPLATE_ID_LENGTH_MAX:
        return
    mine = {"openid": incoming.openid, "template_id": template_id}
    insert_once(NoticeGrant, **mine, granted=0, used=0, left=0, changed_at=incoming.at)
    rows_changed(update(NoticeGrant).filter_by(**mine).values(changed_at=incoming.at, **values))


def take(*, openid: str, template_id: str, now: datetime) -> bool:
    """Use one notice up; tells whether there was one left."""
    one = update(NoticeGrant).filter_by(openid=openid, template_id=template_id).where(NoticeGrant.left > 0)
    less = {"left": NoticeGrant.left - 1, "used": NoticeGrant.used + 1, "changed_at": now}
    return rows_changed(one.values(**less)) == 1


def give_back(*, openid: str, template_id: str) -> None:
    """Undo `take` for a notice that certainly was not sent."""
    one = update(NoticeGrant).filter_by(openid=openid, template_id=template_id).where(NoticeGrant.used > 0)
    rows_changed(one.values(left=NoticeGrant.left + 1, used=NoticeGrant.used - 1))


def forget_left(*, openid: str, template_id: str) -> None:
    """The platform says that nothing is left, whatever we counted."""
    mine = update(NoticeGrant).filter_by(openid=openid, template_id=template_id)
    rows_changed(mine.values(left=0))


def totals() -> list[Total]:
    """All templates that anybody ever agreed to, those with most left first."""
    left = func.sum(NoticeGrant.left)
    open_ones = func.count().filter(NoticeGrant.left > 0)
    statement = (
        select(
            NoticeGrant.template_id,
            func.sum(NoticeGrant.granted),
            func.sum(NoticeGrant.used),
            left,
            open_ones,
        )
        .group_by(NoticeGrant.template_id)
        .order_by(left.desc(), NoticeGrant.template_id)
    )
    return [
        Total(template_id=row[0], granted=row[1], used=row[2], left=row[3], people=row[4])
        for row in db.session.execute(statement)
    ]


def ledger(*, template_id: str) -> Select[NoticeGrant]:
    """A row for each person who was asked about this template, the latest first."""
    mine = select(NoticeGrant).filter_by(template_id=template_id)
    return mine.order_by(NoticeGrant.changed_at.desc(), NoticeGrant.id.desc())


def of_people(*, openids: Collection[str]) -> list[NoticeGrant]:
    """What these accounts allow."""
    mine = select(NoticeGrant).where(NoticeGrant.openid.in_(openids)).order_by(NoticeGrant.id)
    return list(db.session.scalars(mine))
