"""Who is signed in, and who people are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from flask import g, has_request_context, request
from sqlalchemy import bindparam, func, select

from shopapp.kernel import clock
from shopapp.kernel.access import Actor
from shopapp.kernel.db import db
from shopapp.kernel.errors import SignInNeeded
from shopapp.kernel.glance import Glance, moment
from shopapp.kernel.ids import token_hash
from shopapp.kernel.pii import decrypt

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
    statement = (
        select(Customer, func.max(WeChatAccount.following.cast(db.Integer)))
        .outerjoin(WeChatAccount, WeChatAccount.customer_id == Customer.id)
        .where(Customer.public_id == public_id)
        .group_by(Customer.id)
    )
    found = db.session.execute(statement).first()
    return None if found is None else _row(*found)


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


def count(*, since: datetime | None = None) -> int:
    statement = select(func.count()).select_from(Customer)
    if since is not None:
        statement = statement.where(Customer.created_at >= since)
    return db.session.scalar(statement) or 0


def row_ids(*, public_ids: Collection[str]) -> dict[str, int]:
    """Row numbers by public id; those that don't exist are left out."""
    known = select(Customer.public_id, Customer.id).where(Customer.public_id.in_(public_ids))
    return {row.public_id: row.id for row in db.session.execute(known)}
