"""The one way into the books: accounts are locked, changed in memory, and written with the postings that say why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from shopapp.events import GrowthChanged
from shopapp.kernel.access import current_actor
from shopapp.kernel.db import insert_once
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.kernel.outbox import publish

from . import rules, statements
from .models import Book, Kind, LedgerAccount, LotState, Unit
from .rules import Leg

KEY_MAX = 128
"""The longest key; what follows from a movement is kept under its key with a word before it."""


class KeyTaken(ShopError):
    status, code, text = (
        409,
        "ledger_key_taken",
        _l("这个编号已用于另一笔变动，没有任何改动。请刷新后再试。"),
    )


class NotEnough(ShopError):
    status, code, text = 409, "balance_too_low", _l("余额不够，没有任何改动。请刷新后再试。")


@dataclass(frozen=True, kw_only=True)
class Purse:
    """Names an account: `owner_kind` is customer or campaign, `owner_id` the row id of the owner."""

    owner_kind: str
    owner_id: int
    unit: Unit


def purse(*, customer_id: int, unit: Unit) -> Purse:
    return Purse(owner_kind="customer", owner_id=customer_id, unit=unit)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a movement came to. `amount` is what it moved; `repeated` says that it was booked before with this key."""

    posting_id: int | None
    amount: int
    balance: int
    repeated: bool = False


@dataclass(kw_only=True)
class Account:
    """A locked account as it is in memory; `save` writes it."""

    id: int
    owner_kind: str
    owner_id: int
    unit: Unit
    active: int
    pending: int
    held: int
    debt: int
    seq: int
    head: str


