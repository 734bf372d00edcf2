"""Who is signed in, and who people are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from flask import g, has_request_context, request
from sqlalchemy import ColumnElement, Select, Table, bindparam, exists, func, or_, select

from shopapp.kernel import clock
from shopapp.kernel.access import Actor
from shopapp.kernel.db import db
from shopapp.kernel.errors import SignInNeeded
from shopapp.kernel.glance import Glance, moment
from shopapp.kernel.ids import token_hash
from shopapp.kernel.pii import decrypt, lookup_hashes
from shopapp.kernel.prepared import Prepared

from .models import Customer, CustomerSession, WeChatAccount

SESSION_COOKIE = "session"
HANDLE_LENGTH = 16

SESSION_HOLDER = (
    select(CustomerSession.customer_id, CustomerSession.expires_at)
    .where(CustomerSession.token_hash == bindparam("token_hash"), CustomerSession.ended_at.is_(None))
    .subquery()
)
"""Who signed in with the token of this hash, and until when: a part of statements that ask more."""

_BY_SESSION = Glance(
    select(
        Customer.id,
        Customer.public_id,
        Customer.nickname,
        Customer.picture_url,
        Customer.created_at,
        CustomerSession.openid,
        CustomerSession.expires_at,
        Customer.last_seen_at,
        Customer.member_since,
        CustomerSession.last_used_at,
    )
    .join(CustomerSession, CustomerSession.customer_id == Customer.id)
    .where(CustomerSession.token_hash == bindparam("token_hash"), CustomerSession.ended_at.is_(None))
)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The customer of this request, with the account they came through."""

    customer_id: int
    public_id: str
    openid: str
    nickname: str | None
    picture_url: str | None
    since: datetime
    seen_at: datetime | None
    is_member: bool
    session_used_at: datetime | None


