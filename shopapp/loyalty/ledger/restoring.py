"""Giving an award back that was taken for a refund which then did not happen."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.kernel.errors import NotFound
from shopapp.kernel.http import found

from . import drafting, rules, statements, writing
from .models import Book, Entry, Kind, Posting
from .rules import Leg
from .writing import Draft, OpenLot, Receipt


def restore(*, taken_with: str, key: str, reason: str = "", now: datetime) -> Receipt:
    """Undo the take-back with key `taken_with`: its lots have again what went from them, with their dates.

    What was waived is as if it had not been. A lot that has expired meanwhile lives a minimum life more. Not for what was
    pending or became a debt. Raises `NotFound` for a movement that took nothing back, `KeyTaken`, `ValueError`.
    """
    taken = found(statements.POSTING_WITH_KEY.row(key=taken_with))
    if taken.kind is not Kind.REVERSE:
        raise NotFound
    books = _books(taken.id)
    if books.keys() - {Book.ACTIVE, Book.WAIVED, Book.REVERSED}:
        raise ValueError(f"{taken_with} touched more than active lots")
    award = found(db.session.scalar(select(Posting.key).where(Posting.id == taken.reverses_id)))
    parts = {lot_id: -amount for lot_id, amount in books.get(Book.ACTIVE, []) if lot_id is not None}
    waived = -sum(amount for _lot, amount in books.get(Book.WAIVED, []))
    locked = writing.lock_where(lambda: {lot.account_id for lot in _lots(award, parts).values()})
    body = rules.body_hash("restore", taken_with, reason)
    wanted = sum(parts.values()) + waived
    before = writing.repeated(key=key, body_hash=body)
    if before is not None:
        return Receipt(posting_id=before.id, amount=wanted, balance=before.balance, repeated=True)
    lots = _lots(award, parts)
    own = next(lot for lot in lots.values() if lot.award == award)
    own.taken_back -= wanted
    drafts: list[Draft] = []
    for account in sorted(locked.values(), key=lambda one: (one.id != own.account_id, one.id)):
        mine = [lot for lot in lots.values() if lot.account_id == account.id]
        drafts += drafting.expire(account, lots=mine, now=now)
        legs = _legs(mine, parts=parts, waived=waived if account.id == own.account_id else 0, now=now)
        drafts.append(
            Draft(
                account=account,
                kind=Kind.REVERSE,
                key=key if account.id == own.account_id else f"{key}:{account.id}",
                body_hash=body,
                subject=own.subject,
                reverses_id=taken.reverses_id,
                reason=reason,
                legs=legs,
                lots=mine,
            )
        )
    ids = writing.write(drafts, now=now)
    posting_id = next(row_id for row_id, draft in zip(ids, drafts, strict=True) if draft.key == key)
    return Receipt(posting_id=posting_id, amount=wanted, balance=locked[own.account_id].active)


def _books(posting_id: int) -> dict[Book, list[tuple[int | None, int]]]:
    """(lot, amount) of the legs of a posting, by book."""
    found_legs: dict[Book, list[tuple[int | None, int]]] = {}
    legs = select(Entry.book, Entry.lot_id, Entry.amount).where(Entry.posting_id == posting_id)
    for book, lot_id, amount in db.session.execute(legs.order_by(Entry.leg)):
        found_legs.setdefault(book, []).append((lot_id, amount))
    return found_legs


def _lots(award: str, parts: Collection[int]) -> dict[int, OpenLot]:
    """The award's own lot and those that bore a part of it."""
    own = found(next(iter(writing.lots_of_award(award)), None))
    return writing.lots_by_id({own.id, *parts})


def _legs(lots: list[OpenLot], *, parts: dict[int, int], waived: int, now: datetime) -> list[Leg]:
    """What the lots of one account have again; the lots change at once."""
    legs = []
    for lot in lots:
        part = parts.get(lot.id, 0)
        if not part:
            continue
        lot.remaining += part
        lot.reversed -= part
        if lot.over(now):
            lot.expires_at = now + drafting.MINIMUM_LIFE
        legs.append(Leg(book=Book.ACTIVE, amount=part, lot_id=lot.id, expires_at=lot.expires_at))
    if waived:
        legs.append(Leg(book=Book.WAIVED, amount=waived))
    return [*legs, Leg(book=Book.REVERSED, amount=-sum(leg.amount for leg in legs))]
