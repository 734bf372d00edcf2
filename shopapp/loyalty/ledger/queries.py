"""What owners have and had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, and_, case, func, or_, select

from shopapp.kernel.db import db

from . import statements
from .models import Book, Entry, Hold, Kind, LedgerAccount, LedgerMerge, Lot, LotState, Posting, Unit
from .writing import Purse

SOON_MAX = 12


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What an owner has of one unit. `available` can be spent now; `active` includes what is held or just over."""

    available: int = 0
    active: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0


def balance(*, purse: Purse, now: datetime) -> Balance:
    """Right at `now`, also where what expired was not booked yet; in one indexed read however long the history is."""
    row = statements.AVAILABLE.row(
        owner_kind=purse.owner_kind, owner_id=purse.owner_id, unit=purse.unit, now=now
    )
    if row is None:
        return Balance()
    past = int(row.past)
    return Balance(
        available=row.active - row.held - past,
        active=row.active,
        pending=row.pending,
        held=row.held,
        debt=row.debt,
    )


def balance_at(*, purse: Purse, at: datetime) -> Balance:
    """What the owner had at a past time, by what was booked up to it."""
    account = _account_id(purse)
    if account is None:
        return Balance()
    sums = (
        select(Entry.book, func.sum(Entry.amount))
        .join(Posting, Posting.id == Entry.posting_id)
        .where(Posting.account_id == account, Posting.at <= at)
        .group_by(Entry.book)
    )
    books = {book: int(amount) for book, amount in db.session.execute(sums)}
    held = _held_at(account, at=at)
    active = books.get(Book.ACTIVE, 0)
    return Balance(
        available=active - held,
        active=active,
        pending=books.get(Book.PENDING, 0),
        held=held,
        debt=-books.get(Book.DEBT, 0),
    )


def _held_at(account: int, *, at: datetime) -> int:
    """What holds kept there at that time; merges and their undoing moved them between accounts."""
    touching = or_(LedgerMerge.source_id == account, LedgerMerge.target_id == account)
    merges = db.session.scalars(select(LedgerMerge).where(touching).order_by(LedgerMerge.id)).all()
    moved = {hold_id for merge in merges for hold_id in merge.hold_ids}
    open_then = and_(Hold.created_at <= at, or_(Hold.ended_at.is_(None), Hold.ended_at > at))
    candidates = select(Hold.id, Hold.account_id, Hold.amount).where(
        open_then, or_(Hold.account_id == account, Hold.id.in_(moved))
    )
    return sum(
        amount
        for hold_id, now_at, amount in db.session.execute(candidates)
        if _stood_there(now_at == account, _comings(hold_id, account, merges), at=at)
    )


def _comings(hold_id: int, account: int, merges: Sequence[LedgerMerge]) -> list[tuple[datetime, bool]]:
    """When a hold came to an account (True) or left it (False), the first first."""
    found = []
    for merge in merges:
        if hold_id in merge.hold_ids:
            came = merge.target_id == account
            found.append((merge.merged_at, came))
            if merge.undone_at is not None:
                found.append((merge.undone_at, not came))
    return sorted(found, key=lambda one: one[0])


def _stood_there(stands: bool, comings: Sequence[tuple[datetime, bool]], *, at: datetime) -> bool:
    there = not comings[0][1] if comings else stands
    for moment, came in comings:
        if moment <= at:
            there = came
    return there


def _account_id(purse: Purse) -> int | None:
    return db.session.scalar(
        select(LedgerAccount.id).where(
            LedgerAccount.owner_kind == purse.owner_kind,
            LedgerAccount.owner_id == purse.owner_id,
            LedgerAccount.unit == purse.unit,
        )
    )


def was_earned(*, award: str) -> bool:
    """Whether the award with this key was booked."""
    return db.session.scalar(select(Lot.id).where(Lot.award == award)) is not None


def subject_of_award(*, award: str) -> str | None:
    """What the award with this key was booked for."""
    return db.session.scalar(select(Lot.subject).where(Lot.award == award).order_by(Lot.id).limit(1))


