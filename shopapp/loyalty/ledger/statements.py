"""The statements of every movement, put into words once."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import (
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from shopapp.kernel.prepared import Prepared

from .models import (
    HOLD_MOVES,
    Book,
    Entry,
    Hold,
    HoldPart,
    HoldState,
    LedgerAccount,
    Lot,
    LotState,
    Posting,
)

ACCOUNTS, POSTINGS, ENTRIES, LOTS, HOLDS, PARTS = (
    cast(Table, model.__table__) for model in (LedgerAccount, Posting, Entry, Lot, Hold, HoldPart)
)

OWNED_BY = (
    ACCOUNTS.c.owner_kind == bindparam("owner_kind"),
    ACCOUNTS.c.owner_id == bindparam("owner_id"),
    ACCOUNTS.c.unit == bindparam("unit"),
)
OPEN = (LOTS.c.state == LotState.ACTIVE, LOTS.c.remaining > literal_column("0"))
"""The zero stands in the words: only then does a prepared plan know that the index of open lots will do."""


def _lock_owned(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(ACCOUNTS).where(*OWNED_BY).with_for_update()


def _owned(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(ACCOUNTS.c.id).where(*OWNED_BY)


def _lock(_dialect: str) -> Select[*tuple[Any, ...]]:
    chosen = ACCOUNTS.c.id.in_(bindparam("ids", expanding=True))
    return select(ACCOUNTS).where(chosen).order_by(ACCOUNTS.c.id).with_for_update()


def _save_account(_dialect: str) -> Update:
    names = ("active", "pending", "held", "debt", "seq", "head")
    row = update(ACCOUNTS).where(ACCOUNTS.c.id == bindparam("row_id"))
    return row.values({name: bindparam(name) for name in names})


def _posting_with_key(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(POSTINGS).where(POSTINGS.c.key == bindparam("key"))


def _insert_posting(_dialect: str) -> Insert:
    return insert(POSTINGS).returning(POSTINGS.c.id)


def _insert_postings(_dialect: str) -> Insert:
    """Many go quicker row by row in one go, their numbers asked for after, than as one statement of a thousand values."""
    return insert(POSTINGS)


def _posting_ids(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(POSTINGS.c.key, POSTINGS.c.id).where(POSTINGS.c.key.in_(bindparam("keys", expanding=True)))


def _insert_entries(_dialect: str) -> Insert:
    return insert(ENTRIES)


def _insert_lot(_dialect: str) -> Insert:
    return insert(LOTS).returning(LOTS.c.id)


def _open_lots(_dialect: str) -> Select[*tuple[Any, ...]]:
    mine = (LOTS.c.account_id.in_(bindparam("account_ids", expanding=True)), *OPEN)
    order = (LOTS.c.expires_at.asc().nulls_last(), LOTS.c.id)
    return select(LOTS).where(*mine).order_by(*order)


def _lots(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(LOTS).where(LOTS.c.id.in_(bindparam("ids", expanding=True))).order_by(LOTS.c.id)


def _lots_of_award(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(LOTS).where(LOTS.c.award == bindparam("award"))


def _lots_left(_dialect: str) -> Select[*tuple[Any, ...]]:
    mine = (LOTS.c.account_id == bindparam("account_id"), LOTS.c.remaining > 0)
    return select(LOTS).where(*mine).order_by(LOTS.c.id)


def _lots_of_subject(_dialect: str) -> Select[*tuple[Any, ...]]:
    mine = (LOTS.c.account_id == bindparam("account_id"), LOTS.c.subject == bindparam("subject"))
    return (
        select(LOTS)
        .where(*mine, LOTS.c.remaining > 0)
        .order_by(LOTS.c.expires_at.asc().nulls_last(), LOTS.c.id)
    )


def _save_lot(_dialect: str) -> Update:
    names = (
        *("account_id", "state", "remaining", "held", "spent", "expired", "reversed", "taken_back"),
        "expires_at",
    )
    row = update(LOTS).where(LOTS.c.id == bindparam("row_id"))
    return row.values({name: bindparam(name) for name in names})


def _available(_dialect: str) -> Select[*tuple[Any, ...]]:
    """What expired and was not booked yet counts no more."""
    past = (
        select(func.coalesce(func.sum(LOTS.c.remaining - LOTS.c.held), 0))
        .where(LOTS.c.account_id == ACCOUNTS.c.id, *OPEN, LOTS.c.expires_at <= bindparam("now"))
        .scalar_subquery()
    )
    columns = (ACCOUNTS.c.id, ACCOUNTS.c.active, ACCOUNTS.c.pending, ACCOUNTS.c.held, ACCOUNTS.c.debt)
    return select(*columns, past.label("past")).where(*OWNED_BY)


def _hold_with_key(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(HOLDS).where(HOLDS.c.key == bindparam("key"))


def _insert_hold(_dialect: str) -> Insert:
    return insert(HOLDS).returning(HOLDS.c.id)


def _insert_parts(_dialect: str) -> Insert:
    return insert(PARTS)


def _parts(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(PARTS).where(PARTS.c.hold_id == bindparam("hold_id")).order_by(PARTS.c.lot_id)


def _taken(_dialect: str) -> Select[*tuple[Any, ...]]:
    """What a posting took from each lot, less what later postings that reverse it gave back."""
    of_it = or_(POSTINGS.c.id == bindparam("posting_id"), POSTINGS.c.reverses_id == bindparam("posting_id"))
    return (
        select(ENTRIES.c.lot_id, (-func.sum(ENTRIES.c.amount)).label("amount"))
        .join(POSTINGS, POSTINGS.c.id == ENTRIES.c.posting_id)
        .where(of_it, ENTRIES.c.lot_id.is_not(None))
        .group_by(ENTRIES.c.lot_id)
        .order_by(ENTRIES.c.lot_id)
    )


def _reversed(_dialect: str) -> Select[*tuple[Any, ...]]:
    of_it = (ENTRIES.c.posting_id == bindparam("posting_id"), ENTRIES.c.book == Book.REVERSED)
    return select(ENTRIES.c.amount).where(*of_it)


LOCK_OWNED = Prepared(_lock_owned)
OWNED = Prepared(_owned)
LOCK = Prepared(_lock)
SAVE_ACCOUNT = Prepared(_save_account)
POSTING_WITH_KEY = Prepared(_posting_with_key)
INSERT_POSTING = Prepared(_insert_posting)
INSERT_POSTINGS = Prepared(_insert_postings)
POSTING_IDS = Prepared(_posting_ids)
INSERT_ENTRIES = Prepared(_insert_entries)
INSERT_LOT = Prepared(_insert_lot)
OPEN_LOTS = Prepared(_open_lots)
LOTS_BY_ID = Prepared(_lots)
LOTS_OF_AWARD = Prepared(_lots_of_award)
LOTS_LEFT = Prepared(_lots_left)
LOTS_OF_SUBJECT = Prepared(_lots_of_subject)
SAVE_LOT = Prepared(_save_lot)
AVAILABLE = Prepared(_available)
HOLD_WITH_KEY = Prepared(_hold_with_key)
INSERT_HOLD = Prepared(_insert_hold)
INSERT_PARTS = Prepared(_insert_parts)
PARTS_OF = Prepared(_parts)
TAKEN = Prepared(_taken)
REVERSED = Prepared(_reversed)
END_HOLD = {state: HOLD_MOVES.mover(Hold, state) for state in HoldState if HOLD_MOVES.final(state)}
