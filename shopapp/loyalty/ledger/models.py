"""The books: accounts, immutable postings with their entries, lots, and holds.

Only `writing` writes here. A posting belongs to one account; its entries stand in books, some of the account's owner, some
of the shop as the other side, and sum to zero. Rows of accounts, lots and holds are what the entries add up to.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Base, Model, RowId
from shopapp.kernel.states import StateTable


class Unit(StrEnum):
    """What an account counts. principal, gift and budget are fen; points and growth are their own measure."""

    POINTS = "points"
    PRINCIPAL = "principal"
    GIFT = "gift"
    GROWTH = "growth"
    BUDGET = "budget"


class Book(StrEnum):
    """active, pending and debt are the owner's (debt is negative while something is owed), the others the shop's side."""

    ACTIVE = "active"
    PENDING = "pending"
    DEBT = "debt"
    ISSUED = "issued"
    SPENT = "spent"
    EXPIRED = "expired"
    REVERSED = "reversed"
    WAIVED = "waived"
    ADJUSTED = "adjusted"
    MOVED = "moved"


class Kind(StrEnum):
    """What a posting does; each has one way in which it touches the counters of a lot."""

    EARN = "earn"
    ACTIVATE = "activate"
    SPEND = "spend"
    RETURN = "return"
    REPAY = "repay"
    EXPIRE = "expire"
    EXTEND = "extend"
    REVERSE = "reverse"
    ADJUST = "adjust"
    MOVE = "move"


class LedgerAccount(Model):
    """What one owner has of one unit: the sums of the entries. `head` is the hash of posting number `seq`, at
    first of the owner's name."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        UniqueConstraint("owner_kind", "owner_id", "unit"),
        CheckConstraint("active >= 0 AND pending >= 0 AND held >= 0 AND debt >= 0", "not_negative"),
        CheckConstraint("held <= active", "held_in_bounds"),
    )

    owner_kind: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[int] = mapped_column(RowId)
    unit: Mapped[Unit]
    active: Mapped[int] = mapped_column(RowId, default=0)
    pending: Mapped[int] = mapped_column(RowId, default=0)
    held: Mapped[int] = mapped_column(RowId, default=0)
    debt: Mapped[int] = mapped_column(RowId, default=0)
    seq: Mapped[int] = mapped_column(default=0)
    head: Mapped[str] = mapped_column(String(64))


class Posting(Model):
    """One movement, never changed. `balance` is what was active after it; `hash` covers it, its entries and the one before."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        UniqueConstraint("account_id", "seq"),
        Index("ix_ledger_postings_reverses", "reverses_id", postgresql_where=text("reverses_id IS NOT NULL")),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"))
    seq: Mapped[int]
    key: Mapped[str] = mapped_column(String(160), unique=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Kind]
    subject: Mapped[str] = mapped_column(String(120))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_postings.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    actor: Mapped[str] = mapped_column(String(80))
    approver: Mapped[str | None] = mapped_column(String(80))
    balance: Mapped[int] = mapped_column(RowId)
    at: Mapped[datetime]
    hash: Mapped[str] = mapped_column(String(64))


class Entry(Base):
    """One leg of a posting. `expires_at` is the end that the lot has from then on, where the entry sets one."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_lot", "lot_id", postgresql_where=text("lot_id IS NOT NULL")),)

    posting_id: Mapped[int] = mapped_column(ForeignKey("ledger_postings.id"), primary_key=True)
    leg: Mapped[int] = mapped_column(primary_key=True)
    book: Mapped[Book]
    amount: Mapped[int] = mapped_column(RowId)
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_lots.id"))
    expires_at: Mapped[datetime | None]


class LotState(StrEnum):
    """pending: earned, not yet to be spent; cancelled: all of it was taken back before it could be."""

    PENDING = "pending"
    ACTIVE = "active"
    CANCELLED = "cancelled"


_L = LotState
LOT_MOVES = StateTable[LotState](
    {
        _L.PENDING: frozenset({_L.ACTIVE, _L.CANCELLED}),
        _L.ACTIVE: frozenset(),
        _L.CANCELLED: frozenset(),
    },
    column="state",
)


