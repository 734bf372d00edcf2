"""Service windows: after an act of theirs a person may be sent so many customer-service messages for some time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from shopapp.kernel import preferences
from shopapp.kernel.db import db, rows_changed

from .models import ServiceWindow
from .statements import upsert_window

LIVES: dict[str, timedelta] = {
    "message": timedelta(hours=48),
    "menu": timedelta(minutes=1),
    "follow": timedelta(minutes=1),
    "scan": timedelta(minutes=1),
}
QUICK_MESSAGES = 3
ACTS = {
    "subscribe": "follow",
    "scan": "scan",
    "click": "menu",
    "scancode_push": "menu",
    "scancode_waitmsg": "menu",
}


def act_of(*, kind: str, is_event: bool) -> str | None:
    """The act that a push stands for, if it opens a window."""
    return ACTS.get(kind) if is_event else "message"


def open_window(*, openid: str, act: str, at: datetime) -> None:
    """Let the window of this act begin anew, unless a later act of that sort is known already."""
    until = at + LIVES[act]
    left = int(preferences.read("wechat.service_messages")) if act == "message" else QUICK_MESSAGES
    upsert_window(openid=openid, act=act, left=left, until=until)


def take(*, openid: str, now: datetime) -> int | None:
    """Use one message of the window that ends soonest; returns its row number, None if none is open."""
    statement = (
        select(ServiceWindow.id)
        .where(ServiceWindow.openid == openid, ServiceWindow.until > now, ServiceWindow.left > 0)
        .order_by(ServiceWindow.until)
    )
    for window_id in db.session.scalars(statement).all():
        one_less = update(ServiceWindow).where(ServiceWindow.id == window_id, ServiceWindow.left > 0)
        if rows_changed(one_less.values(left=ServiceWindow.left - 1)):
            return window_id
    return None


def give_back(*, window_id: int) -> None:
    """Undo `take` for a message that certainly was not sent."""
    rows_changed(
        update(ServiceWindow).where(ServiceWindow.id == window_id).values(left=ServiceWindow.left + 1)
    )


def open_now(*, now: datetime) -> dict[str, tuple[int, int]]:
    """By act: how many people may be written to, and how many messages they can be sent in all."""
    statement = (
        select(ServiceWindow.act, func.count(), func.sum(ServiceWindow.left))
        .where(ServiceWindow.until > now, ServiceWindow.left > 0)
        .group_by(ServiceWindow.act)
    )
    return {act: (people, left) for act, people, left in db.session.execute(statement)}


def close_all(*, openid: str, before: datetime | None = None) -> None:
    """Forget the windows of a person, or only those whose acts can lie before a time."""
    statement = delete(ServiceWindow).where(ServiceWindow.openid == openid)
    if before is not None:
        statement = statement.where(ServiceWindow.until <= before + LIVES["message"])
    rows_changed(statement)
