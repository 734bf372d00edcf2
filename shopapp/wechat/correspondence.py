"""What passed between a person and the official account, as staff may look at it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, select, union_all

from shopapp.kernel.db import db

from . import xml
from .models import MessageState, OutgoingMessage, Push


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One message or act. `kind` is that of a push, or the topic of what the shop sent; `state` is of the latter alone.

    `text` is what was written, empty for an act such as a follow.
    """

    from_customer: bool
    kind: str
    text: str
    at: datetime
    state: MessageState | None = None


def letters_statement(*, openids: Collection[str]) -> Select[Any]:
    """(row id, from the customer, when) of all letters of these accounts, the newest first."""
    pushes = select(Push.id.label("row_id"), literal(1).label("theirs"), Push.created_at.label("at"))
    sent = select(OutgoingMessage.id, literal(0), OutgoingMessage.created_at)
    both = union_all(
        pushes.where(Push.openid.in_(openids)), sent.where(OutgoingMessage.openid.in_(openids))
    ).subquery()
    return select(both).order_by(both.c.at.desc(), both.c.theirs, both.c.row_id.desc())


def any_with(*, openids: Collection[str]) -> bool:
    """Whether anything passed between these accounts and the shop."""
    return db.session.execute(letters_statement(openids=openids).limit(1)).first() is not None


def read(rows: Sequence[Any]) -> list[Letter]:
    """The letters of rows of `letters_statement`, in their order, in two queries."""
    theirs, ours = [row.row_id for row in rows if row.theirs], [row.row_id for row in rows if not row.theirs]
    pushes = {push.id: push for push in db.session.scalars(select(Push).where(Push.id.in_(theirs)))}
    sent = select(OutgoingMessage).where(OutgoingMessage.id.in_(ours))
    messages = {message.id: message for message in db.session.scalars(sent)}
    return [_pushed(pushes[row.row_id]) if row.theirs else _sent(messages[row.row_id]) for row in rows]


def _pushed(push: Push) -> Letter:
    return Letter(from_customer=True, kind=push.kind, text=_written(push.content), at=push.created_at)


def _written(content: str) -> str:
    """What a person typed, or said as the platform understood it."""
    try:
        fields = xml.parse(content)
    except ValueError:
        return ""
    found = fields.get("Content") or fields.get("Recognition") or ""
    return found if isinstance(found, str) else ""


def _sent(message: OutgoingMessage) -> Letter:
    body = json.loads(message.body) if message.body else {}
    text = body.get("text", {}).get("content", "") if isinstance(body, dict) else ""
    values = [field.get("value", "") for field in body.get("data", {}).values()]
    return Letter(
        from_customer=False,
        kind=message.topic,
        text=text or " · ".join(value for value in values if value),
        at=message.created_at,
        state=message.state,
    )
