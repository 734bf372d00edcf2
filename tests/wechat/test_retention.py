"""What people wrote and were sent is not kept for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import select, update

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.wechat import retention
from shopapp.wechat.messages import queue_template
from shopapp.wechat.models import MessageState, OutgoingMessage, Push
from tests.support.wechat import event, push

OPENID = "oTEST_openid_000000000000001"
NOW = datetime(2026, 6, 1, 4, 30, tzinfo=UTC)


def received_days_ago(days: int) -> None:
    with transaction():
        newest = select(Push.id).order_by(Push.id.desc()).limit(1).scalar_subquery()
        moment = NOW - timedelta(days=days)
        db.session.execute(update(Push).where(Push.id == newest).values(received_at=moment))


def test_old_pushes_are_forgotten_and_young_ones_stay(app: Flask) -> None:
    for number, days in enumerate((91, 89)):
        push(app, event(OPENID, "unsubscribe", at=1767225600 + number, EventKey=""))
        received_days_ago(days)
    assert retention.forget_old(now=NOW) == 1
    assert db.session.scalar(select(db.func.count(Push.id))) == 1


def test_old_messages_are_forgotten_once_nothing_more_comes_of_them(app: Flask) -> None:
    for state in MessageState:
        with transaction():
            queue_template(
                key=state.value, openid=OPENID, topic="order_paid", data={}, path="/orders/1", now=clock.now()
            )
            db.session.execute(
                update(OutgoingMessage)
                .where(OutgoingMessage.key == state.value)
                .values(state=state, created_at=NOW - timedelta(days=181))
            )
    retention.forget_old(now=NOW)
    left = db.session.scalars(select(OutgoingMessage.state).order_by(OutgoingMessage.id)).all()
    assert set(left) == {MessageState.QUEUED, MessageState.SENDING}
