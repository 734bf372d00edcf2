"""Followers as the console lists them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from shopapp.kernel.db import db
from shopapp.kernel.settings import settings
from shopapp.members.channels import queries as channels
from shopapp.members.identity import console, followers

from .models import WORN, Fan, FanSync, FanTag, FanTagging, HoldState, TagState

REMARKS_SEARCHED = 2000
FOLLOWING = ("yes", "left")
SORTS = ("-followed", "followed", "-left")
TAG_FILTER_NONE = "none"


@dataclass(frozen=True, kw_only=True)
class FanFilter:
    """What the list is narrowed to; `tag` may be `none`, `words` are looked for in nicknames, and in remarks for who may
    see them."""

    words: str = ""
    remarks: bool = True
    following: str = "yes"
    tag: str = ""
    channel: str = ""
    since: datetime | None = None
    until: datetime | None = None
    sort: str = "-followed"


@dataclass(frozen=True, kw_only=True)
class TagRow:
    """A tag with how many followers have it, and how many of them wait for the platform."""

    public_id: str
    name: str
    state: TagState
    worn: int
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Worn:
    """A tag of one follower; `waits` until the platform has it too, `refused` by it with a code."""

    name: str
    waits: bool
    refused: int | None


def fans_statement(wanted: FanFilter) -> Select[*tuple[Any, ...]]:
    """A row for each follower, present or past, that the filter lets through."""
    known = followers.accounts().subquery()
    statement = select(known, Fan.remark, Fan.way).outerjoin(Fan, Fan.account_id == known.c.account_id)
    if wanted.following:
        statement = statement.where(known.c.following.is_(wanted.following == "yes"))
    if wanted.since is not None:
        statement = statement.where(known.c.followed_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(known.c.followed_at < wanted.until)
    if wanted.channel:
        statement = statement.where(known.c.openid.in_(channels.came_through(public_id=wanted.channel)))
    if wanted.tag:
        tagged = _tagged(wanted.tag)
        among = known.c.account_id.in_(tagged)
        statement = statement.where(~among if wanted.tag == TAG_FILTER_NONE else among)
    if wanted.words:
        statement = statement.where(
            or_(
                known.c.customer_id.in_(console.find_ids(words=wanted.words)),
                known.c.account_id.in_(_with_remark(wanted.words) if wanted.remarks else []),
                known.c.openid == wanted.words,
            )
        )
    order = {
        "-followed": known.c.followed_at.desc(),
        "followed": known.c.followed_at.asc(),
        "-left": known.c.unfollowed_at.desc().nulls_last(),
    }[wanted.sort]
    return statement.order_by(order, known.c.account_id.desc())


def account_ids(wanted: FanFilter) -> Select[Any]:
    """The row ids of all whom the filter lets through and who follow this account."""
    rows = fans_statement(wanted).order_by(None).subquery()
    return select(rows.c.account_id).where(rows.c.following, rows.c.appid == settings().wx_appid)


def these(public_ids: Collection[str]) -> Select[Any]:
    """The row ids of these customers' accounts that follow this one."""
    known = followers.accounts().subquery()
    ours = known.c.following & (known.c.appid == settings().wx_appid)
    return select(known.c.account_id).where(known.c.public_id.in_(public_ids), ours)


def _tagged(tag: str) -> Select[int]:
    worn = select(FanTagging.account_id).where(FanTagging.state.in_(WORN))
    if tag == TAG_FILTER_NONE:
        return worn
    return worn.where(FanTagging.tag_id.in_(select(FanTag.id).where(FanTag.public_id == tag)))


def _with_remark(words: str) -> list[int]:
    """Remarks are encrypted, so that they can only be looked through, the newest first."""
    newest = select(Fan.account_id, Fan.remark).where(Fan.remark.is_not(None))
    rows = db.session.execute(newest.order_by(Fan.id.desc()).limit(REMARKS_SEARCHED))
    return [row.account_id for row in rows if words.casefold() in (row.remark or "").casefold()]


def worn_by(*, account_ids: Collection[int]) -> dict[int, list[Worn]]:
    """The tags of each of these followers."""
    shown = (*WORN, HoldState.REFUSED)
    statement = (
        select(FanTagging.account_id, FanTag.name, FanTagging.state, FanTagging.error_code)
        .join(FanTag, FanTag.id == FanTagging.tag_id)
        .where(FanTagging.account_id.in_(account_ids), FanTagging.state.in_(shown))
        .order_by(FanTag.name)
    )
    found: dict[int, list[Worn]] = {}
    for account_id, name, state, code in db.session.execute(statement):
        refused = code if state is HoldState.REFUSED else None
        one = Worn(name=name, waits=state is HoldState.ADDING, refused=refused)
        found.setdefault(account_id, []).append(one)
    return found


def tag_rows() -> list[TagRow]:
    """All tags, by name."""
    counts = (
        select(FanTagging.tag_id, FanTagging.state, func.count())
        .where(FanTagging.state.in_((*WORN, HoldState.REMOVING)))
        .group_by(FanTagging.tag_id, FanTagging.state)
    )
    found = {(tag_id, state): count for tag_id, state, count in db.session.execute(counts)}
    return [
        TagRow(
            public_id=tag.public_id,
            name=tag.name,
            state=tag.state,
            worn=sum(found.get((tag.id, state), 0) for state in WORN),
            waiting=found.get((tag.id, HoldState.ADDING), 0) + found.get((tag.id, HoldState.REMOVING), 0),
        )
        for tag in db.session.scalars(select(FanTag).order_by(FanTag.name))
    ]


def last_syncs(*, limit: int = 1) -> Sequence[FanSync]:
    """The newest first."""
    return db.session.scalars(select(FanSync).order_by(FanSync.id.desc()).limit(limit)).all()


def counts() -> dict[str, int]:
    """How many follow, and how many have left."""
    known = followers.accounts().subquery()
    rows = db.session.execute(select(known.c.following, func.count()).group_by(known.c.following)).all()
    found: dict[bool, int] = dict(rows)
    return {"yes": found.get(True, 0), "left": found.get(False, 0)}