def session_token() -> str | None:
    """The token of this request: a bearer token, else the cookie."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer" and token:
        return token
    return request.cookies.get(SESSION_COOKIE)


def signed_in() -> SignedIn | None:
    """The customer of this request, looked up once; `None` for a guest."""
    if not has_request_context():
        return None
    if "customer" not in g:
        token = session_token()
        g.customer = None if token is None else by_session(token=token, now=clock.now())
        if g.customer is not None and "actor" not in g:
            g.actor = Actor(kind="customer", id=g.customer.public_id, name="")
    found: SignedIn | None = g.customer
    return found


def signed_in_anew() -> SignedIn:
    """The customer of this request as they are now: it may have turned out who they are. Raises `SignInNeeded`."""
    customer = by_session(token=session_token() or "", now=clock.now())
    if customer is None:
        raise SignInNeeded
    return customer


def require_customer() -> SignedIn:
    """Raises `SignInNeeded` for a guest."""
    customer = signed_in()
    if customer is None:
        raise SignInNeeded
    return customer


def by_session(*, token: str, now: datetime) -> SignedIn | None:
    """Who holds this token, if their session has not ended; at the price of a glance, since every page asks."""
    row = _BY_SESSION.row(token_hash=token_hash(token))
    if row is None or moment(row[6]) <= now:
        return None
    (
        customer_id,
        public_id,
        nickname,
        picture_url,
        created_at,
        openid,
        _expires_at,
        seen_at,
        joined,
        used_at,
    ) = row
    return SignedIn(
        customer_id=customer_id,
        public_id=public_id,
        openid=openid,
        nickname=None if nickname is None else decrypt(nickname),
        picture_url=picture_url,
        since=moment(created_at),
        seen_at=None if seen_at is None else moment(seen_at),
        is_member=joined is not None,
        session_used_at=None if used_at is None else moment(used_at),
    )


def following_openid(*, customer_id: int, appid: str) -> str | None:
    """The openid by which this customer follows the official account, if they do."""
    return db.session.scalar(
        select(WeChatAccount.openid).where(
            WeChatAccount.customer_id == customer_id,
            WeChatAccount.appid == appid,
            WeChatAccount.following.is_(True),
        )
    )


def payee_openid(*, customer_id: int, appid: str) -> str | None:
    """The openid to which this customer is paid: the account that follows, else the one that came last."""
    mine = select(WeChatAccount.openid).where(
        WeChatAccount.customer_id == customer_id, WeChatAccount.appid == appid
    )
    return db.session.scalar(mine.order_by(WeChatAccount.following.desc(), WeChatAccount.id.desc()).limit(1))


@dataclass(frozen=True, kw_only=True)
class CustomerRow:
    """A customer as the console lists them."""

    id: int
    public_id: str
    nickname: str | None
    picture_url: str | None
    created_at: datetime
    following: bool
    is_member: bool
    erased_at: datetime | None


def newest(
    *, before_id: int | None = None, limit: int = 50, following: bool | None = None
) -> list[CustomerRow]:
    """Customers, the newest first, from before a row number."""
    statement = (
        select(Customer, func.max(WeChatAccount.following.cast(db.Integer)))
        .outerjoin(WeChatAccount, WeChatAccount.customer_id == Customer.id)
        .where(Customer.merged_into.is_(None))
        .group_by(Customer.id)
        .order_by(Customer.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        statement = statement.where(Customer.id < before_id)
    if following is not None:
        statement = statement.where(WeChatAccount.following.is_(following))
    return [_row(customer, follows) for customer, follows in db.session.execute(statement)]


def find(*, public_id: str) -> CustomerRow | None:
    """The customer with this id; for one who was merged, whoever they turned out to be."""
    row_id = db.session.scalar(select(Customer.id).where(Customer.public_id == public_id))
    if row_id is None:
        return None
    row_id = survivor(row_id)
    return by_ids(customer_ids=[row_id])[row_id]


def _merged_into(_dialect: str) -> Select[*tuple[Any, ...]]:
    table = cast(Table, Customer.__table__)
    return select(table.c.merged_into).where(table.c.id == bindparam("row_id"))


MERGED_INTO = Prepared(_merged_into)


def survivor(customer_id: int) -> int:
    """The row id of who this customer turned out to be, in the end; mostly their own."""
    while (row := MERGED_INTO.row(row_id=customer_id)) is not None and row.merged_into is not None:
        customer_id = int(row.merged_into)
    return customer_id


def with_unionid(unionid: str) -> list[int]:
    """Row ids of the customers who have an account with this unionid, the oldest account first."""
    accounts = select(WeChatAccount.customer_id).where(WeChatAccount.unionid == unionid)
    return list(dict.fromkeys(db.session.scalars(accounts.order_by(WeChatAccount.id))))


def holder_of(*, phone: str) -> int | None:
    """The row id of the customer who has shown that they hold this number, if anybody has."""
    row_id = db.session.scalar(select(Customer.id).where(Customer.phone_hash.in_(lookup_hashes(phone))))
    return None if row_id is None else survivor(row_id)


def is_gone(*columns: Any) -> ColumnElement[bool]:
    """The condition that one of the customers whom these columns name was merged into another, or erased."""
    away = or_(Customer.merged_into.is_not(None), Customer.erased_at.is_not(None))
    return exists().where(Customer.id.in_(columns), away)


def of_survivor(event: Any) -> Any:
    """An event as it is to be handled now: about whom its customer turned out to be, if it names one."""
    named = getattr(event, "customer_id", None)
    if named is None:
        return event
    now = survivor(named)
    return event if now == named else replace(event, customer_id=now)


def is_erased(*, customer_id: int) -> bool:
    """Whether the person of this row has been forgotten."""
    erased = select(Customer.id).where(Customer.id == customer_id, Customer.erased_at.is_not(None))
    return db.session.scalar(erased) is not None


def by_ids(*, customer_ids: list[int]) -> dict[int, CustomerRow]:
    """The customers with these row numbers, in one query."""
    statement = (
        select(Customer, func.max(WeChatAccount.following.cast(db.Integer)))
        .outerjoin(WeChatAccount, WeChatAccount.customer_id == Customer.id)
        .where(Customer.id.in_(customer_ids))
        .group_by(Customer.id)
    )
    return {customer.id: _row(customer, follows) for customer, follows in db.session.execute(statement)}


def _row(customer: Customer, follows: int | None) -> CustomerRow:
    return CustomerRow(
        id=customer.id,
        public_id=customer.public_id,
        nickname=customer.nickname,
        picture_url=customer.picture_url,
        created_at=customer.created_at,
        following=bool(follows),
        is_member=customer.member_since is not None,
        erased_at=customer.erased_at,
    )


@dataclass(frozen=True, kw_only=True)
class KnownPerson:
    """A customer in figures over all: since when the shop knows them, whether they ever followed, and ever joined."""

    customer_id: int
    known_since: datetime
    followed: bool
    joined: bool


def everybody(*, after_id: int, limit: int) -> list[KnownPerson]:
    """Customers from after a row number, in the order of their row numbers."""
    followed = func.max(WeChatAccount.followed_at)
    statement = (
        select(Customer.id, Customer.created_at, Customer.member_no, followed.label("followed_at"))
        .outerjoin(WeChatAccount, WeChatAccount.customer_id == Customer.id)
        .where(Customer.id > after_id, Customer.merged_into.is_(None))
        .group_by(Customer.id)
        .order_by(Customer.id)
        .limit(limit)
    )
    return [
        KnownPerson(
            customer_id=row.id,
            known_since=row.created_at,
            followed=row.followed_at is not None,
            joined=row.member_no is not None,
        )
        for row in db.session.execute(statement)
    ]


def count(*, since: datetime | None = None) -> int:
    statement = select(func.count()).select_from(Customer).where(Customer.merged_into.is_(None))
    if since is not None:
        statement = statement.where(Customer.created_at >= since)
    return db.session.scalar(statement) or 0


def row_ids(*, public_ids: Collection[str]) -> dict[str, int]:
    """Row numbers by public id, of whom a merged one turned out to be; those that don't exist are left out."""
    known = select(Customer.public_id, Customer.id, Customer.merged_into)
    rows = db.session.execute(known.where(Customer.public_id.in_(public_ids))).all()
    return {row.public_id: row.id if row.merged_into is None else survivor(row.id) for row in rows}


def phone_hash_of(*, customer_id: int) -> str | None:
    """The hash of the phone that this customer has verified, if they have."""
    return db.session.scalar(select(Customer.phone_hash).where(Customer.id == customer_id))