@dataclass(frozen=True, kw_only=True)
class Expiring:
    """So much ends at this time."""

    amount: int
    at: datetime


def expiring(*, purse: Purse, now: datetime, until: datetime | None = None) -> list[Expiring]:
    """What will end, and when, the next first; at most twelve dates."""
    account = _account_id(purse)
    free = Lot.remaining - Lot.held
    statement = (
        select(Lot.expires_at, func.sum(free))
        .where(Lot.account_id == account, Lot.state == LotState.ACTIVE, Lot.remaining > 0, free > 0)
        .where(Lot.expires_at > now)
        .group_by(Lot.expires_at)
        .order_by(Lot.expires_at)
        .limit(SOON_MAX)
    )
    if until is not None:
        statement = statement.where(Lot.expires_at <= until)
    return [Expiring(amount=int(amount), at=at) for at, amount in db.session.execute(statement) if at]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """So much of one subject is pending, until `at`; None while nobody knows when."""

    amount: int
    subject: str
    at: datetime | None


def waiting(*, purse: Purse) -> list[Waiting]:
    """What is pending, what comes next first; at most twelve."""
    statement = (
        select(func.sum(Lot.remaining), Lot.subject, Lot.activates_at)
        .where(Lot.account_id == _account_id(purse), Lot.state == LotState.PENDING, Lot.remaining > 0)
        .group_by(Lot.subject, Lot.activates_at)
        .order_by(Lot.activates_at.is_(None), Lot.activates_at, func.min(Lot.id))
        .limit(SOON_MAX)
    )
    return [
        Waiting(amount=int(amount), subject=subject, at=at)
        for amount, subject, at in db.session.execute(statement)
    ]


def booked(*, key: str) -> bool:
    """Whether a movement with this key was booked."""
    return statements.POSTING_WITH_KEY.row(key=key) is not None


class Flow(StrEnum):
    """Movements by which an owner has more, or less; what only becomes active is neither."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One movement as its owner reads it. `active` and `pending` are what it changed, `balance` what was active after.

    `debt` is what it could not take back and left owing, negative for what it made good of that.
    `seq` is its place in the account's chain.
    """

    id: int
    seq: int
    kind: Kind
    subject: str
    reason: str
    active: int
    pending: int
    debt: int
    balance: int
    at: datetime


def _change(*books: Book) -> Any:
    return func.sum(case((Entry.book.in_(books), Entry.amount), else_=0))


def _movements(purse: Purse) -> Select[Any]:
    return (
        select(
            Posting.id,
            Posting.seq,
            Posting.kind,
            Posting.subject,
            Posting.reason,
            Posting.balance,
            Posting.at,
            _change(Book.ACTIVE).label("active"),
            _change(Book.PENDING).label("pending"),
            _change(Book.DEBT).label("debt"),
        )
        .join(Entry, Entry.posting_id == Posting.id)
        .where(Posting.account_id == _account_id(purse), Posting.kind != Kind.EXTEND)
        .group_by(Posting.id)
    )


def statement(
    *, purse: Purse, before: int | None = None, limit: int = 20, flow: Flow | None = None
) -> tuple[list[StatementLine], int | None]:
    """Movements, the newest first, and the number after which to go on; `before` is such a number."""
    wanted = _movements(purse)
    if flow is not None:
        change = _change(Book.ACTIVE, Book.PENDING)
        wanted = wanted.having(change > 0 if flow is Flow.IN else change < 0)
    if before is not None:
        wanted = wanted.where(Posting.seq < before)
    rows = db.session.execute(wanted.order_by(Posting.seq.desc()).limit(limit + 1)).all()
    following = rows[limit - 1].seq if len(rows) > limit else None
    return [_line(row) for row in rows[:limit]], following


def statement_between(*, purse: Purse, since: datetime, until: datetime) -> list[StatementLine]:
    """Movements of a span of time, the oldest first: since ≤ at < until."""
    wanted = _movements(purse).where(Posting.at >= since, Posting.at < until)
    return [_line(row) for row in db.session.execute(wanted.order_by(Posting.seq))]


