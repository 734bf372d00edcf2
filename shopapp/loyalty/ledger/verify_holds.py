"""Whether holds are what was asked for, and ended as it is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import astuple
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from shopapp.kernel.db import db

from . import rules
from .models import Book, Entry, Hold, HoldPart, HoldState, Kind, LedgerAccount, LedgerMerge, Posting
from .writing import Purse


def kept(ids: list[int]) -> tuple[dict[int, int], dict[int, int]]:
    """What open holds keep, by account and by lot."""
    held: dict[int, int] = {}
    pinned: dict[int, int] = {}
    open_ones = (Hold.account_id.in_(ids), Hold.state == HoldState.OPEN)
    for account_id, amount in db.session.execute(select(Hold.account_id, Hold.amount).where(*open_ones)):
        held[account_id] = held.get(account_id, 0) + amount
    parts = select(HoldPart.lot_id, HoldPart.amount).join(Hold, Hold.id == HoldPart.hold_id).where(*open_ones)
    for lot_id, amount in db.session.execute(parts):
        pinned[lot_id] = pinned.get(lot_id, 0) + amount
    return held, pinned


def problems(ids: list[int]) -> list[tuple[int, str]]:
    """What does not hold of the holds in these accounts: the account's row id, and what it is."""
    holds = _holds(ids)
    found = [(hold.account_id, f"hold {hold.id} {text}") for hold in holds for text in _endings(hold)]
    accounts = _purses(ids)
    strange = [hold for hold in holds if not _fits(hold, accounts[hold.account_id])]
    first = _made_in({hold.id for hold in strange}) if strange else {}
    makers = _purses(set(first.values()))
    found += [
        (hold.account_id, f"hold {hold.id} is not what was asked for")
        for hold in strange
        if hold.id not in first or not _fits(hold, makers[first[hold.id]])
    ]
    return found


def _holds(ids: list[int]) -> list[Any]:
    """Each with the posting it names and the one that bears its key: where, of which kind, and what that spent."""
    spending = aliased(Posting)
    spent = (
        select(func.sum(Entry.amount))
        .where(Entry.posting_id == spending.id, Entry.book == Book.SPENT)
        .correlate(spending)
        .scalar_subquery()
    )
    statement = (
        select(
            Hold.__table__,
            spending.id.label("written"),
            spending.kind.label("kind"),
            spending.body_hash.label("body"),
            spent.label("spent"),
        )
        .outerjoin(spending, spending.key == Hold.key)
        .where(Hold.account_id.in_(ids))
        .order_by(Hold.id)
    )
    return list(db.session.execute(statement))


def _endings(hold: Any) -> Iterator[str]:
    if hold.state is not HoldState.COMMITTED:
        if hold.committed or hold.posting_id is not None or hold.written is not None:
            yield "spent something and does not say so"
        return
    if hold.written is None or hold.posting_id != hold.written:
        yield "does not name what it spent"
    elif hold.kind is not Kind.SPEND or hold.body != hold.body_hash:
        yield "was spent as something else"
    if hold.committed != (hold.spent or 0):
        yield f"says it spent something else than the {hold.spent or 0} that were"


def _fits(hold: Any, maker: Purse) -> bool:
    return bool(hold.body_hash == rules.body_hash("hold", *astuple(maker), hold.amount, hold.subject))


def _purses(ids: Collection[int]) -> dict[int, Purse]:
    columns = select(
        LedgerAccount.id, LedgerAccount.owner_kind, LedgerAccount.owner_id, LedgerAccount.unit
    ).where(LedgerAccount.id.in_(ids))
    return {
        row.id: Purse(owner_kind=row.owner_kind, owner_id=row.owner_id, unit=row.unit)
        for row in db.session.execute(columns)
    }


def _made_in(hold_ids: set[int]) -> dict[int, int]:
    """The accounts in which these holds were made, by hold: whence the first merge took each; without those never moved."""
    found: dict[int, int] = {}
    merges = select(LedgerMerge.source_id, LedgerMerge.hold_ids).order_by(LedgerMerge.id)
    for source_id, moved in db.session.execute(merges):
        for hold_id in hold_ids.intersection(moved):
            found.setdefault(hold_id, source_id)
    return found
