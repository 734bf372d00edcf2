"""Channels, what came through them, and by which of them a person came."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select

from shopapp.kernel import preferences
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.kernel.settings import settings
from shopapp.members.identity import queries as customers
from shopapp.wechat import qrcodes

from . import rules
from .models import Channel, ChannelKind, ChannelVisit, Landing, LinkVisit, Touch, TouchKind

LIMIT_MAX = 500
LINK_PREFIX = "/l/"
ROWS_AT_ONCE = 2000


@dataclass(frozen=True, kw_only=True)
class ChannelRow:
    """A channel with its counts: people who followed or scanned through it, and those whose first way in it was.

    `follows` and `scans` count acts, `people` and `first_touches` count persons, `link_visits` browsers by days.
    `id` is the row's number.
    """

    id: int
    public_id: str
    name: str
    kind: ChannelKind
    platform: str
    shop: str
    sku: str
    staff: str
    cost: Money
    scene: str
    short_code: str
    link: str
    landing: Landing
    product_id: str | None
    welcome: str
    qr_url: str | None
    picture_url: str | None
    created_at: datetime
    follows: int
    scans: int
    people: int
    first_touches: int
    link_visits: int


@dataclass(frozen=True, kw_only=True)
class LinkTarget:
    """Where a short link leads; `channel_id` is a row id, `path` one of our own shop."""

    channel_id: int
    path: str


@dataclass(frozen=True, kw_only=True)
class TouchFacts:
    """A way by which a person came; `channel_id` is the row's number, `serial` the printed copy's if it was read."""

    channel_id: int
    kind: TouchKind
    serial: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Touches:
    """By which way a person first came, and by which they came last."""

    first: TouchFacts | None
    last: TouchFacts | None


@dataclass(frozen=True, kw_only=True)
class ChannelBrief:
    """A channel by name; `id` is the row's number."""

    id: int
    public_id: str
    name: str
    cost: Money
    created_at: datetime


def listing(*, limit: int = LIMIT_MAX) -> list[ChannelRow]:
    """The newest channels first."""
    return _rows(select(Channel).order_by(Channel.id.desc()).limit(min(limit, LIMIT_MAX)))


