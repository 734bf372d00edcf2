"""The account's tags: kept here and on the platform alike, given to many followers at once.

What concerns a tag itself is written, asked of the platform, and written again, so these functions open their own
transactions. Who has a tag is written here at once and brought to the platform by `pushing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Select, Table, delete, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shopapp.kernel import clock
from shopapp.kernel.db import db, insert_once, is_sqlite, rows_changed, transaction
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id
from shopapp.wechat import followers
from shopapp.wechat.api import PlatformError
from shopapp.wechat.followers import ILLEGAL_TAG, NAME_TAKEN, TAG_NAME_MAX, TAGS_EACH_MAX, TAGS_MAX

from .models import HOLD_MOVES, TAG_MOVES, WORN, FanTag, FanTagging, HoldState, TagState


class TagTaken(ShopError):
    status, code, text = 409, "fan_tag_taken", _l("已经有叫“%(name)s”的标签，没有任何改动。")


class TooManyTags(ShopError):
    status, code, text = 409, "too_many_fan_tags", _l("公众号最多 %(count)s 个标签，请先删除不用的。")


def create(*, name: str, now: datetime) -> str:
    """Make a tag here and on the platform; returns its public id.

    Raises `Invalid`, `TagTaken`, `TooManyTags`, and `PlatformError`, with which nothing is kept unless the platform gave
    no answer: then the next sync finds out.
    """
    name, public_id = _checked(name), new_id()
    with transaction():
        if (db.session.scalar(select(func.count()).select_from(FanTag)) or 0) >= TAGS_MAX:
            raise TooManyTags(count=TAGS_MAX)
        facts = {"public_id": public_id, "name": name, "state": TagState.MAKING, "created_at": now}
        if not insert_once(FanTag, **facts):
            raise TagTaken(name=name)
    try:
        make(public_id=public_id, now=now)
    except PlatformError as problem:
        if not problem.in_doubt:
            undo(public_id=public_id)
        raise
    return public_id


def make(*, public_id: str, now: datetime) -> None:
    """Have the platform make a tag that is kept here already; one of this name that it has is taken for it."""
    name = found(_row(public_id)).name
    try:
        number = followers.make_tag(name=name, now=now)
    except PlatformError as problem:
        if problem.code != NAME_TAKEN:
            raise
        number = next(tag.id for tag in followers.tags(now=now) if tag.name == name)
    with transaction():
        TAG_MOVES.try_move(found(_row(public_id)), TagState.KEPT, platform_id=number)


def rename(*, public_id: str, name: str, now: datetime) -> None:
    """The platform first, then here. Raises `NotFound`, `Invalid`, `TagTaken` and `PlatformError`."""
    name, tag = _checked(name), found(_row(public_id))
    other = select(FanTag.id).where(FanTag.name == name, FanTag.id != tag.id)
    if db.session.scalar(other) is not None:
        raise TagTaken(name=name)
    if tag.platform_id is not None and tag.name != name:
        followers.rename_tag(tag_id=tag.platform_id, name=name, now=now)
    with transaction():
        rows_changed(update(FanTag).where(FanTag.public_id == public_id).values(name=name))


def remove(*, public_id: str, now: datetime) -> None:
    """Take a tag off everybody, on the platform too. Raises `NotFound` and `PlatformError`; refused, it stays."""
    with transaction():
        tag = found(_row(public_id))
        TAG_MOVES.try_move(tag, TagState.LEAVING)
    try:
        leave(public_id=public_id, now=now)
    except PlatformError as problem:
        if not problem.in_doubt:
            undo(public_id=public_id)
        raise


def leave(*, public_id: str, now: datetime) -> None:
    """Have the platform delete a tag that is to go, then forget it; one that it does not know is gone already."""
    tag = found(_row(public_id))
    if tag.platform_id is not None:
        try:
            followers.delete_tag(tag_id=tag.platform_id, now=now)
        except PlatformError as problem:
            if problem.code != ILLEGAL_TAG:
                raise
    with transaction():
        going = FanTag.public_id == public_id, FanTag.state != TagState.KEPT
        rows_changed(delete(FanTagging).where(FanTagging.tag_id.in_(select(FanTag.id).where(*going))))
        rows_changed(delete(FanTag).where(*going))


def undo(*, public_id: str) -> None:
    """The platform refused: a tag that it would not make is forgotten, one that it would not delete stays."""
    with transaction():
        tag = _row(public_id)
        if tag is not None and tag.state is TagState.MAKING:
            rows_changed(delete(FanTagging).where(FanTagging.tag_id == tag.id))
            rows_changed(delete(FanTag).where(FanTag.id == tag.id))
        elif tag is not None:
            TAG_MOVES.try_move(tag, TagState.KEPT)


def give(*, public_id: str, accounts: Select[Any], now: datetime) -> int:
    """Give the tag to these followers, at once here and soon on the platform; returns to how many it was news.

    `accounts` selects row ids. Who has 20 tags gets no other. Inside a transaction. Raises `NotFound`.
    """
    tag = found(_row(public_id))
    full = (
        select(FanTagging.account_id)
        .where(FanTagging.state.in_(WORN))
        .group_by(FanTagging.account_id)
        .having(func.count() >= TAGS_EACH_MAX)
    )
    wanted = accounts.where(~accounts.selected_columns[0].in_(full)).subquery()
    again = update(FanTagging).where(
        FanTagging.tag_id == tag.id,
        FanTagging.account_id.in_(select(wanted.c[0])),
        FanTagging.state.in_(sources(HoldState.ADDING)),
    )
    changed = rows_changed(again.values(state=HoldState.ADDING, changed_at=now, error_code=None))
    have = select(FanTagging.account_id).where(FanTagging.tag_id == tag.id)
    fresh = select(literal(tag.id), wanted.c[0], literal(HoldState.ADDING.value), literal(now)).where(
        wanted.c[0].not_in(have)
    )
    return changed + _insert_new(fresh)


def _insert_new(rows: Select[*tuple[Any, ...]]) -> int:
    table = cast(Table, FanTagging.__table__)
    new = sqlite.insert(table) if is_sqlite() else postgresql.insert(table)
    statement = new.from_select(["tag_id", "account_id", "state", "changed_at"], rows)
    return len(db.session.execute(statement.on_conflict_do_nothing().returning(table.c.id)).all())


def take(*, public_id: str, accounts: Select[Any], now: datetime) -> int:
    """Take the tag off these followers; returns from how many. Inside a transaction. Raises `NotFound`."""
    tag = found(_row(public_id))
    theirs = update(FanTagging).where(
        FanTagging.tag_id == tag.id,
        FanTagging.account_id.in_(accounts),
    )
    refused = theirs.where(FanTagging.state == HoldState.REFUSED)
    rows_changed(refused.values(state=HoldState.GONE, changed_at=now))
    worn = theirs.where(FanTagging.state.in_(sources(HoldState.REMOVING)))
    return rows_changed(worn.values(state=HoldState.REMOVING, changed_at=now))


def sources(wanted: HoldState) -> list[HoldState]:
    """The states that may become this one."""
    return [state for state in HoldState if HOLD_MOVES.allows(state, wanted)]


def refresh(*, now: datetime) -> None:
    """Take over the platform's tags: new ones, new names, and those deleted there."""
    has = {tag.id: tag.name for tag in followers.tags(now=now)}
    with transaction():
        rows = db.session.scalars(select(FanTag)).all()
        for tag in rows:
            if tag.state is TagState.KEPT and tag.platform_id not in has:
                rows_changed(delete(FanTagging).where(FanTagging.tag_id == tag.id))
                rows_changed(delete(FanTag).where(FanTag.id == tag.id))
            elif tag.state is TagState.MAKING and (number := _number_of(tag.name, has)) is not None:
                TAG_MOVES.try_move(tag, TagState.KEPT, platform_id=number)
    with transaction():
        _take_names(has, now=now)


