"""What happened and what will happen in the books of all customers: read by the jobs that tell them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from shopapp.kernel.db import db

from .models import Book, Entry, Kind, LedgerAccount, Lot, LotState, Posting, Unit

ROWS_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Due:
    """So much of a unit that a customer has ends at this time."""

    customer_id: int
    amount: int
    at: datetime


def ending(*, unit: Unit, since: datetime, until: datetime) -> Iterator[Due]:
    """What ends at since < time <= until, summed per customer and time, what is held left out; in row order of customers."""
    free = Lot.remaining - Lot.held
    statement = (
        select(LedgerAccount.owner_id, func.sum(free), Lot.expires_at)
        .join(LedgerAccount, LedgerAccount.id == Lot.account_id)
        .where(LedgerAccount.owner_kind == "customer", LedgerAccount.unit == unit)
        .where(Lot.state == LotState.ACTIVE, Lot.remaining > 0, free > 0)
        .where(Lot.expires_at > since, Lot.expires_at <= until)
        .group_by(LedgerAccount.owner_id, Lot.expires_at)
        .order_by(LedgerAccount.owner_id, Lot.expires_at)
        .limit(ROWS_AT_ONCE)
    )
    last = 0
    while rows := db.session.execute(statement.where(LedgerAccount.owner_id > last)).all():
        owners = [owner_id for owner_id, _amount, _at in rows]
        # a customer cut off by the limit comes whole with the next batch, unless they fill this one
        whole = [owner for owner in owners if len(rows) < ROWS_AT_ONCE or owner != owners[-1]] or owners
        last = whole[-1]
        for owner_id, amount, at in rows[: len(whole)]:
            if at is not None:
                yield Due(customer_id=owner_id, amount=int(amount), at=at)


def activated(*, unit: Unit, since: datetime, until: datetime) -> list[tuple[int, int]]:
    """(row id of the customer, how much of a unit became active at since <= time < until), in order of customers."""
    statement = (
        select(LedgerAccount.owner_id, func.sum(Entry.amount))
        .select_from(Posting)
        .join(Entry, Entry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(Posting.kind == Kind.ACTIVATE, Posting.at >= since, Posting.at < until)
        .where(LedgerAccount.owner_kind == "customer", LedgerAccount.unit == unit, Entry.book == Book.ACTIVE)
        .group_by(LedgerAccount.owner_id)
        .order_by(LedgerAccount.owner_id)
    )
    return [(owner_id, int(amount)) for owner_id, amount in db.session.execute(statement)]


def holders(*, unit: Unit, customer_ids: Collection[int]) -> set[int]:
    """Those of these customers who have something of a unit, active or pending."""
    account = LedgerAccount
    mine = (account.owner_kind == "customer", account.unit == unit, account.owner_id.in_(customer_ids))
    return set(
        db.session.scalars(select(account.owner_id).where(*mine, account.active + account.pending > 0))
    )
