"""Sending what is queued: a row is claimed, the platform called, the result written, each in its own transaction.

Before the call the row notes that its result is in doubt; any clear answer takes the note away. A template message carries
the hash of its key, so the platform sends it once however often it is repeated within ten minutes; after that, and for a
customer-service message always, a doubtful one is left for people to judge rather than sent twice.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select

from shopapp.events import AccountUnfollowed
from shopapp.kernel import clock, outbox
from shopapp.kernel.db import db, transaction
from shopapp.wechat import calls, notices, quotas, windows
from shopapp.wechat.api import (
    NOT_FOLLOWING,
    NOTHING_LEFT,
    WINDOW_CLOSED,
    WINDOW_USED_UP,
    Outcome,
    PlatformError,
)
from shopapp.wechat.models import MESSAGE_MOVES, MessageKind, MessageState, OutgoingMessage, Push
from shopapp.wechat.xml import parse

from . import results
from .queueing import LAPSED

log = structlog.get_logger(__name__)

BATCH = 50
SECONDS_MAX = 20
LEASE = timedelta(minutes=2)
REPEATABLE_FOR = timedelta(minutes=9)
TRIES_MAX = 12
PAUSES = [timedelta(seconds=seconds) for seconds in (5, 15, 60, 180, 600, 1800, 3600)]
CONFIGURATION_PAUSE = timedelta(minutes=10)
REQUEUED_LAPSES = timedelta(days=1)
SENT_BEFORE_RESULT = timedelta(minutes=10)
PATHS = {
    MessageKind.TEMPLATE: "/cgi-bin/message/template/send",
    MessageKind.SERVICE: "/cgi-bin/message/custom/send",
    MessageKind.NOTICE: "/cgi-bin/message/subscribe/bizsend",
}
NO_GRANT = "no subscription is left"
NO_WINDOW = "no service window is open"
UNKNOWN_RESULT = "nobody knows whether it was sent"


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A message that is ours to send until its claim ends."""

    id: int
    openid: str
    kind: MessageKind
    body: dict[str, Any]
    window_id: int | None


def send_due(now: datetime) -> int:
    """Send what is due, for at most some seconds; returns how many messages reached an end. Stops when the platform gives
    no answer: the next run begins again."""
    release_abandoned(now=now)
    started, ended = clock.monotonic(), 0
    due = (
        select(OutgoingMessage.id)
        .where(OutgoingMessage.state == MessageState.QUEUED, OutgoingMessage.next_try_at <= now)
        .order_by(OutgoingMessage.next_try_at, OutgoingMessage.id)
        .limit(BATCH)
    )
    for message_id in db.session.scalars(due).all():
        if clock.monotonic() - started > SECONDS_MAX:
            break
        claimed = _claim(message_id=message_id, now=now)
        if claimed is None:
            continue
        ended += (outcome := _send(claimed, now=now)) is None
        if outcome in (Outcome.RETRY, Outcome.CONFIGURATION):
            break
    return ended


def release_abandoned(*, now: datetime) -> None:
    """Queue again what a killed worker had claimed."""
    statement = select(OutgoingMessage).where(
        OutgoingMessage.state == MessageState.SENDING, OutgoingMessage.claimed_until <= now
    )
    with transaction():
        for message in db.session.scalars(statement.limit(BATCH)).all():
            MESSAGE_MOVES.try_move(message, MessageState.QUEUED, claimed_until=None)


def _claim(*, message_id: int, now: datetime) -> Claimed | None:
    """The message with its claim and its place in a window; None if it is not to be sent, or somebody else sends it."""
    with transaction():
        message = db.session.get_one(OutgoingMessage, message_id)
        if message.state is not MessageState.QUEUED or not _worth_sending(message, now=now):
            return None
        if not MESSAGE_MOVES.try_move(
            message,
            MessageState.SENDING,
            claimed_until=now + LEASE,
            tries=message.tries + 1,
            doubt_since=message.doubt_since or now,
        ):
            return None
        window_id = None
        if message.kind is MessageKind.SERVICE:
            window_id = windows.take(openid=message.openid, now=now)
            if window_id is None:
                MESSAGE_MOVES.move(message, MessageState.SKIPPED, problem=NO_WINDOW, doubt_since=None)
                return None
        body = json.loads(message.body)
        if message.kind is MessageKind.NOTICE:
            granted = notices.take(openid=message.openid, template_id=body["template_id"], now=now)
            if not granted:
                MESSAGE_MOVES.move(message, MessageState.SKIPPED, problem=NO_GRANT, doubt_since=None)
                return None
        return Claimed(
            id=message.id,
            openid=message.openid,
            kind=message.kind,
            body={"touser": message.openid, **body, **_client_id(message)},
            window_id=window_id,
        )


def _worth_sending(message: OutgoingMessage, *, now: datetime) -> bool:
    doubt = message.doubt_since
    repeatable = message.kind is MessageKind.TEMPLATE and (doubt is None or now - doubt < REPEATABLE_FOR)
    if doubt is not None and not repeatable:
        if MESSAGE_MOVES.try_move(message, MessageState.SENDING):
            MESSAGE_MOVES.move(message, MessageState.FAILED, problem=UNKNOWN_RESULT)
        return False
    if message.lapses_at <= now:
        MESSAGE_MOVES.try_move(message, MessageState.SKIPPED, problem=LAPSED)
        return False
    return True


