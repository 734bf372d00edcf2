"""Whether the books hold: every chain, every posting, and everything that is kept as a sum of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from shopapp.kernel.db import db, is_sqlite

from . import rules, verify_holds
from .drafting import earn_body
from .models import (
    Book,
    Entry,
    Kind,
    LedgerAccount,
    Lot,
    LotState,
    Posting,
)
from .rules import COUNTER, Leg, Life
from .writing import Purse, hashed

ACCOUNTS_AT_ONCE = 500
PROBLEMS_MAX = 100


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that does not hold: `account` is the account's row id, `posting` the number of the posting in it."""

    account: int
    posting: int | None
    text: str


@dataclass(kw_only=True)
class Report:
    """What was found; at most a hundred problems are told. `checked` counts entries."""

    checked: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    def wrong(self, account: int, text: str, posting: int | None = None) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(account=account, posting=posting, text=text))


def verify(*, progress: Callable[[int], None] | None = None) -> Report:
    """Check all accounts, some hundred at a time; `progress` is told how many entries were checked so far."""
    report = Report()
    for ids in _batches():
        _check_batch(ids, report)
        if progress is not None:
            progress(report.checked)
    return report


def _batches() -> Iterator[list[int]]:
    last = 0
    while True:
        statement = select(LedgerAccount.id).where(LedgerAccount.id > last).order_by(LedgerAccount.id)
        ids = list(db.session.scalars(statement.limit(ACCOUNTS_AT_ONCE)))
        if not ids:
            return
        yield ids
        last = ids[-1]


@dataclass(kw_only=True)
class _Sums:
    """What the entries of a lot add up to."""

    remaining: int = 0
    earned: int = 0
    counters: dict[str, int] = field(default_factory=lambda: {"spent": 0, "expired": 0, "reversed": 0})
    taken_back: int = 0
    award: str = ""
    subject: str = ""
    expires_at: Any = None


def _check_batch(ids: list[int], report: Report) -> None:
    _see_one_moment()
    with db.session.no_autoflush:
        accounts = db.session.execute(
            select(LedgerAccount.__table__).where(LedgerAccount.id.in_(ids)).order_by(LedgerAccount.id)
        ).all()
        postings: dict[int, list[Any]] = {account_id: [] for account_id in ids}
        for row in db.session.execute(
            select(Posting.__table__).where(Posting.account_id.in_(ids)).order_by(Posting.seq)
        ):
            postings[row.account_id].append(row)
        entries = _entries(ids)
        lots: dict[int, list[Any]] = {account_id: [] for account_id in ids}
        for row in db.session.execute(select(Lot.__table__).where(Lot.account_id.in_(ids))):
            lots[row.account_id].append(row)
        sums = _sums_of_lots([lot.id for found in lots.values() for lot in found])
        held, pinned = verify_holds.kept(ids)
        awards = _awards(ids)
        for account_id, text in verify_holds.problems(ids):
            report.wrong(account_id, text)
    for account in accounts:
        _check_awards(account, awards.get(account.id, []), report)
        _check_chain(account, postings[account.id], entries, report)
        _check_balances(account, postings[account.id], entries, held.get(account.id, 0), report)
        for lot in lots[account.id]:
            _check_lot(lot, sums.get(lot.id, _Sums()), pinned.get(lot.id, 0), report)
        _check_open_lots(account, lots[account.id], report)
    db.session.rollback()


