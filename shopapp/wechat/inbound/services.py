"""What a push does: it is kept once, its windows opened, its news published, its reply remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import structlog
from flask import Flask, current_app
from sqlalchemy import select, update

from shopapp.events import AccountFollowed, AccountUnfollowed, SceneScanned
from shopapp.kernel import outbox
from shopapp.kernel.db import db, rows_changed
from shopapp.wechat import notices, windows
from shopapp.wechat.messages import results
from shopapp.wechat.models import Push
from shopapp.wechat.statements import insert_push

from .incoming import Incoming
from .replies import Reply, reply_xml

log = structlog.get_logger(__name__)

Replier = Callable[[Incoming], Reply | None]
REPLIER = "replier"


def set_replier(app: Flask, replier: Replier) -> None:
    """Name the function that chooses the reply to a push. It reads only, and quickly: the platform waits 5 seconds."""
    app.extensions[REPLIER] = replier


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The XML of a reply; none, and `failed`, when it could not be made."""

    reply: str | None = None
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The reply to give to one delivery of a push. `open` while nobody knows of one that the platform took in time."""

    reply: str | None
    open: bool = False


def choose_reply(*, incoming: Incoming, now: datetime) -> Chosen:
    """The XML of the reply, made before the transaction so that this stays short. A failing replier is no reason to
    lose the push."""
    replier = cast("Replier | None", current_app.extensions.get(REPLIER))
    if replier is None:
        return Chosen()
    try:
        reply = replier(incoming)
    except Exception as problem:
        log.error("no reply could be chosen", kind=incoming.kind, exc_info=problem)
        return Chosen(failed=True)
    return Chosen(reply=None if reply is None else reply_xml(reply, to=incoming, now=now))


def receive(*, incoming: Incoming, chosen: Chosen, now: datetime) -> Answer:
    """Keep the push and let it take effect, once; returns the reply to give.

    A repeat gets the reply of the first delivery and changes nothing, but for a reply that could not be made then. While
    that one still runs, the unique key makes the repeat wait for it; if it fails, the repeat takes its place.
    """
    fresh = insert_push(
        dedup_key=incoming.key,
        openid=incoming.openid,
        kind=incoming.kind,
        content=incoming.text,
        reply=chosen.reply,
        created_at=incoming.at,
        received_at=now,
        unheard_since=now if chosen.failed else None,
    )
    if not fresh:
        return _repeated(incoming.key, chosen)
    act = windows.act_of(kind=incoming.kind, is_event=incoming.is_event)
    if act is not None:
        windows.open_window(openid=incoming.openid, act=act, at=incoming.at)
    if incoming.is_event:
        _take_effect(incoming, now=now)
    return Answer(reply=chosen.reply)


def _repeated(key: str, chosen: Chosen) -> Answer:
    row = db.session.execute(select(Push.reply, Push.unheard_since).where(Push.dedup_key == key)).one()
    if row.unheard_since is not None and row.reply is None and chosen.reply is not None:
        late = update(Push).where(
            Push.dedup_key == key, Push.reply.is_(None), Push.unheard_since.is_not(None)
        )
        if rows_changed(late.values(reply=chosen.reply)):
            return Answer(reply=chosen.reply, open=True)
    return Answer(reply=row.reply, open=row.unheard_since is not None)


def note_unheard(*, key: str, now: datetime) -> None:
    """The platform had stopped waiting before the reply was made. It sends the push again, three times in all."""
    rows_changed(update(Push).where(Push.dedup_key == key).values(unheard_since=now))


def note_heard(*, key: str) -> None:
    """A reply was made in time."""
    rows_changed(update(Push).where(Push.dedup_key == key).values(unheard_since=None))


def take_over(*, push_id: int) -> bool:
    """Let the reply to an unheard push be given by other means, from now on by these alone; tells whether it is ours."""
    unheard = update(Push).where(Push.id == push_id, Push.unheard_since.is_not(None))
    return rows_changed(unheard.values(unheard_since=None, reply=None)) == 1


def _take_effect(incoming: Incoming, *, now: datetime) -> None:
    match incoming.kind:
        case "subscribe":
            outbox.publish(AccountFollowed(openid=incoming.openid, scene=incoming.scene, at=incoming.at))
        case "unsubscribe":
            windows.close_all(openid=incoming.openid, before=incoming.at)
            outbox.publish(AccountUnfollowed(openid=incoming.openid, at=incoming.at))
        case "scan" if incoming.scene:
            outbox.publish(SceneScanned(openid=incoming.openid, scene=incoming.scene, at=incoming.at))
        case "subscribe_msg_popup_event":
            notices.note_popup(incoming)
        case "subscribe_msg_change_event":
            notices.note_change(incoming)
        case "subscribe_msg_sent_event":
            for template_id, problem in notices.sent_results(incoming).items():
                results.note_notice(openid=incoming.openid, template_id=template_id, problem=problem)
        case "templatesendjobfinish":
            results.note(platform_id=incoming.field("MsgID"), status=incoming.field("Status"))