def _client_id(message: OutgoingMessage) -> dict[str, str]:
    if message.kind is not MessageKind.TEMPLATE:
        return {}
    return {"client_msg_id": hashlib.sha256(message.key.encode()).hexdigest()[:32]}


def _send(claimed: Claimed, *, now: datetime) -> Outcome | None:
    """Call, and write what came of it; None when the message reached an end, else why it must wait."""
    try:
        answer = calls.ask("POST", PATHS[claimed.kind], body=claimed.body, now=now)
    except PlatformError as problem:
        with transaction():
            return _write_refusal(claimed, problem, now=now)
    with transaction():
        _write_sent(claimed, platform_id=str(answer.get("msgid", ""))[:64] or None, now=now)
    return None


def _write_sent(claimed: Claimed, *, platform_id: str | None, now: datetime) -> None:
    message = db.session.get_one(OutgoingMessage, claimed.id)
    sent = MESSAGE_MOVES.try_move(
        message,
        MessageState.SENT,
        platform_id=platform_id,
        sent_at=now,
        claimed_until=None,
        doubt_since=None,
        problem=None,
        error_code=None,
    )
    if sent and platform_id is not None:
        _take_early_result(claimed, platform_id=platform_id, now=now)


def _take_early_result(claimed: Claimed, *, platform_id: str, now: datetime) -> None:
    """The platform can tell the result before its answer to the call has been written here."""
    statement = select(Push.content).where(
        Push.openid == claimed.openid,
        Push.kind == "templatesendjobfinish",
        Push.received_at > now - SENT_BEFORE_RESULT,
    )
    for content in db.session.scalars(statement.limit(BATCH)).all():
        fields = parse(content)
        if fields.get("MsgID") == platform_id:
            results.note(platform_id=platform_id, status=str(fields.get("Status", "")))


def _write_refusal(claimed: Claimed, problem: PlatformError, *, now: datetime) -> Outcome | None:
    message = db.session.get_one(OutgoingMessage, claimed.id)
    facts: dict[str, Any] = {"error_code": problem.code, "problem": problem.text[:300], "claimed_until": None}
    if not problem.in_doubt:
        facts["doubt_since"] = None
        if claimed.window_id is not None and problem.outcome is not Outcome.PERMANENT:
            windows.give_back(window_id=claimed.window_id)
        if claimed.kind is MessageKind.NOTICE:
            _restore_grant(claimed, problem)
    if problem.outcome is Outcome.PERMANENT:
        _write_end(message, problem, facts=facts, now=now)
        return None
    if problem.outcome is Outcome.RETRY and message.tries >= TRIES_MAX:
        MESSAGE_MOVES.try_move(message, MessageState.FAILED, **facts)
        return None
    MESSAGE_MOVES.try_move(
        message, MessageState.QUEUED, next_try_at=_next_try(problem, tries=message.tries, now=now), **facts
    )
    return problem.outcome


def _restore_grant(claimed: Claimed, problem: PlatformError) -> None:
    """A notice that was clearly refused was not used; that none is left, the platform knows better."""
    mine = {"openid": claimed.openid, "template_id": claimed.body["template_id"]}
    notices.give_back(**mine)
    if problem.code == NOTHING_LEFT:
        notices.forget_left(**mine)


def _write_end(
    message: OutgoingMessage, problem: PlatformError, *, facts: dict[str, Any], now: datetime
) -> None:
    """Refused for good: skipped where a rule of the platform forbids it, failed where we are to blame."""
    forbidden = problem.code in (NOT_FOLLOWING, WINDOW_CLOSED, WINDOW_USED_UP, 43019, NOTHING_LEFT)
    MESSAGE_MOVES.try_move(message, MessageState.SKIPPED if forbidden else MessageState.FAILED, **facts)
    if problem.code == NOT_FOLLOWING:
        outbox.publish(AccountUnfollowed(openid=message.openid, at=now))
    if problem.code in (WINDOW_CLOSED, WINDOW_USED_UP):
        windows.close_all(openid=message.openid)


def _next_try(problem: PlatformError, *, tries: int, now: datetime) -> datetime:
    if problem.outcome is Outcome.QUOTA:
        return quotas.next_midnight(now)
    if problem.outcome is Outcome.CONFIGURATION:
        return now + CONFIGURATION_PAUSE
    return now + PAUSES[min(tries, len(PAUSES)) - 1]


def queue_again(*, message_id: int, now: datetime) -> bool:
    """Try a failed message once more because a person says so, doubts or not; tells whether it was a failed one."""
    message = db.session.get_one(OutgoingMessage, message_id)
    return MESSAGE_MOVES.try_move(
        message,
        MessageState.QUEUED,
        tries=0,
        next_try_at=now,
        lapses_at=now + REQUEUED_LAPSES,
        doubt_since=None,
    )
