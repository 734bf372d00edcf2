"""Everybody's ways in: follows and scans with a scene, and browsers that come by a short link."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from shopapp.kernel import preferences
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.settings import settings
from shopapp.members.identity import services as identity

from .models import Channel, ChannelVisit, LinkVisit, Touch, TouchKind


def note_visit(*, scene: str, openid: str, kind: TouchKind, at: datetime, now: datetime) -> bool:
    """Count a follow or a scan through a channel, once, and keep it as a way by which the person came; tells whether it
    was counted. Scenes that are no channel's are passed over."""
    channel_id = db.session.scalar(select(Channel.id).filter_by(scene=scene))
    if channel_id is None:
        return False
    visit = {"channel_id": channel_id, "openid": openid, "kind": kind.value, "at": at}
    if not insert_once(ChannelVisit, **visit):
        return False
    visit_id = db.session.scalars(select(ChannelVisit.id).filter_by(**visit)).one()
    account = identity.know_account(appid=settings().wx_appid, openid=openid, now=now)
    _keep_touch(
        customer_id=account.customer_id, channel_id=channel_id, kind=kind, at=at, visit_key=f"v:{visit_id}"
    )
    return True


def note_link_visit(
    *, channel_id: int, visitor: str, serial: str, customer_id: int | None, now: datetime
) -> bool:
    """Count a browser at a channel's link (row id), once a day and printed copy; tells whether it was counted.

    `visitor` is a hash; whoever is signed in has come that way.
    """
    day = shop_day(now)
    visit = {"channel_id": channel_id, "visitor": visitor, "day": day, "serial": serial}
    if not insert_once(LinkVisit, **visit, at=now, customer_id=customer_id):
        return False
    if customer_id is not None:
        row = db.session.scalars(select(LinkVisit).filter_by(**visit)).one()
        _keep_link_touch(row, customer_id=customer_id)
    return True


def adopt_visits(*, customer_id: int, visitor: str, now: datetime) -> int:
    """Whose browser it was: what it visited within the window before, as nobody's, becomes this customer's ways in.

    Returns how many visits those were.
    """
    since = now - timedelta(days=int(preferences.read("channels.window_days")))
    nobodys = select(LinkVisit).where(
        LinkVisit.visitor == visitor, LinkVisit.customer_id.is_(None), LinkVisit.at >= since
    )
    adopted = 0
    for row in db.session.scalars(nobodys.order_by(LinkVisit.id)).all():
        mine = update(LinkVisit).where(LinkVisit.id == row.id, LinkVisit.customer_id.is_(None))
        if rows_changed(mine.values(customer_id=customer_id)):
            _keep_link_touch(row, customer_id=customer_id)
            adopted += 1
    return adopted


def _keep_link_touch(visit: LinkVisit, *, customer_id: int) -> None:
    _keep_touch(
        customer_id=customer_id,
        channel_id=visit.channel_id,
        kind=TouchKind.LINK,
        serial=visit.serial,
        at=visit.at,
        visit_key=f"l:{visit.id}",
    )


def _keep_touch(
    *, customer_id: int, channel_id: int, kind: TouchKind, serial: str = "", at: datetime, visit_key: str
) -> None:
    insert_once(
        Touch,
        customer_id=customer_id,
        channel_id=channel_id,
        kind=kind,
        serial=serial,
        at=at,
        visit_key=visit_key,
    )