def _see_one_moment() -> None:
    """Movements made while a batch is read must not look like faults. On SQLite a transaction sees one moment anyway."""
    db.session.rollback()
    if not is_sqlite():
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _entries(ids: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    statement = (
        select(Entry.__table__)
        .join(Posting, Posting.id == Entry.posting_id)
        .where(Posting.account_id.in_(ids))
        .order_by(Entry.posting_id, Entry.leg)
    )
    for row in db.session.execute(statement):
        found.setdefault(row.posting_id, []).append(row)
    return found


def _sums_of_lots(lot_ids: list[int]) -> dict[int, _Sums]:
    """By lot over all accounts it has been in, since a merge moves lots."""
    found: dict[int, _Sums] = {}
    for start in range(0, len(lot_ids), 5000):
        statement = (
            select(Entry.lot_id, Entry.amount, Entry.expires_at, Posting.kind, Posting.key, Posting.subject)
            .join(Posting, Posting.id == Entry.posting_id)
            .where(Entry.lot_id.in_(lot_ids[start : start + 5000]))
            .order_by(Entry.posting_id, Entry.leg)
        )
        for lot_id, amount, expires_at, kind, key, subject in db.session.execute(statement):
            sums = found.setdefault(lot_id or 0, _Sums())
            sums.remaining += amount
            counter = COUNTER.get(kind, "spent" if kind is Kind.ADJUST and amount < 0 else None)
            if counter is not None:
                sums.counters[counter] -= amount
            elif kind in (Kind.EARN, Kind.ADJUST):
                sums.earned += amount
                sums.award, sums.subject = key, subject
            sums.expires_at = expires_at or sums.expires_at
    _add_taken_back(found)
    return found


def _add_taken_back(sums: dict[int, _Sums]) -> None:
    """Of each lot's award, what was taken back of it from wherever."""
    by_award = {one.award: one for one in sums.values()}
    awards, earned = list(by_award), aliased(Posting)
    for start in range(0, len(awards), 5000):
        statement = (
            select(earned.key, func.sum(Entry.amount))
            .select_from(earned)
            .join(Posting, Posting.reverses_id == earned.id)
            .join(Entry, Entry.posting_id == Posting.id)
            .where(earned.key.in_(awards[start : start + 5000]), Entry.book == Book.REVERSED)
            .group_by(earned.key)
        )
        for key, amount in db.session.execute(statement):
            by_award[key].taken_back = int(amount)


def _awards(ids: list[int]) -> dict[int, list[Any]]:
    """The postings that brought a lot, by account, with how long the lot says that it lives."""
    statement = (
        select(Posting.__table__, Entry.book, Entry.amount, Lot.life)
        .join(Entry, Entry.posting_id == Posting.id)
        .join(Lot, and_(Lot.id == Entry.lot_id, Lot.award == Posting.key))
        .where(Posting.account_id.in_(ids), Posting.kind.in_((Kind.EARN, Kind.ADJUST)))
    )
    found: dict[int, list[Any]] = {}
    for row in db.session.execute(statement):
        found.setdefault(row.account_id, []).append(row)
    return found


def _check_awards(account: Any, awards: list[Any], report: Report) -> None:
    """What the key of an award was bound to names the life of its lot too."""
    owner = Purse(owner_kind=account.owner_kind, owner_id=account.owner_id, unit=account.unit)
    for row in awards:
        bound = earn_body(
            owner,
            amount=row.amount,
            subject=row.subject,
            reason=row.reason,
            life=_life(row.life),
            pending=row.book is Book.PENDING,
            kind=row.kind,
        )
        if row.body_hash != bound or str(_life(row.life) or "") != row.life:
            report.wrong(account.id, "its lot does not live as long as was promised", row.seq)


def _life(text: str) -> Life | None:
    try:
        return Life.parse(text)
    except ValueError:
        return None


def _check_chain(account: Any, postings: list[Any], entries: dict[int, list[Any]], report: Report) -> None:
    head, active = rules.chain_start(account.owner_kind, account.owner_id, account.unit), 0
    for number, posting in enumerate(postings, start=1):
        legs = [
            Leg(book=row.book, amount=row.amount, lot_id=row.lot_id, expires_at=row.expires_at)
            for row in entries.get(posting.id, [])
        ]
        report.checked += len(legs)
        active += sum(leg.amount for leg in legs if leg.book is Book.ACTIVE)
        if posting.seq != number:
            report.wrong(account.id, "a posting is missing from the chain", posting.seq)
        if len(legs) < 2 or sum(leg.amount for leg in legs) != 0:
            report.wrong(account.id, "the legs do not sum to zero", posting.seq)
        if posting.balance != active:
            report.wrong(account.id, "the balance after it is not the sum of the entries", posting.seq)
        head = rules.chain_hash(head, hashed(posting._asdict()), legs)
        if posting.hash != head:
            report.wrong(account.id, "the hash does not fit what is written", posting.seq)
            head = posting.hash
    if account.seq != len(postings) or account.head != head:
        report.wrong(account.id, "the chain does not end where the account says")


def _check_balances(
    account: Any, postings: list[Any], entries: dict[int, list[Any]], held: int, report: Report
) -> None:
    books = dict.fromkeys(Book, 0)
    for posting in postings:
        for row in entries.get(posting.id, []):
            books[row.book] += row.amount
    for name, wanted in (
        ("active", books[Book.ACTIVE]),
        ("pending", books[Book.PENDING]),
        ("debt", -books[Book.DEBT]),
        ("held", held),
    ):
        if getattr(account, name) != wanted:
            report.wrong(
                account.id, f"{name} is {getattr(account, name)}, what is written adds up to {wanted}"
            )


def _check_lot(lot: Any, sums: _Sums, pinned: int, report: Report) -> None:
    facts = {
        "earned": sums.earned,
        "remaining": sums.remaining,
        "held": pinned,
        "taken_back": sums.taken_back,
        "award": sums.award,
        "subject": sums.subject,
        "expires_at": sums.expires_at,
        **sums.counters,
    }
    for name, wanted in facts.items():
        if getattr(lot, name) != wanted:
            report.wrong(
                lot.account_id,
                f"{name} of lot {lot.id} is {getattr(lot, name)}, what is written says {wanted}",
            )
    if min(lot.remaining, lot.spent, lot.expired, lot.reversed, lot.held, lot.remaining - lot.held) < 0:
        report.wrong(lot.account_id, f"lot {lot.id} has a figure below zero")
    if lot.earned != lot.remaining + lot.spent + lot.expired + lot.reversed:
        report.wrong(lot.account_id, f"lot {lot.id} does not add up")
    if lot.state is LotState.CANCELLED and lot.remaining:
        report.wrong(lot.account_id, f"lot {lot.id} is cancelled and not empty")


def _check_open_lots(account: Any, lots: list[Any], report: Report) -> None:
    for state, wanted in ((LotState.ACTIVE, account.active), (LotState.PENDING, account.pending)):
        if sum(lot.remaining for lot in lots if lot.state is state) != wanted:
            report.wrong(account.id, f"the {state.value} lots do not add up to the balance")
