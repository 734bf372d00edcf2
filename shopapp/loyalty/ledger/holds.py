"""Amounts kept for one purpose. A hold ends once: committed in part or whole, released, or lapsed by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l

from . import drafting, rules, statements, writing
from .models import Book, HoldState, Kind
from .rules import Leg
from .writing import Account, Draft, NotEnough, OpenLot, Purse, Receipt


class HoldEnded(ShopError):
    status, code, text = 409, "hold_ended", _l("这笔占用已经结束，没有任何改动。请刷新查看最新状态。")


def hold(
    *, purse: Purse, amount: int, key: str, subject: str, lapses_at: datetime | None = None, now: datetime
) -> None:
    """Keep `amount` ≥ 1 of the lots that expire first; told again it changes nothing.

    Held pieces do not expire. Raises `NotEnough`, `KeyTaken`, `ValueError`.
    """
    if amount < 1:
        raise ValueError("at least 1 must be held")
    account = writing.lock(purse)
    body = rules.body_hash("hold", *astuple(purse), amount, subject)
    before = statements.HOLD_WITH_KEY.row(key=key)
    if before is not None:
        if before.body_hash != body:
            raise writing.KeyTaken
        return
    writing.repeated(key=key, body_hash=body)
    lots = writing.open_lots([account.id])[account.id]
    drafts = drafting.expire(account, lots=lots, now=now)
    parts = rules.allocate(amount, lots)
    if sum(part for _lot, part in parts) < amount:
        raise NotEnough
    for lot, part in parts:
        lot.held += part
    writing.write(drafts, now=now)
    account.held += amount
    writing.save_lots(lot for lot, _part in parts)
    writing.save_accounts([account])
    row = {
        "account_id": account.id,
        "key": key,
        "body_hash": body,
        "amount": amount,
        "committed": 0,
        "state": HoldState.OPEN,
        "subject": subject,
        "lapses_at": lapses_at,
        "created_at": now,
    }
    hold_id = statements.INSERT_HOLD.run(row).scalar_one()
    statements.INSERT_PARTS.run(
        [{"hold_id": hold_id, "lot_id": lot.id, "amount": part} for lot, part in parts]
    )


def commit(*, key: str, amount: int | None = None, now: datetime) -> Receipt:
    """Spend a hold, in whole or `amount` ≥ 1 of it and free the rest; told again it changes nothing.

    Raises `NotFound`, `HoldEnded` if it ended otherwise, `KeyTaken` if another amount was committed.
    """
    account, row = _lock(key)
    wanted = row.amount if amount is None else amount
    if not 1 <= wanted <= row.amount:
        raise ValueError(f"cannot commit {wanted} of {row.amount}")
    if row.state is HoldState.COMMITTED:
        if row.committed != wanted:
            raise writing.KeyTaken
        before = found(statements.POSTING_WITH_KEY.row(key=key))
        return Receipt(posting_id=before.id, amount=wanted, balance=before.balance, repeated=True)
    if row.state is not HoldState.OPEN:
        raise HoldEnded
    parts, drafts = _unpin(account, row, now=now)
    spent, left = _cut(parts, wanted)
    drafts.append(
        drafting.taking(
            account,
            parts=spent,
            kind=Kind.SPEND,
            key=key,
            body_hash=row.body_hash,
            subject=row.subject,
        )
    )
    drafts += _extension(account, row, left, now=now)
    posting_id = writing.write(drafts, now=now)[[draft.key for draft in drafts].index(key)]
    writing.save_lots(lot for lot, _part in left)
    statements.END_HOLD[HoldState.COMMITTED].row(
        row_id=row.id, committed=wanted, posting_id=posting_id, ended_at=now
    )
    return Receipt(posting_id=posting_id, amount=wanted, balance=account.active)


def release(*, key: str, now: datetime, lapsed: bool = False) -> bool:
    """Free a hold; False if it was free already. `lapsed` says that its time ran out.

    What expired while it was held lives a minimum life more. Raises `NotFound`, `HoldEnded` if it was committed.
    """
    account, row = _lock(key)
    if row.state is HoldState.COMMITTED:
        raise HoldEnded
    if row.state is not HoldState.OPEN:
        return False
    parts, drafts = _unpin(account, row, now=now)
    writing.write([*drafts, *_extension(account, row, parts, now=now)], now=now)
    writing.save_lots(lot for lot, _part in parts)
    writing.save_accounts([account])
    state = HoldState.LAPSED if lapsed else HoldState.RELEASED
    statements.END_HOLD[state].row(row_id=row.id, ended_at=now)
    return True


def _lock(key: str) -> tuple[Account, Row[*tuple[Any, ...]]]:
    """The hold with the account that it stands in, locked."""
    locked = writing.lock_where(lambda: {found(statements.HOLD_WITH_KEY.row(key=key)).account_id})
    row = found(statements.HOLD_WITH_KEY.row(key=key))
    return locked[row.account_id], row


def _unpin(
    account: Account, row: Row[*tuple[Any, ...]], *, now: datetime
) -> tuple[list[tuple[OpenLot, int]], list[Draft]]:
    """The lots of a hold with what each bore of it, free again; the lots that end first coming first.

    What was over beside it in the same lots is booked before, so that a longer life of the lot does not wake it.
    """
    amounts = {part.lot_id: part.amount for part in statements.PARTS_OF.rows(hold_id=row.id)}
    ends = datetime.max.replace(tzinfo=row.created_at.tzinfo)
    lots = sorted(
        writing.lots_by_id(amounts.keys()).values(), key=lambda lot: (lot.expires_at or ends, lot.id)
    )
    drafts = drafting.expire(account, lots=lots, now=now)
    for lot in lots:
        lot.held -= amounts[lot.id]
    account.held -= row.amount
    return [(lot, amounts[lot.id]) for lot in lots], drafts


def _cut(
    parts: Sequence[tuple[OpenLot, int]], amount: int
) -> tuple[list[tuple[OpenLot, int]], list[tuple[OpenLot, int]]]:
    """The first `amount` of these parts, and the rest."""
    first, rest = [], []
    for lot, part in parts:
        here = min(part, amount)
        amount -= here
        if here:
            first.append((lot, here))
        if part > here:
            rest.append((lot, part - here))
    return first, rest


def _extension(
    account: Account,
    row: Row[*tuple[Any, ...]],
    parts: Sequence[tuple[OpenLot, int]],
    *,
    now: datetime,
) -> list[Draft]:
    over = [lot for lot, _part in parts if lot.over(now)]
    if not over:
        return []
    for lot in over:
        lot.expires_at = now + drafting.MINIMUM_LIFE
    key = f"extend:{row.key}"
    return [
        Draft(
            account=account,
            kind=Kind.EXTEND,
            key=key,
            body_hash=rules.body_hash("extend", row.key),
            subject=row.subject,
            legs=[
                *(Leg(book=Book.ACTIVE, amount=0, lot_id=lot.id, expires_at=lot.expires_at) for lot in over),
                Leg(book=Book.EXPIRED, amount=0),
            ],
            lots=over,
        )
    ]
