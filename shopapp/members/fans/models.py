"""Followers as the platform lists them: what it knows of each, the account's tags, and the runs that fetch them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.pii import Encrypted
from shopapp.kernel.states import StateTable


class Fan(Model):
    """What the platform knows of an account beyond its openid; `way` is its word for how they came.

    `listed_run` is the latest run that found it following, `found_run` the one that learnt of it without a push, until it
    is known whether that push was lost; -1 where it may still come.
    """

    __tablename__ = "fans"

    account_id: Mapped[int] = mapped_column(ForeignKey("wechat_accounts.id", ondelete="CASCADE"), unique=True)
    remark: Mapped[str | None] = mapped_column(Encrypted)
    way: Mapped[str] = mapped_column(String(40), default="")
    listed_run: Mapped[int] = mapped_column(default=0, index=True)
    found_run: Mapped[int] = mapped_column(default=0, index=True)
    told_at: Mapped[datetime | None]


class SyncState(StrEnum):
    """listing: pages of openids; closing: those no longer listed; telling: what the platform knows of each."""

    LISTING = "listing"
    CLOSING = "closing"
    TELLING = "telling"
    DONE = "done"
    FAILED = "failed"


_R = SyncState
SYNC_MOVES = StateTable[SyncState](
    {
        _R.LISTING: frozenset({_R.CLOSING, _R.FAILED}),
        _R.CLOSING: frozenset({_R.TELLING, _R.FAILED}),
        _R.TELLING: frozenset({_R.DONE, _R.FAILED}),
        _R.DONE: frozenset(),
        _R.FAILED: frozenset(),
    },
    column="state",
)


class FanSync(Model):
    """One run over all followers; `open_key` is taken until it ends. `next_openid` and `after_id` are where to go on."""

    __tablename__ = "fan_syncs"

    state: Mapped[SyncState] = mapped_column(default=SyncState.LISTING)
    open_key: Mapped[str | None] = mapped_column(String(8), unique=True)
    next_openid: Mapped[str] = mapped_column(String(128), default="")
    after_id: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    listed: Mapped[int] = mapped_column(default=0)
    told: Mapped[int] = mapped_column(default=0)
    gone: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    error_code: Mapped[int | None]
    problem: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class TagState(StrEnum):
    """making: the platform does not have it yet; leaving: it is to be deleted there."""

    MAKING = "making"
    KEPT = "kept"
    LEAVING = "leaving"


_T = TagState
TAG_MOVES = StateTable[TagState](
    {
        _T.MAKING: frozenset({_T.KEPT}),
        _T.KEPT: frozenset({_T.LEAVING}),
        _T.LEAVING: frozenset({_T.KEPT}),
    },
    column="state",
)


class FanTag(Model):
    """A tag of the account, on the platform by `platform_id`."""

    __tablename__ = "fan_tags"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    platform_id: Mapped[int | None] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    state: Mapped[TagState] = mapped_column(default=TagState.MAKING)
    created_at: Mapped[datetime]


class HoldState(StrEnum):
    """adding, removing: wanted here, not yet so on the platform; gone: removed on both; refused: the platform would not."""

    ADDING = "adding"
    HELD = "held"
    REMOVING = "removing"
    GONE = "gone"
    REFUSED = "refused"


_H = HoldState
HOLD_MOVES = StateTable[HoldState](
    {
        _H.ADDING: frozenset({_H.HELD, _H.REMOVING, _H.REFUSED}),
        _H.HELD: frozenset({_H.REMOVING, _H.GONE}),
        _H.REMOVING: frozenset({_H.GONE, _H.ADDING}),
        _H.GONE: frozenset({_H.ADDING, _H.HELD}),
        _H.REFUSED: frozenset({_H.ADDING, _H.HELD, _H.GONE}),
    },
    column="state",
)
WORN = (HoldState.ADDING, HoldState.HELD)
"""What counts as having the tag."""


class FanTagging(Model):
    """A tag of a follower. A row that is gone stays for a while, so that an older answer does not bring it back."""

    __tablename__ = "fan_taggings"
    __table_args__ = (
        UniqueConstraint("tag_id", "account_id"),
        Index("ix_fan_taggings_waiting", "state", "tag_id"),
    )

    tag_id: Mapped[int] = mapped_column(ForeignKey("fan_tags.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("wechat_accounts.id", ondelete="CASCADE"), index=True)
    state: Mapped[HoldState]
    changed_at: Mapped[datetime]
    error_code: Mapped[int | None]
