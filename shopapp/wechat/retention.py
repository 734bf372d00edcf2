"""How long what passed between a person and the official account is kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, rows_changed, transaction

from . import notices
from .models import MessageState, NoticeGrant, OutgoingMessage, Push, ServiceWindow

PUSHES_KEPT = timedelta(days=90)
MESSAGES_KEPT = timedelta(days=180)
ENDED = (MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED, MessageState.SKIPPED)


def forget_old(*, now: datetime) -> int:
    """Delete what people wrote and what they were sent, when it is old; nothing that still waits to be sent."""
    old_pushes = delete(Push).where(Push.received_at < now - PUSHES_KEPT)
    old_messages = delete(OutgoingMessage).where(
        OutgoingMessage.created_at < now - MESSAGES_KEPT, OutgoingMessage.state.in_(ENDED)
    )
    with transaction():
        return rows_changed(old_pushes) + rows_changed(old_messages)


def export(*, openids: Collection[str]) -> list[dict[str, Any]]:
    """What these accounts wrote and did, and what they were sent, the oldest first."""
    pushes = select(Push).where(Push.openid.in_(openids)).order_by(Push.id)
    sent = select(OutgoingMessage).where(OutgoingMessage.openid.in_(openids)).order_by(OutgoingMessage.id)
    said: list[dict[str, Any]] = [
        {"from": "customer", "kind": push.kind, "content": push.content, "at": push.created_at}
        for push in db.session.scalars(pushes)
    ]
    said += [
        {"from": "shop", "kind": message.topic, "content": message.body, "at": message.created_at}
        for message in db.session.scalars(sent)
    ]
    said += [
        {
            "from": "customer",
            "kind": "notices_allowed",
            "content": f"{grant.template_id}: {grant.granted}/{grant.used}/{grant.left}",
            "at": grant.changed_at,
        }
        for grant in notices.of_people(openids=openids)
    ]
    said.sort(key=lambda one: one["at"])
    return [one | {"at": one["at"].astimezone(SHOP_ZONE).isoformat()} for one in said]


def forget(*, openids: Collection[str]) -> None:
    """Delete all that passed between these accounts and the shop, also what still waits to be sent."""
    for table in (Push, OutgoingMessage, ServiceWindow, NoticeGrant):
        rows_changed(delete(table).where(table.openid.in_(openids)))
