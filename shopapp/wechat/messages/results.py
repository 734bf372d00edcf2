"""What became of messages that were sent, as the platform tells afterwards."""

from __future__ import annotations

import json

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.wechat.models import MESSAGE_MOVES, MessageKind, MessageState, OutgoingMessage

DELIVERED = "success"
SENT_SEARCHED = 20


def note(*, platform_id: str, status: str) -> bool:
    """Move the message with this msgid to delivered or failed; tells whether there was one that waited for it.

    `status` is `success`, `failed:user block`, `failed: system failed` or another failure.
    """
    if not platform_id:
        return False
    message = db.session.scalar(select(OutgoingMessage).filter_by(platform_id=platform_id[:64]).limit(1))
    if message is None:
        return False
    if status == DELIVERED:
        return MESSAGE_MOVES.try_move(message, MessageState.DELIVERED)
    return MESSAGE_MOVES.try_move(message, MessageState.FAILED, problem=status[:200])


def note_notice(*, openid: str, template_id: str, problem: str) -> bool:
    """Move the earliest sent subscription notice of this template to delivered, or to failed with a problem; the platform
    gives these no number. Tells whether there was one that waited."""
    sent = select(OutgoingMessage).filter_by(openid=openid, kind=MessageKind.NOTICE, state=MessageState.SENT)
    for message in db.session.scalars(sent.order_by(OutgoingMessage.id).limit(SENT_SEARCHED)).all():
        if json.loads(message.body).get("template_id") == template_id:
            if not problem:
                return MESSAGE_MOVES.try_move(message, MessageState.DELIVERED)
            return MESSAGE_MOVES.try_move(message, MessageState.FAILED, problem=problem[:200])
    return False
