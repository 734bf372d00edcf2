"""Reads of members: their card, their particulars, where they are signed in, and whose birthday it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db
from shopapp.kernel.pii import lookup_hashes, mask_name, mask_phone

from . import rules
from .membership import birthday_of
from .models import Customer, CustomerSession, PhoneCode, WeChatAccount
from .privacy import in_force
from .queries import HANDLE_LENGTH, survivor


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member. `phone_masked` is for screens; `privacy_due` when the privacy text has changed since they agreed."""

    customer_id: int
    public_id: str
    member_no: str
    since: datetime
    name: str | None
    phone: str | None
    birthday: date | None
    marketing_since: datetime | None
    privacy_version: str | None
    privacy_due: bool

    @property
    def marketing(self) -> bool:
        return self.marketing_since is not None

    @property
    def phone_masked(self) -> str | None:
        return None if self.phone is None else mask_phone(self.phone)

    @property
    def name_masked(self) -> str | None:
        return None if self.name is None else mask_name(self.name)

    @property
    def number_spaced(self) -> str:
        return rules.spaced(self.member_no)


@dataclass(frozen=True, kw_only=True)
class SignedInDevice:
    """One place where a customer is signed in; `handle` names it when they sign out there."""

    handle: str
    device: str | None
    since: datetime
    last_used_at: datetime | None
    current: bool


def member_of(customer_id: int) -> Member | None:
    """None for a guest, and for who has left."""
    row = db.session.get(Customer, customer_id)
    if row is None or row.member_since is None:
        return None
    return Member(
        customer_id=row.id,
        public_id=row.public_id,
        member_no=row.member_no or "",
        since=row.member_since,
        name=row.name,
        phone=row.phone,
        birthday=birthday_of(row),
        marketing_since=row.marketing_since,
        privacy_version=row.privacy_version,
        privacy_due=row.privacy_version != in_force().version,
    )


def with_birthday_on(day: date, *, after_id: int = 0, limit: int) -> Sequence[int]:
    """Row ids of members who celebrate on this day, in their order; 29 February counts as the 28th."""
    if (day.month, day.day) == (2, 29):
        return []
    days = [f"{day:%m-%d}", *(["02-29"] if (day.month, day.day) == (2, 28) else [])]
    hashes = [each for month_day in days for each in lookup_hashes(month_day)]
    statement = (
        select(Customer.id)
        .where(Customer.birthday_hash.in_(hashes), Customer.member_since.is_not(None), Customer.id > after_id)
        .order_by(Customer.id)
        .limit(limit)
    )
    return db.session.scalars(statement).all()


def devices_of(*, customer_id: int, token_hash: str, now: datetime) -> list[SignedInDevice]:
    """Where the customer is signed in, the one with this token first, then the latest used."""
    statement = select(CustomerSession).where(
        CustomerSession.customer_id == customer_id,
        CustomerSession.ended_at.is_(None),
        CustomerSession.expires_at > now,
    )
    rows = db.session.scalars(statement.order_by(CustomerSession.id.desc()))
    found = [
        SignedInDevice(
            handle=row.token_hash[:HANDLE_LENGTH],
            device=row.device,
            since=row.created_at,
            last_used_at=row.last_used_at,
            current=row.token_hash == token_hash,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.current, one.last_used_at or one.since), reverse=True)


def openids_of(customer_id: int) -> list[str]:
    """All openids by which this customer is known."""
    statement = select(WeChatAccount.openid).where(WeChatAccount.customer_id == customer_id)
    return list(db.session.scalars(statement.order_by(WeChatAccount.id)))


def unfollowed_at(*, customer_id: int, appid: str) -> datetime | None:
    """Since when a customer who once followed the account does not any more."""
    statement = select(WeChatAccount.unfollowed_at).where(
        WeChatAccount.customer_id == customer_id,
        WeChatAccount.appid == appid,
        WeChatAccount.following.is_(False),
        WeChatAccount.unfollowed_at.is_not(None),
    )
    return db.session.scalar(statement.order_by(WeChatAccount.unfollowed_at.desc()).limit(1))


