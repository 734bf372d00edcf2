"""What became of messages that were sent, as the platform tells afterwards."""

from __future__ import annotations

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.wechat.models import MESSAGE_MOVES, MessageState, OutgoingMessage

DELIVERED = "success"


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
