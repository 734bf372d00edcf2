"""How a person came, as part of what is known of them. Erased, a visit still counts, but nobody's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.ids import new_id
from shopapp.members.identity.members import openids_of

from .models import Channel, ChannelVisit, LinkVisit, Touch


def export(customer_id: int) -> list[dict[str, Any]]:
    statement = (
        select(Channel.name, ChannelVisit.kind, ChannelVisit.at)
        .join(Channel, Channel.id == ChannelVisit.channel_id)
        .where(ChannelVisit.openid.in_(openids_of(customer_id)))
        .order_by(ChannelVisit.id)
    )
    return [
        {"channel": name, "kind": kind, "at": at.astimezone(SHOP_ZONE).isoformat()}
        for name, kind, at in db.session.execute(statement)
    ]


def export_touches(customer_id: int) -> list[dict[str, Any]]:
    statement = (
        select(Channel.name, Touch.kind, Touch.serial, Touch.at)
        .join(Channel, Channel.id == Touch.channel_id)
        .where(Touch.customer_id == customer_id)
        .order_by(Touch.at, Touch.id)
    )
    return [
        {
            "channel": name,
            "kind": kind.value,
            "serial": serial,
            "at": at.astimezone(SHOP_ZONE).isoformat(),
        }
        for name, kind, serial, at in db.session.execute(statement)
    ]


def erase_touches(customer_id: int, _now: datetime) -> None:
    """The channel keeps its count; neither browser nor printed copy lead to the person any more."""
    rows_changed(update(Touch).where(Touch.customer_id == customer_id).values(serial=""))
    visits = select(LinkVisit.id).where(LinkVisit.customer_id == customer_id)
    for visit_id in db.session.scalars(visits).all():
        gone = {"visitor": f"erased:{new_id()}", "serial": ""}
        rows_changed(update(LinkVisit).where(LinkVisit.id == visit_id).values(gone))


def erase(customer_id: int, _now: datetime) -> None:
    for openid in openids_of(customer_id):
        visits = update(ChannelVisit).where(ChannelVisit.openid == openid)
        rows_changed(visits.values(openid=f"erased:{new_id()}"))