@dataclass(kw_only=True, eq=False)
class OpenLot:
    """A lot of a locked account as it is in memory."""

    id: int
    account_id: int
    award: str
    subject: str
    state: LotState
    earned: int
    remaining: int
    held: int
    spent: int
    expired: int
    reversed: int
    taken_back: int
    life: str
    activates_at: datetime | None
    expires_at: datetime | None
    created_at: datetime

    @property
    def free(self) -> int:
        return self.remaining - self.held

    def over(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


@dataclass(kw_only=True)
class Draft:
    """A posting that is about to be written for a locked account. `actor` is who is behind it, if not who acts now."""

    account: Account
    kind: Kind
    key: str
    body_hash: str
    subject: str
    legs: list[Leg]
    reverses_id: int | None = None
    reason: str = ""
    actor: str | None = None
    approver: str | None = None
    lots: list[OpenLot] = field(default_factory=list)


def lock(wanted: Purse) -> Account:
    """The account, made if there was none, its row kept from others until the transaction ends."""
    names = _names(wanted)
    row = statements.LOCK_OWNED.row(**names)
    if row is None:
        _make(wanted)
        row = found(statements.LOCK_OWNED.row(**names))
    return _account(row)


def account_id(wanted: Purse) -> int:
    """The row id of the account, made if there was none; not locked."""
    names = _names(wanted)
    row = statements.OWNED.row(**names)
    if row is None:
        _make(wanted)
        row = found(statements.OWNED.row(**names))
    return int(row.id)


def _names(wanted: Purse) -> dict[str, Any]:
    return {"owner_kind": wanted.owner_kind, "owner_id": wanted.owner_id, "unit": wanted.unit}


def _make(wanted: Purse) -> None:
    head = rules.chain_start(wanted.owner_kind, wanted.owner_id, wanted.unit)
    insert_once(LedgerAccount, **_names(wanted), active=0, pending=0, held=0, debt=0, seq=0, head=head)


def lock_ids(ids: Collection[int]) -> dict[int, Account]:
    """Accounts by row id, locked in one sorted order."""
    return {row.id: _account(row) for row in statements.LOCK.rows(ids=sorted(ids))} if ids else {}


def lock_where(find: Callable[[], set[int]]) -> dict[int, Account]:
    """The accounts that `find` names, locked. It is asked again once they are: a merge may have moved things meanwhile."""
    locked: dict[int, Account] = {}
    while missing := find() - locked.keys():
        locked |= lock_ids(missing)
    return locked


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    return Account(
        id=row.id,
        owner_kind=row.owner_kind,
        owner_id=row.owner_id,
        unit=row.unit,
        active=row.active,
        pending=row.pending,
        held=row.held,
        debt=row.debt,
        seq=row.seq,
        head=row.head,
    )


def open_lots(accounts: Collection[int]) -> dict[int, list[OpenLot]]:
    """What can be taken from, by account, the lots that end first coming first."""
    by_account: dict[int, list[OpenLot]] = {account_id: [] for account_id in accounts}
    for row in statements.OPEN_LOTS.rows(account_ids=list(accounts)):
        by_account[row.account_id].append(OpenLot(**row._asdict()))
    return by_account


def lots_by_id(ids: Collection[int]) -> dict[int, OpenLot]:
    return {row.id: OpenLot(**row._asdict()) for row in statements.LOTS_BY_ID.rows(ids=list(ids))}


def lots_of_award(award: str) -> list[OpenLot]:
    """The lot that the movement with this key earned, if there is one."""
    return [OpenLot(**row._asdict()) for row in statements.LOTS_OF_AWARD.rows(award=award)]


def lots_left(account_id: int) -> list[OpenLot]:
    """Everything that remains in an account, pending or active."""
    return [OpenLot(**row._asdict()) for row in statements.LOTS_LEFT.rows(account_id=account_id)]


def lots_of_subject(*, account_id: int, subject: str) -> list[OpenLot]:
    """What remains of everything that this subject earned in an account, pending first, then what ends first."""
    rows = statements.LOTS_OF_SUBJECT.rows(account_id=account_id, subject=subject)
    return sorted(
        (OpenLot(**row._asdict()) for row in rows), key=lambda lot: lot.state is not LotState.PENDING
    )


def repeated(*, key: str, body_hash: str) -> Row[*tuple[Any, ...]] | None:
    """The posting with this key, if there is one. Raises `KeyTaken` if it was made by another body, `ValueError` if it
    is too long.
    """
    if len(key) > KEY_MAX:
        raise ValueError(f"a key has at most {KEY_MAX} characters")
    row = statements.POSTING_WITH_KEY.row(key=key)
    if row is not None and row.body_hash != body_hash:
        raise KeyTaken
    return row


def write(drafts: Sequence[Draft], *, now: datetime) -> list[int]:
    """Write postings with their entries, chained in the order given, and the lots they changed; the postings' row ids.

    The accounts hold the new balances already, but for what the legs change.
    """
    ids = keep([(post(draft, at=now), draft.legs) for draft in drafts])
    if not ids:
        return []
    save_lots(lot for draft in drafts for lot in draft.lots)
    save_accounts(draft.account for draft in drafts)
    _tell_growth(drafts)
    return ids


def _tell_growth(drafts: Sequence[Draft]) -> None:
    """Tell of customers whose growth came or was taken back; that some of it expired is no news."""
    changed = {
        draft.account.owner_id
        for draft in drafts
        if draft.account.unit is Unit.GROWTH
        and draft.account.owner_kind == "customer"
        and draft.kind is not Kind.EXPIRE
        and any(leg.book is Book.ACTIVE for leg in draft.legs)
    }
    for customer_id in sorted(changed):
        publish(GrowthChanged(customer_id=customer_id))


def keep(posted: Sequence[tuple[dict[str, Any], Sequence[Leg]]]) -> list[int]:
    """Insert postings, as `post` gave them, with their entries; their row ids."""
    rows = [row for row, _legs in posted]
    if not rows:
        return []
    if len(rows) == 1:
        ids = [statements.INSERT_POSTING.run(rows[0]).scalar_one()]
    else:
        statements.INSERT_POSTINGS.run(rows)
        written = {row.key: row.id for row in statements.POSTING_IDS.rows(keys=[row["key"] for row in rows])}
        ids = [written[row["key"]] for row in rows]
    statements.INSERT_ENTRIES.run(
        [
            {
                "posting_id": posting_id,
                "leg": number,
                "book": leg.book,
                "amount": leg.amount,
                "lot_id": leg.lot_id,
                "expires_at": leg.expires_at,
            }
            for posting_id, (_row, legs) in zip(ids, posted, strict=True)
            for number, leg in enumerate(legs)
        ]
    )
    return ids


def post(draft: Draft, *, at: datetime) -> dict[str, Any]:
    """The row of a posting, next in its account's chain; the account in memory has the new balances.

    `write` does it all. Who brings in a whole past posts it in the order of time, inserts it with `keep` and saves lots and
    accounts, and works out what follows from growth, since nobody is told of it.
    """
    if len(draft.legs) < 2 or sum(leg.amount for leg in draft.legs) != 0:
        raise ValueError(f"the legs of {draft.key} do not balance")
    account = draft.account
    for leg in draft.legs:
        if leg.book is Book.ACTIVE:
            account.active += leg.amount
        elif leg.book is Book.PENDING:
            account.pending += leg.amount
        elif leg.book is Book.DEBT:
            account.debt -= leg.amount
    account.seq += 1
    row: dict[str, Any] = {
        "account_id": account.id,
        "seq": account.seq,
        "key": draft.key,
        "body_hash": draft.body_hash,
        "kind": draft.kind,
        "subject": draft.subject,
        "reverses_id": draft.reverses_id,
        "reason": draft.reason,
        "actor": (draft.actor or _who())[:80],
        "approver": draft.approver,
        "balance": account.active,
        "at": at.astimezone(UTC),
    }
    account.head = row["hash"] = rules.chain_hash(account.head, hashed(row), draft.legs)
    return row


def _who() -> str:
    actor = current_actor()
    return f"{actor.kind}:{actor.id}"


HASHED = (
    *("account_id", "seq", "key", "body_hash", "kind", "subject", "reverses_id", "reason"),
    *("actor", "approver", "balance", "at"),
)


def hashed(row: Any) -> list[Any]:
    """The fields of a posting that its hash covers, in their order."""
    return [row[name] for name in HASHED]


def save_lots(lots: Iterable[OpenLot]) -> None:
    """All but when they activate: that is fixed without a lock on the account, by `services.activate_by` alone."""
    rows = [
        {
            "row_id": lot.id,
            "account_id": lot.account_id,
            "state": lot.state,
            "remaining": lot.remaining,
            "held": lot.held,
            "spent": lot.spent,
            "expired": lot.expired,
            "reversed": lot.reversed,
            "taken_back": lot.taken_back,
            "expires_at": lot.expires_at,
        }
        for lot in {lot.id: lot for lot in lots}.values()
    ]
    if rows:
        statements.SAVE_LOT.run(rows)


def save_accounts(accounts: Iterable[Account]) -> None:
    rows = [
        {
            "row_id": account.id,
            "active": account.active,
            "pending": account.pending,
            "held": account.held,
            "debt": account.debt,
            "seq": account.seq,
            "head": account.head,
        }
        for account in {account.id: account for account in accounts}.values()
    ]
    statements.SAVE_ACCOUNT.run(rows)
