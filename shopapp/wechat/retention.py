"""How long what passed between a person and the official account is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete

from shopapp.kernel.db import rows_changed, transaction

from .models import MessageState, OutgoingMessage, Push

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
