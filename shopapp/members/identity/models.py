"""The person, their WeChat accounts, and their sign-ins."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.pii import Encrypted
from shopapp.kernel.rotation import REMADE

GIFT_MAX = 120


class Customer(Model):
    """One person, however many identities lead to them. A member has a `member_since`; whoever left keeps their number.

    `birthday` is month and day (02-29) and lies apart from the year, so that its hash finds whose it is today.
    `birthday_mark` is the hash of the whole date that somebody had told before they left: a second one is refused.
    `privacy_version` and `marketing_since` are what the latest entries of the consent history say.
    `merged_into`: this row turned out to be the same person as that one, which speaks for both; this one is no member
    and keeps what it knew for the case that it was a mistake. `person_hash` is of name and whole birthday, made by the
    job that compares them; none when it is to look.
    """

    __tablename__ = "customers"
    __table_args__ = (
        Index(
            "ix_customers_uncompared",
            "id",
            postgresql_where=text("person_hash IS NULL AND birthday_hash IS NOT NULL"),
            sqlite_where=text("person_hash IS NULL AND birthday_hash IS NOT NULL"),
        ),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    nickname: Mapped[str | None] = mapped_column(Encrypted)
    picture_url: Mapped[str | None] = mapped_column(String(512))
    created_at: Mapped[datetime] = mapped_column(index=True)
    last_seen_at: Mapped[datetime | None]
    name: Mapped[str | None] = mapped_column(Encrypted)
    phone: Mapped[str | None] = mapped_column(Encrypted)
    phone_hash: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    birth_year: Mapped[str | None] = mapped_column(Encrypted)
    birthday: Mapped[str | None] = mapped_column(Encrypted)
    birthday_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    birthday_mark: Mapped[str | None] = mapped_column(String(64))
    member_no: Mapped[str | None] = mapped_column(String(10), index=True, unique=True)
    member_since: Mapped[datetime | None] = mapped_column(index=True)
    privacy_version: Mapped[str | None] = mapped_column(String(40))
    marketing_since: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    person_hash: Mapped[str | None] = mapped_column(String(64), index=True, info={REMADE: True})


class WeChatAccount(Model):
    """A person as one official account knows them. `changed_at` is the CreateTime of the latest follow or unfollow."""

    __tablename__ = "wechat_accounts"
    __table_args__ = (
        UniqueConstraint("appid", "openid"),
        Index("ix_wechat_accounts_followed", "following", "followed_at"),
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    appid: Mapped[str] = mapped_column(String(64))
    openid: Mapped[str] = mapped_column(String(128))
    unionid: Mapped[str | None] = mapped_column(String(128), index=True)
    following: Mapped[bool] = mapped_column(default=False)
    followed_at: Mapped[datetime | None]
    unfollowed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SessionKind(StrEnum):
    WEB = "web"
    API = "api"


class CustomerSession(Model):
    """A sign-in of a customer; the token itself is known to the client alone."""

    __tablename__ = "customer_sessions"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    openid: Mapped[str] = mapped_column(String(128))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[SessionKind]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    device: Mapped[str | None] = mapped_column(String(24))
    last_used_at: Mapped[datetime | None]


class SignInState(Model):
    """The state parameter of one web authorisation: bound to the browser, used once, with the way back."""

    __tablename__ = "sign_in_states"

    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    next_path: Mapped[str] = mapped_column(String(512))
    wants_profile: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class PhoneCode(Model):
    """A code sent to a phone, to be typed in by the customer who asked for it. Number and code are kept as hashes alone."""

    __tablename__ = "phone_codes"
    __table_args__ = (
        CheckConstraint("tries >= 0", "tries_not_negative"),
        Index("ix_phone_codes_customer", "customer_id", "phone_hash"),
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    phone_hash: Mapped[str] = mapped_column(String(64))
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class FormerMark(Model):
    """That somebody who was forgotten has had this gift: a keyed hash over the gift and one of their identities.

    It names nobody and leads to no other row; kept for a while so that no gift is had twice by being forgotten.
    """

    __tablename__ = "former_marks"

    mark: Mapped[str] = mapped_column(String(64), unique=True)
    gift: Mapped[str] = mapped_column(String(GIFT_MAX), index=True)
    until: Mapped[datetime] = mapped_column(index=True)