def page(*, before: int | None, limit: int) -> tuple[list[ChannelRow], int | None]:
    """Channels from before a row number, the newest first, and the number to go on from."""
    statement = select(Channel).order_by(Channel.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(Channel.id < before)
    rows = _rows(statement)
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def find(*, public_id: str) -> ChannelRow | None:
    rows = _rows(select(Channel).filter_by(public_id=public_id))
    return rows[0] if rows else None


def by_row(*, row_id: int) -> ChannelRow | None:
    rows = _rows(select(Channel).filter_by(id=row_id))
    return rows[0] if rows else None


def briefs() -> list[ChannelBrief]:
    """All channels, the oldest first."""
    statement = select(Channel.id, Channel.public_id, Channel.name, Channel.cost, Channel.created_at)
    return [
        ChannelBrief(
            id=row.id, public_id=row.public_id, name=row.name, cost=row.cost, created_at=row.created_at
        )
        for row in db.session.execute(statement.order_by(Channel.id))
    ]


def link_target(*, short_code: str) -> LinkTarget | None:
    row = db.session.execute(
        select(Channel.id, Channel.landing, Channel.product_id).where(Channel.short_code == short_code)
    ).first()
    if row is None:
        return None
    return LinkTarget(
        channel_id=row.id, path=rules.landing_path(landing=row.landing, product_id=row.product_id)
    )


def link_of(*, short_code: str) -> str:
    """The whole address of a short link."""
    return f"{settings().base_url}{LINK_PREFIX}{short_code}"


def is_counted(*, channel_id: int, visitor: str, serial: str, now: datetime) -> bool:
    """Whether this browser was counted at the channel's link today."""
    seen = select(LinkVisit.id).filter_by(
        channel_id=channel_id, visitor=visitor, serial=serial, day=shop_day(now)
    )
    return db.session.scalar(seen) is not None


def window() -> timedelta:
    """How long a way in counts for what a person does afterwards."""
    return timedelta(days=int(preferences.read("channels.window_days")))


def touch_of(*, customer_id: int, now: datetime) -> Touches:
    """By which ways a customer (row id) first and last came.

    The first is for good, but only if it was not later than the window after the shop came to know the person; the last
    one counts while it is not older than the window.
    """
    row = customers.by_ids(customer_ids=[customer_id]).get(customer_id)
    if row is None:
        return Touches(first=None, last=None)
    latest = (
        select(Touch)
        .where(Touch.customer_id == customer_id, Touch.at > now - window(), Touch.at <= now)
        .order_by(Touch.at.desc(), Touch.id.desc())
        .limit(1)
    )
    last = db.session.scalar(latest)
    return Touches(
        first=first_touches(known_since={customer_id: row.created_at}).get(customer_id),
        last=None if last is None else _facts(last),
    )


def first_touches(*, known_since: Mapping[int, datetime]) -> dict[int, TouchFacts]:
    """By which way each of these customers first came; they are given by row id with the time they became known.

    Who was known for longer than the window before came otherwise, and is left out.
    """
    if not known_since:
        return {}
    turn = func.row_number().over(partition_by=Touch.customer_id, order_by=(Touch.at, Touch.id))
    columns = (Touch.customer_id, Touch.channel_id, Touch.kind, Touch.serial, Touch.at)
    # people come by pages: the stretch of their row numbers says it shorter than all of them
    stretch = Touch.customer_id.between(min(known_since), max(known_since))
    ranked = select(*columns, turn.label("turn")).where(stretch).subquery()
    longest = window()
    return {
        row.customer_id: TouchFacts(channel_id=row.channel_id, kind=row.kind, serial=row.serial, at=row.at)
        for row in db.session.execute(select(ranked).where(ranked.c.turn == 1))
        if row.customer_id in known_since and row.at <= known_since[row.customer_id] + longest
    }


def _facts(touch: Touch) -> TouchFacts:
    return TouchFacts(channel_id=touch.channel_id, kind=touch.kind, serial=touch.serial, at=touch.at)


def strangers() -> Iterator[TouchFacts]:
    """The first way in of each browser that came by a short link and whose owner is not known."""
    turn = func.row_number().over(partition_by=LinkVisit.visitor, order_by=(LinkVisit.at, LinkVisit.id))
    ranked = select(LinkVisit.id, turn.label("turn")).subquery()
    known = select(LinkVisit.visitor).where(LinkVisit.customer_id.is_not(None))
    statement = (
        select(LinkVisit.channel_id, LinkVisit.serial, LinkVisit.at)
        .join(ranked, ranked.c.id == LinkVisit.id)
        .where(ranked.c.turn == 1, LinkVisit.visitor.not_in(known))
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for row in db.session.execute(statement):
        yield TouchFacts(channel_id=row.channel_id, kind=TouchKind.LINK, serial=row.serial, at=row.at)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Of the printed copies of one batch: those that begin with `prefix`, up to `last`."""

    channel_id: int
    prefix: str
    last: str


def serials_seen(*, of: Sequence[Numbers]) -> dict[str, int]:
    """How many printed copies somebody came by, by the prefix of their numbers; those of which none was are left out."""
    if not of:
        return {}
    prefix = func.substr(LinkVisit.serial, 1, func.length(LinkVisit.serial) - rules.NUMBER_LENGTH)
    ours = [
        and_(
            LinkVisit.channel_id == one.channel_id,
            LinkVisit.serial.startswith(one.prefix),
            LinkVisit.serial <= one.last,
        )
        for one in of
    ]
    statement = select(prefix, func.count(LinkVisit.serial.distinct())).where(or_(*ours)).group_by(prefix)
    return {row[0]: row[1] for row in db.session.execute(statement)}


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


def first_names(*, openids: Collection[str]) -> dict[str, str]:
    """The name of the channel through which each of these people came first."""
    turn = func.row_number().over(
        partition_by=ChannelVisit.openid, order_by=(ChannelVisit.at, ChannelVisit.id)
    )
    visits = select(ChannelVisit.openid, Channel.name, turn.label("turn")).join(
        Channel, Channel.id == ChannelVisit.channel_id
    )
    ranked = visits.where(ChannelVisit.openid.in_(openids)).subquery()
    firsts = select(ranked.c.openid, ranked.c.name).where(ranked.c.turn == 1)
    return dict(db.session.execute(firsts).all())


def came_through(*, public_id: str) -> Select[str]:
    """The openids of all who ever came through a channel."""
    visits = select(ChannelVisit.openid).join(Channel, Channel.id == ChannelVisit.channel_id)
    return visits.where(Channel.public_id == public_id)


def names() -> list[tuple[str, str]]:
    """(public id, name) of the newest channels, for choosing one."""
    statement = select(Channel.public_id, Channel.name).order_by(Channel.id.desc()).limit(LIMIT_MAX)
    return [(row.public_id, row.name) for row in db.session.execute(statement)]


def _rows(statement: Select[Channel]) -> list[ChannelRow]:
    channels = list(db.session.scalars(statement))
    ids = [channel.id for channel in channels]
    acts = _acts(ids)
    people = _people(ids)
    firsts = _first_touches(ids)
    links = _link_visits(ids)
    return [
        ChannelRow(
            id=channel.id,
            public_id=channel.public_id,
            name=channel.name,
            kind=channel.kind,
            platform=channel.platform,
            shop=channel.shop,
            sku=channel.sku,
            staff=channel.staff,
            cost=channel.cost,
            scene=channel.scene,
            short_code=channel.short_code,
            link=link_of(short_code=channel.short_code),
            landing=channel.landing,
            product_id=channel.product_id,
            welcome=channel.welcome,
            qr_url=channel.qr_url,
            picture_url=qrcodes.picture_url(ticket=channel.qr_ticket) if channel.qr_ticket else None,
            created_at=channel.created_at,
            follows=acts.get((channel.id, "follow"), 0),
            scans=acts.get((channel.id, "scan"), 0),
            people=people.get(channel.id, 0),
            first_touches=firsts.get(channel.id, 0),
            link_visits=links.get(channel.id, 0),
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


def _link_visits(channel_ids: list[int]) -> dict[int, int]:
    once = (
        select(LinkVisit.channel_id, LinkVisit.visitor, LinkVisit.day)
        .where(LinkVisit.channel_id.in_(channel_ids))
        .distinct()
        .subquery()
    )
    statement = select(once.c.channel_id, func.count()).group_by(once.c.channel_id)
    return {row[0]: row[1] for row in db.session.execute(statement)}