def _number_of(name: str, has: Mapping[int, str]) -> int | None:
    return next((number for number, known in has.items() if known == name), None)


def _take_names(has: Mapping[int, str], *, now: datetime) -> None:
    """Two that swapped their names can't be taken over at one go: the second follows with the next run."""
    known = {tag.platform_id: tag for tag in db.session.scalars(select(FanTag))}
    names = {tag.name for tag in known.values()}
    for number, name in has.items():
        tag = known.get(number)
        if tag is None and name not in names:
            facts = {"platform_id": number, "name": name, "state": TagState.KEPT, "created_at": now}
            insert_once(FanTag, public_id=new_id(), **facts)
        elif tag is not None and tag.name != name and name not in names:
            names.add(name)
            rows_changed(update(FanTag).where(FanTag.id == tag.id).values(name=name))


def note_worn(worn: Mapping[int, Sequence[int]], *, asked_at: datetime) -> None:
    """Take over which tags the platform says these accounts have. What waits to be told to it, or was changed since it
    was asked, stands. Inside a transaction."""
    numbers = dict(db.session.execute(select(FanTag.platform_id, FanTag.id)).all())
    held = select(FanTagging).where(FanTagging.account_id.in_(worn))
    rows = {(row.account_id, row.tag_id): row for row in db.session.scalars(held)}
    told = {
        (account_id, numbers[number])
        for account_id, tags in worn.items()
        for number in tags
        if number in numbers
    }
    at = clock.now()
    for account_id, tag_id in sorted(told - rows.keys()):
        facts = {"account_id": account_id, "tag_id": tag_id, "changed_at": at}
        insert_once(FanTagging, state=HoldState.HELD, **facts)
    for place, row in rows.items():
        if row.changed_at >= asked_at:
            continue
        if place in told and row.state in (HoldState.GONE, HoldState.REFUSED):
            HOLD_MOVES.try_move(row, HoldState.HELD, changed_at=at, error_code=None)
        elif place not in told and row.state is HoldState.HELD:
            HOLD_MOVES.try_move(row, HoldState.GONE, changed_at=at)
        elif place not in told and row.state is HoldState.GONE:
            db.session.delete(row)


def _row(public_id: str) -> FanTag | None:
    return db.session.scalar(select(FanTag).filter_by(public_id=public_id))


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= TAG_NAME_MAX or not name.isprintable():
        raise Invalid({"name": [_("请填写标签名称，最多 %(max)s 个字。", max=TAG_NAME_MAX)]})
    return name
