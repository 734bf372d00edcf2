"""One owner's account moves into another's, lots with their dates, and back again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update

from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.kernel.merging import Kept, Merge, MergePart

from . import rules, writing
from .models import Book, Hold, HoldPart, HoldState, Kind, LedgerAccount, LedgerMerge, Lot, LotState, Unit
from .rules import Leg
from .writing import Account, Draft, OpenLot, Purse


class HoldsMixed(ShopError):
    status, code, text = (
        409,
        "holds_mixed",
        _l("合并后的余额正被占用，现在不能拆开，没有任何改动。请等占用结束后再试。"),
    )


class MergedOn(ShopError):
    status, code, text = (
        409,
        "merged_on",
        _l("合并后的账户后来又并入了另一个账户，没有任何改动。请先撤销后一次合并。"),
    )


def merge(*, source: Purse, target: Purse, key: str, now: datetime) -> None:
    """Move all that `source` has to `target`: lots, also spent and pending ones, holds, and what is owed.

    Told again it changes nothing. Raises `KeyTaken` if this key merged others, `ValueError` unless these are two purses
    of the same unit.
    """
    if source == target or source.unit is not target.unit:
        raise ValueError("two purses of one unit can be merged")
    giver, taker = _lock_both(source, target)
    lot_ids = list(db.session.scalars(select(Lot.id).where(Lot.account_id == giver.id).order_by(Lot.id)))
    hold_ids = list(db.session.scalars(select(Hold.id).where(Hold.account_id == giver.id).order_by(Hold.id)))
    fresh = insert_once(
        LedgerMerge,
        key=key,
        source_id=giver.id,
        target_id=taker.id,
        lot_ids=lot_ids,
        hold_ids=hold_ids,
        debt=giver.debt,
        merged_at=now,
    )
    if fresh:
        _move(giver, taker, lot_ids=lot_ids, hold_ids=hold_ids, debt=giver.debt, key=f"merge:{key}", now=now)
        return
    before = found(db.session.scalar(select(LedgerMerge).where(LedgerMerge.key == key)))
    if (before.source_id, before.target_id) != (giver.id, taker.id):
        raise writing.KeyTaken


def undo_merge(*, key: str, now: datetime) -> None:
    """Give back what the merge with this key moved, as it is by now, and the debt as far as it is still owed.

    If nothing happened in between, both accounts are as they were. Told again it changes nothing. Raises `NotFound`, and
    `HoldsMixed` while a hold made since pins lots that would go back, `MergedOn` while what it made is merged into
    another account: merges are undone in the reverse of their order.
    """
    merged = found(db.session.scalar(select(LedgerMerge).where(LedgerMerge.key == key)))
    accounts = writing.lock_ids({merged.source_id, merged.target_id})
    mine = update(LedgerMerge).where(LedgerMerge.key == key, LedgerMerge.undone_at.is_(None))
    if not rows_changed(mine.values(undone_at=now)):
        return
    _refuse_merged_on(merged)
    _refuse_mixed(lot_ids=merged.lot_ids, hold_ids=merged.hold_ids)
    giver, taker = accounts[merged.target_id], accounts[merged.source_id]
    _move(
        giver,
        taker,
        lot_ids=merged.lot_ids,
        hold_ids=merged.hold_ids,
        debt=min(merged.debt, giver.debt),
        key=f"unmerge:{key}",
        now=now,
    )


def _lock_both(source: Purse, target: Purse) -> tuple[Account, Account]:
    """Both accounts, made if need be, locked in the order of their own numbers as everywhere."""
    giver_id, taker_id = writing.account_id(source), writing.account_id(target)
    locked = writing.lock_ids({giver_id, taker_id})
    return locked[giver_id], locked[taker_id]


def _refuse_merged_on(merged: LedgerMerge) -> None:
    later = select(LedgerMerge.id).where(
        LedgerMerge.source_id == merged.target_id,
        LedgerMerge.id > merged.id,
        LedgerMerge.undone_at.is_(None),
    )
    if db.session.scalar(later.limit(1)) is not None:
        raise MergedOn


def _refuse_mixed(*, lot_ids: Collection[int], hold_ids: Collection[int]) -> None:
    newer = (
        select(Hold.id)
        .join(HoldPart, HoldPart.hold_id == Hold.id)
        .where(Hold.state == HoldState.OPEN, HoldPart.lot_id.in_(lot_ids), Hold.id.not_in(hold_ids))
        .limit(1)
    )
    if db.session.scalar(newer) is not None:
        raise HoldsMixed


def _move(
    giver: Account,
    taker: Account,
    *,
    lot_ids: Sequence[int],
    hold_ids: Sequence[int],
    debt: int,
    key: str,
    now: datetime,
) -> None:
    lots = [lot for lot in writing.lots_by_id(lot_ids).values() if lot.account_id == giver.id]
    open_ones = [lot for lot in lots if lot.remaining]
    _move_holds(giver, taker, hold_ids=hold_ids)
    for lot in lots:
        lot.account_id = taker.id
    if open_ones or debt:
        out = _legs(open_ones, debt=debt)
        into = [
            Leg(book=leg.book, amount=-leg.amount, lot_id=leg.lot_id, expires_at=leg.expires_at)
            for leg in out
        ]
        drafts = [
            _draft(giver, legs=out, key=f"{key}:out"),
            _draft(taker, legs=into, key=f"{key}:in"),
        ]
        writing.write(drafts, now=now)
    writing.save_lots(lots)
    writing.save_accounts([giver, taker])


def _legs(lots: Sequence[OpenLot], *, debt: int) -> list[Leg]:
    legs = [
        Leg(
            book=Book.PENDING if lot.state is LotState.PENDING else Book.ACTIVE,
            amount=-lot.remaining,
            lot_id=lot.id,
            expires_at=lot.expires_at,
        )
        for lot in lots
    ]
    if debt:
        legs.append(Leg(book=Book.DEBT, amount=debt))
    return [*legs, Leg(book=Book.MOVED, amount=-sum(leg.amount for leg in legs))]


def _draft(account: Account, *, legs: list[Leg], key: str) -> Draft:
    return Draft(
        account=account,
        kind=Kind.MOVE,
        key=key,
        body_hash=rules.body_hash("move", key),
        subject="merge",
        legs=legs,
    )


def _move_holds(giver: Account, taker: Account, *, hold_ids: Sequence[int]) -> None:
    if not hold_ids:
        return
    mine = (Hold.id.in_(hold_ids), Hold.account_id == giver.id)
    held = db.session.scalars(select(Hold.amount).where(*mine, Hold.state == HoldState.OPEN)).all()
    rows_changed(update(Hold).where(*mine).values(account_id=taker.id))
    giver.held -= sum(held)
    taker.held += sum(held)


IN_ORDER = (Unit.POINTS, Unit.PRINCIPAL, Unit.GIFT, Unit.GROWTH)
"""The units that people have, in the order in which their accounts are locked everywhere."""


def _merge_people(of: Merge) -> Kept:
    accounts = select(LedgerAccount.unit).where(
        LedgerAccount.owner_kind == "customer", LedgerAccount.owner_id == of.source_id
    )
    has = set(db.session.scalars(accounts))
    units = [unit for unit in IN_ORDER if unit in has]
    for unit in units:
        merge(
            source=writing.purse(customer_id=of.source_id, unit=unit),
            target=writing.purse(customer_id=of.target_id, unit=unit),
            key=_key(of, unit),
            now=of.now,
        )
    return {"units": [unit.value for unit in units]}


def _undo_people(of: Merge, kept: Kept) -> None:
    for unit in kept["units"]:
        undo_merge(key=_key(of, Unit(unit)), now=of.now)


def _key(of: Merge, unit: Unit) -> str:
    return f"{of.key}:{unit.value}"


PART = MergePart(
    name="ledger", tables=frozenset(), merge=_merge_people, undo=_undo_people, gather=_merge_people
)
