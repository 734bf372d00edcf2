"""What a push does: it is kept once, its windows opened, its news published, its reply remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

import structlog
from flask import Flask, current_app
from sqlalchemy import select

from shopapp.events import AccountFollowed, AccountUnfollowed, SceneScanned
from shopapp.kernel import outbox
from shopapp.kernel.db import db
from shopapp.wechat import windows
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


def choose_reply(*, incoming: Incoming, now: datetime) -> str | None:
    """The XML of the reply, made before the transaction so that this stays short. A failing replier is no reason to
    lose the push."""
    replier = cast("Replier | None", current_app.extensions.get(REPLIER))
    if replier is None:
        return None
    try:
        reply = replier(incoming)
    except Exception as problem:
        log.error("no reply could be chosen", kind=incoming.kind, exc_info=problem)
        return None
    return None if reply is None else reply_xml(reply, to=incoming, now=now)


def receive(*, incoming: Incoming, reply: str | None, now: datetime) -> str | None:
    """Keep the push and let it take effect, once; returns the reply to give.

    A repeat gets the reply of the first delivery and changes nothing. While that one still runs, the unique key makes
    the repeat wait for it; if it fails, the repeat takes its place.
    """
    fresh = insert_push(
        dedup_key=incoming.key,
        openid=incoming.openid,
        kind=incoming.kind,
        content=incoming.text,
        reply=reply,
        created_at=incoming.at,
        received_at=now,
    )
    if not fresh:
        return db.session.scalar(select(Push.reply).where(Push.dedup_key == incoming.key))
    act = windows.act_of(kind=incoming.kind, is_event=incoming.is_event)
    if act is not None:
        windows.open_window(openid=incoming.openid, act=act, at=incoming.at)
    if incoming.is_event:
        _take_effect(incoming, now=now)
    return reply


def _take_effect(incoming: Incoming, *, now: datetime) -> None:
    match incoming.kind:
        case "subscribe":
            outbox.publish(AccountFollowed(openid=incoming.openid, scene=incoming.scene, at=incoming.at))
        case "unsubscribe":
            windows.close_all(openid=incoming.openid, before=incoming.at)
            outbox.publish(AccountUnfollowed(openid=incoming.openid, at=incoming.at))
        case "scan" if incoming.scene:
            outbox.publish(SceneScanned(openid=incoming.openid, scene=incoming.scene, at=incoming.at))
        case "templatesendjobfinish":
            results.note(platform_id=incoming.field("MsgID"), status=incoming.field("Status"))
