"""Channels and what came through them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from shopapp.kernel.db import db
from shopapp.wechat import qrcodes

from .models import Channel, ChannelVisit

LIMIT_MAX = 200


@dataclass(frozen=True, kw_only=True)
class ChannelRow:
    """A channel with its counts: people who followed or scanned through it, and those whose first way in it was.

    `follows` and `scans` count acts, `people` and `first_touches` count persons.
    """

    public_id: str
    name: str
    scene: str
    welcome: str
    qr_url: str | None
    picture_url: str | None
    created_at: datetime
    follows: int
    scans: int
    people: int
    first_touches: int


def listing(*, limit: int = LIMIT_MAX) -> list[ChannelRow]:
    """The newest channels first."""
    return _rows(select(Channel).order_by(Channel.id.desc()).limit(min(limit, LIMIT_MAX)))


def find(*, public_id: str) -> ChannelRow | None:
    rows = _rows(select(Channel).filter_by(public_id=public_id))
    return rows[0] if rows else None


def welcome_of(*, scene: str) -> str:
    """The channel's own welcome; empty for a scene that is no channel's."""
    return db.session.scalar(select(Channel.welcome).filter_by(scene=scene)) or ""


def first_channel_of(*, openid: str) -> str | None:
    """Public id of the channel through which this person came first: it keeps them, later ones do not take them over."""
    return db.session.scalar(
        select(Channel.public_id)
        .join(ChannelVisit, ChannelVisit.channel_id == Channel.id)
        .where(ChannelVisit.openid == openid)
        .order_by(ChannelVisit.at, ChannelVisit.id)
        .limit(1)
    )


def _rows(statement: Select[Channel]) -> list[ChannelRow]:
    channels = list(db.session.scalars(statement))
    ids = [channel.id for channel in channels]
    acts = _acts(ids)
    people = _people(ids)
    firsts = _first_touches(ids)
    return [
        ChannelRow(
            public_id=channel.public_id,
            name=channel.name,
            scene=channel.scene,
            welcome=channel.welcome,
            qr_url=channel.qr_url,
            picture_url=qrcodes.picture_url(ticket=channel.qr_ticket) if channel.qr_ticket else None,
            created_at=channel.created_at,
            follows=acts.get((channel.id, "follow"), 0),
            scans=acts.get((channel.id, "scan"), 0),
            people=people.get(channel.id, 0),
            first_touches=firsts.get(channel.id, 0),
        )
        for channel in channels
    ]


def _acts(channel_ids: list[int]) -> dict[tuple[int, str], int]:
    statement = (
        select(ChannelVisit.channel_id, ChannelVisit.kind, func.count())
        .where(ChannelVisit.channel_id.in_(channel_ids))
        .group_by(ChannelVisit.channel_id, ChannelVisit.kind)
    )
    return {(channel_id, kind): count for channel_id, kind, count in db.session.execute(statement)}


def _people(channel_ids: list[int]) -> dict[int, int]:
    statement = (
        select(ChannelVisit.channel_id, func.count(ChannelVisit.openid.distinct()))
        .where(ChannelVisit.channel_id.in_(channel_ids))
        .group_by(ChannelVisit.channel_id)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def _first_touches(channel_ids: list[int]) -> dict[int, int]:
    turn = func.row_number().over(
        partition_by=ChannelVisit.openid, order_by=(ChannelVisit.at, ChannelVisit.id)
    )
    ranked = select(ChannelVisit.channel_id, turn.label("turn")).subquery()
    statement = (
        select(ranked.c.channel_id, func.count())
        .where(ranked.c.turn == 1, ranked.c.channel_id.in_(channel_ids))
        .group_by(ranked.c.channel_id)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}