def _line(row: Row[Any]) -> StatementLine:
    return StatementLine(
        id=row.id,
        seq=row.seq,
        kind=row.kind,
        subject=row.subject,
        reason=row.reason,
        active=int(row.active),
        pending=int(row.pending),
        debt=-int(row.debt),
        balance=row.balance,
        at=row.at,
    )


@dataclass(frozen=True, kw_only=True)
class Liability:
    """What the shop owes its customers of one unit at a time, and how it moved since `since`."""

    unit: Unit
    accounts: int
    opening: int
    issued: int
    spent: int
    expired: int
    reversed: int
    waived: int
    adjusted: int
    closing: int


def liabilities(*, since: datetime, until: datetime) -> list[Liability]:
    """Per unit: what was owed at `since`, what came and went, what is owed at `until`; pending and debts included.

    closing = opening + issued − spent − expired − reversed + waived + adjusted, in the unit's own measure.
    """
    shop = {
        Book.ISSUED: -1,
        Book.SPENT: 1,
        Book.EXPIRED: 1,
        Book.REVERSED: 1,
        Book.WAIVED: -1,
        Book.ADJUSTED: -1,
    }

    def total(*conditions: Any) -> Any:
        return func.coalesce(func.sum(case((and_(*conditions), Entry.amount), else_=0)), 0)

    own = Entry.book.in_((Book.ACTIVE, Book.PENDING, Book.DEBT))
    inside = Posting.at >= since
    columns = [
        total(own, Posting.at < since).label("opening"),
        *(total(Entry.book == book, inside).label(book.value) for book in shop),
        total(own).label("closing"),
        func.count(LedgerAccount.id.distinct()).label("accounts"),
    ]
    rows = db.session.execute(
        select(LedgerAccount.unit, *columns)
        .select_from(Entry)
        .join(Posting, Posting.id == Entry.posting_id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(Posting.at < until, LedgerAccount.owner_kind == "customer")
        .group_by(LedgerAccount.unit)
        .order_by(LedgerAccount.unit)
    )
    return [
        Liability(
            unit=row.unit,
            accounts=row.accounts,
            opening=int(row.opening),
            closing=int(row.closing),
            **{book.value: sign * int(getattr(row, book.value)) for book, sign in shop.items()},
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class Qualifying:
    """An entry that counts for a tier: `amount` of growth became active, or was taken back, at `at`."""

    amount: int
    at: datetime
    kind: Kind
    award: str
    subject: str


def qualifying(*, customer_ids: Sequence[int], since: datetime | None = None) -> dict[int, list[Qualifying]]:
    """The growth that became active or was taken back, by row id of the customer, the oldest first.

    What a merge moved has come when it came to whom it was moved from: an entry is followed to where its lot is.
    """
    wanted = (
        select(LedgerAccount.owner_id, Entry.amount, Posting.at, Posting.kind, Lot.award, Posting.subject)
        .select_from(LedgerAccount)
        .join(Lot, Lot.account_id == LedgerAccount.id)
        .join(Entry, Entry.lot_id == Lot.id)
        .join(Posting, Posting.id == Entry.posting_id)
        .where(
            LedgerAccount.owner_kind == "customer",
            LedgerAccount.unit == Unit.GROWTH,
            LedgerAccount.owner_id.in_(customer_ids),
            Entry.book == Book.ACTIVE,
            Entry.amount != 0,
            Posting.kind != Kind.MOVE,
        )
        .order_by(LedgerAccount.owner_id, Posting.at, Posting.id, Entry.leg)
    )
    if since is not None:
        wanted = wanted.where(Posting.at >= since)
    found: dict[int, list[Qualifying]] = {customer_id: [] for customer_id in customer_ids}
    for owner_id, amount, at, kind, award, subject in db.session.execute(wanted):
        found[owner_id].append(Qualifying(amount=amount, at=at, kind=kind, award=award, subject=subject))
    return found
