"""Who follows the official account, many at a time: what the platform's list of followers tells."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Select, Table, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shopapp.kernel.db import db, is_sqlite, rows_changed

from .models import Customer, WeChatAccount

MANY_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class Known:
    """Row ids of accounts by openid; `found` are those of whom it was news that they follow."""

    ids: dict[str, int]
    found: frozenset[int]


def know_followers(*, appid: str, openids: Sequence[str], at: datetime, now: datetime) -> Known:
    """The accounts of at most 1,000 people who follow, made with their customers where they are new.

    Who was known to have left before `at` follows again; what is known of a later time stands.
    """
    mine = (WeChatAccount.appid == appid, WeChatAccount.openid.in_(openids))
    known = dict(db.session.execute(select(WeChatAccount.openid, WeChatAccount.id).where(*mine)).all())
    made = _make([one for one in dict.fromkeys(openids) if one not in known], appid=appid, at=at, now=now)
    left = select(WeChatAccount.id).where(*mine, WeChatAccount.following.is_(False), _before(at))
    back = set(db.session.scalars(left))
    if back:
        rows_changed(
            update(WeChatAccount)
            .where(WeChatAccount.id.in_(back), WeChatAccount.following.is_(False), _before(at))
            .values(following=True, followed_at=at, changed_at=at)
        )
    return Known(
        ids=known | made | _others(mine, known | made, openids), found=frozenset(made.values()) | back
    )


def _make(openids: Sequence[str], *, appid: str, at: datetime, now: datetime) -> dict[str, int]:
    """New accounts with a customer each; one that somebody else makes meanwhile is left to them."""
    if not openids:
        return {}
    rows = [{"created_at": now} for _openid in openids]
    customers = list(db.session.scalars(insert(Customer).returning(Customer.id), rows))
    table = cast(Table, WeChatAccount.__table__)
    new = sqlite.insert(table) if is_sqlite() else postgresql.insert(table)
    facts = {"appid": appid, "following": True, "followed_at": at, "changed_at": at, "created_at": now}
    values = [
        {**facts, "openid": openid, "customer_id": customer}
        for openid, customer in zip(openids, customers, strict=True)
    ]
    statement = new.values(values).on_conflict_do_nothing()
    kept = db.session.execute(statement.returning(table.c.openid, table.c.id, table.c.customer_id)).all()
    spare = set(customers) - {row.customer_id for row in kept}
    if spare:
        rows_changed(delete(Customer).where(Customer.id.in_(spare)))
    return {row.openid: row.id for row in kept}


def _others(mine: tuple[Any, ...], ids: dict[str, int], openids: Sequence[str]) -> dict[str, int]:
    """Those that somebody else made meanwhile."""
    if len(ids) >= len(set(openids)):
        return {}
    rows = db.session.execute(select(WeChatAccount.openid, WeChatAccount.id).where(*mine))
    return dict(rows.all())


def _before(at: datetime) -> Any:
    return or_(WeChatAccount.changed_at.is_(None), WeChatAccount.changed_at < at)


def following_before(*, appid: str, at: datetime) -> Select[*tuple[Any, ...]]:
    """(account_id, openid) of who follows and has done so since before a time."""
    return select(WeChatAccount.id.label("account_id"), WeChatAccount.openid).where(
        WeChatAccount.appid == appid, WeChatAccount.following, _before(at)
    )


def count_following(*, appid: str, before: datetime) -> int:
    """How many follow and have done so since before a time."""
    following = following_before(appid=appid, at=before).subquery()
    return db.session.scalar(select(func.count()).select_from(following)) or 0


def note_told(*, account_id: int, since: datetime | None, unionid: str | None) -> None:
    """Keep since when somebody follows, as the platform says, and their unionid if none is known."""
    mine = update(WeChatAccount).where(WeChatAccount.id == account_id)
    if since is not None:
        differs = WeChatAccount.followed_at.is_distinct_from(since)
        rows_changed(mine.where(WeChatAccount.following, differs).values(followed_at=since))
    if unionid:
        rows_changed(mine.where(WeChatAccount.unionid.is_(None)).values(unionid=unionid))


def accounts() -> Select[*tuple[Any, ...]]:
    """A row for each account that follows or once did, with whose it is and which official account knows it by that."""
    return (
        select(
            WeChatAccount.id.label("account_id"),
            WeChatAccount.appid,
            WeChatAccount.openid,
            WeChatAccount.following,
            WeChatAccount.followed_at,
            WeChatAccount.unfollowed_at,
            Customer.id.label("customer_id"),
            Customer.public_id,
            Customer.nickname,
            Customer.member_since,
        )
        .join(Customer, Customer.id == WeChatAccount.customer_id)
        .where(WeChatAccount.followed_at.is_not(None))
    )


def openids(*, account_ids: Collection[int]) -> dict[int, str]:
    """Openids by row id of the account."""
    rows = select(WeChatAccount.id, WeChatAccount.openid).where(WeChatAccount.id.in_(account_ids))
    return dict(db.session.execute(rows).all())


def owners(*, openids: Collection[str]) -> dict[str, tuple[str, str | None]]:
    """(public id, nickname) of the customer behind each openid."""
    rows = (
        select(WeChatAccount.openid, Customer.public_id, Customer.nickname)
        .join(Customer, Customer.id == WeChatAccount.customer_id)
        .where(WeChatAccount.openid.in_(openids))
    )
    return {openid: (public_id, nickname) for openid, public_id, nickname in db.session.execute(rows)}


def account_ids_of(*, customer_id: int) -> Collection[int]:
    return db.session.scalars(select(WeChatAccount.id).filter_by(customer_id=customer_id)).all()