def customer_id_of(text: str) -> int | None:
    """The row id of the customer with this id or membership number, as the command line names people."""
    column = Customer.member_no if rules.is_member_no(text) else Customer.public_id
    row_id = db.session.scalar(select(Customer.id).where(column == text))
    return None if row_id is None else survivor(row_id)


def idle_guests(*, before: datetime, after_id: int, limit: int) -> Sequence[int]:
    """Guests who do not follow the account and were last seen before this time, in the order of their row ids."""
    follows = select(WeChatAccount.id).where(
        WeChatAccount.customer_id == Customer.id, WeChatAccount.following.is_(True)
    )
    statement = (
        select(Customer.id)
        .where(
            Customer.id > after_id,
            Customer.member_since.is_(None),
            Customer.erased_at.is_(None),
            Customer.merged_into.is_(None),
            Customer.created_at < before,
            (Customer.last_seen_at.is_(None)) | (Customer.last_seen_at < before),
            ~follows.exists(),
        )
        .order_by(Customer.id)
        .limit(limit)
    )
    return db.session.scalars(statement).all()


def export(customer_id: int) -> dict[str, Any]:
    """Everything that is kept of the person themselves."""
    row = db.session.get_one(Customer, customer_id)
    sessions = select(CustomerSession).filter_by(customer_id=customer_id).order_by(CustomerSession.id)
    accounts = select(WeChatAccount).filter_by(customer_id=customer_id).order_by(WeChatAccount.id)
    codes = select(PhoneCode).filter_by(customer_id=customer_id).order_by(PhoneCode.id)
    birthday = birthday_of(row)
    return {
        "id": row.public_id,
        "nickname": row.nickname,
        "picture_url": row.picture_url,
        "first_seen_at": _time(row.created_at),
        "last_seen_at": _time(row.last_seen_at),
        "member_no": row.member_no,
        "member_since": _time(row.member_since),
        "name": row.name,
        "phone": row.phone,
        "birthday": birthday.isoformat() if birthday else None,
        "merged": [_export_merged(other) for other in merged_into(customer_id)],
        "birthday_told_before": row.birthday_mark is not None,
        "marketing_since": _time(row.marketing_since),
        "wechat_accounts": [
            {
                "appid": account.appid,
                "openid": account.openid,
                "unionid": account.unionid,
                "following": account.following,
                "followed_at": _time(account.followed_at),
                "unfollowed_at": _time(account.unfollowed_at),
            }
            for account in db.session.scalars(accounts)
        ],
        "sessions": [
            {
                "kind": session.kind.value,
                "device": session.device,
                "since": _time(session.created_at),
                "last_used_at": _time(session.last_used_at),
                "ended_at": _time(session.ended_at),
            }
            for session in db.session.scalars(sessions)
        ],
        "phone_codes": [{"asked_at": _time(code.created_at)} for code in db.session.scalars(codes)],
    }


def merged_into(customer_id: int) -> list[Customer]:
    """The rows that turned out to be this customer, also by way of another."""
    found: list[Customer] = []
    wanted = [customer_id]
    while wanted:
        rows = db.session.scalars(select(Customer).where(Customer.merged_into.in_(wanted))).all()
        found += rows
        wanted = [row.id for row in rows]
    return found


def numbers_merged_into(customer_id: int) -> dict[int, str]:
    """The membership numbers that lead to this customer besides their own, spaced, by row id of who had them."""
    rows = merged_into(customer_id)
    return {row.id: rules.spaced(row.member_no) for row in rows if row.member_no is not None}


def _export_merged(row: Customer) -> dict[str, Any]:
    birthday = birthday_of(row)
    return {
        "id": row.public_id,
        "member_no": row.member_no,
        "nickname": row.nickname,
        "name": row.name,
        "phone": row.phone,
        "birthday": birthday.isoformat() if birthday else None,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(SHOP_ZONE).isoformat()