class Lot(Model):
    """What was earned at one time and ends at one time. `held` of what remains is pinned by holds.

    `award` is the key of the posting that earned it. `taken_back` is how much of the award was reversed in all, also
    where other lots, a debt or the shop bore it. `life` is how long it lives once active, as ISO 8601 ("P12M", "" for ever).
    """

    __tablename__ = "ledger_lots"
    __table_args__ = (
        CheckConstraint(
            "remaining >= 0 AND spent >= 0 AND expired >= 0 AND reversed >= 0 AND held >= 0", "not_negative"
        ),
        CheckConstraint("earned = remaining + spent + expired + reversed", "adds_up"),
        CheckConstraint("held <= remaining AND taken_back >= 0 AND taken_back <= earned", "in_bounds"),
        Index("ix_ledger_lots_subject", "subject"),
        Index(
            "ix_ledger_lots_open",
            "account_id",
            "expires_at",
            postgresql_where=text("remaining > 0"),
            sqlite_where=text("remaining > 0"),
        ),
        Index(
            "ix_ledger_lots_due",
            "expires_at",
            postgresql_where=text("remaining > 0 AND state = 'active'"),
            sqlite_where=text("remaining > 0 AND state = 'active'"),
        ),
        Index(
            "ix_ledger_lots_pending",
            "activates_at",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"), index=True)
    award: Mapped[str] = mapped_column(String(160), unique=True)
    subject: Mapped[str] = mapped_column(String(120))
    state: Mapped[LotState]
    earned: Mapped[int] = mapped_column(RowId)
    remaining: Mapped[int] = mapped_column(RowId)
    held: Mapped[int] = mapped_column(RowId, default=0)
    spent: Mapped[int] = mapped_column(RowId, default=0)
    expired: Mapped[int] = mapped_column(RowId, default=0)
    reversed: Mapped[int] = mapped_column(RowId, default=0)
    taken_back: Mapped[int] = mapped_column(RowId, default=0)
    life: Mapped[str] = mapped_column(String(16), default="")
    activates_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class HoldState(StrEnum):
    OPEN = "open"
    COMMITTED = "committed"
    RELEASED = "released"
    LAPSED = "lapsed"


_H = HoldState
HOLD_MOVES = StateTable[HoldState](
    {
        _H.OPEN: frozenset({_H.COMMITTED, _H.RELEASED, _H.LAPSED}),
        _H.COMMITTED: frozenset(),
        _H.RELEASED: frozenset(),
        _H.LAPSED: frozenset(),
    },
    column="state",
)


class Hold(Model):
    """An amount kept for one purpose, pinned to lots. It ends once; `committed` of it was spent then."""

    __tablename__ = "ledger_holds"
    __table_args__ = (
        CheckConstraint("amount >= 1 AND committed >= 0 AND committed <= amount", "in_bounds"),
        Index(
            "ix_ledger_holds_open",
            "lapses_at",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
        Index("ix_ledger_holds_account", "account_id"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"))
    key: Mapped[str] = mapped_column(String(160), unique=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    amount: Mapped[int] = mapped_column(RowId)
    committed: Mapped[int] = mapped_column(RowId, default=0)
    state: Mapped[HoldState] = mapped_column(default=HoldState.OPEN)
    subject: Mapped[str] = mapped_column(String(120))
    lapses_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    posting_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_postings.id"))


class HoldPart(Base):
    """How much of a hold one lot bears."""

    __tablename__ = "ledger_hold_parts"
    __table_args__ = (CheckConstraint("amount >= 1", "amount_positive"),)

    hold_id: Mapped[int] = mapped_column(ForeignKey("ledger_holds.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("ledger_lots.id"), primary_key=True)
    amount: Mapped[int] = mapped_column(RowId)


class LedgerMerge(Model):
    """What moved from one account to another when their owners became one, so that it can go back."""

    __tablename__ = "ledger_merges"

    key: Mapped[str] = mapped_column(String(160), unique=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"))
    lot_ids: Mapped[list[int]]
    hold_ids: Mapped[list[int]]
    debt: Mapped[int] = mapped_column(RowId)
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
