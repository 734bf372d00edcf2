"""Welcomes that the platform did not take as the answer to a follow: sent as a customer-service text while the window is
open, else kept as missed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shopapp.kernel.db import transaction
from shopapp.wechat.inbound import queries as inbound
from shopapp.wechat.inbound import services as pushes
from shopapp.wechat.inbound.queries import UnheardFollow
from shopapp.wechat.messages import note_missed, queue_service_text
from shopapp.wechat.windows import LIVES

from . import services

TOPIC = "welcome"
REPEATS_END = timedelta(seconds=20)
"""The platform sends a push three times, five seconds apart at least; after that no answer of ours is awaited."""

BATCH = 200


def repair(*, now: datetime) -> int:
    """See to the follows whose answer was not heard; returns how many. One transaction each."""
    follows = inbound.unheard_follows(before=now - REPEATS_END, limit=BATCH)
    for follow in follows:
        words = services.welcome_words(scene=follow.scene)
        with transaction():
            if pushes.take_over(push_id=follow.push_id) and words:
                _send(follow, words=words, now=now)
    return len(follows)


def _send(follow: UnheardFollow, *, words: str, now: datetime) -> None:
    left = follow.at + LIVES["follow"] - now
    if left <= timedelta(0):
        miss(openid=follow.openid, at=follow.at, now=now)
        return
    key = key_of(openid=follow.openid, at=follow.at)
    queue_service_text(key=key, openid=follow.openid, topic=TOPIC, text=words, now=now, lapses_after=left)


def miss(*, openid: str, at: datetime, now: datetime) -> None:
    """Keep that somebody who followed at this time was not welcomed."""
    note_missed(key=key_of(openid=openid, at=at), openid=openid, topic=TOPIC, now=now)


def key_of(*, openid: str, at: datetime) -> str:
    """One for each follow, whoever learnt of it."""
    return f"{TOPIC}:{openid[:90]}:{int(at.timestamp())}"
