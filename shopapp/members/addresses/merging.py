"""Addresses follow a customer into another, and back. One of them is the default: the other's, if they have one.

What the other has word for word stays behind.
"""

from __future__ import annotations

from sqlalchemy import select, update

from shopapp.kernel import merging
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.merging import Kept, Merge, MergePart

from .models import Address


def merge(of: Merge) -> Kept:
    own, theirs = _default(of.source_id), _default(of.target_id)
    moved = merging.move(Address, of, Address.id.not_in(_doubles(of)))
    if own is not None and theirs is not None:
        _mark(own, default=False)
    return {"addresses": moved, "own": own, "theirs": theirs}


def undo(of: Merge, kept: Kept) -> None:
    merging.move_back(Address, of, kept["addresses"])
    for customer_id, before in ((of.source_id, kept["own"]), (of.target_id, kept["theirs"])):
        if before is not None and _default(customer_id) is None:
            _mark(before, default=True)


def _doubles(of: Merge) -> list[int]:
    """Addresses of the source that stand in the target's book as well."""
    both = select(Address).where(Address.customer_id.in_((of.source_id, of.target_id)))
    books: dict[int, dict[int, tuple[str, ...]]] = {of.source_id: {}, of.target_id: {}}
    for row in db.session.scalars(both.where(Address.removed_at.is_(None))):
        books[row.customer_id][row.id] = (row.name, row.phone, row.region_code, row.detail)
    theirs = set(books[of.target_id].values())
    return [row_id for row_id, place in books[of.source_id].items() if place in theirs]


def _default(customer_id: int) -> int | None:
    mine = select(Address.id).where(Address.customer_id == customer_id, Address.is_default)
    return db.session.scalar(mine.order_by(Address.id).limit(1))


def _mark(address_id: int, *, default: bool) -> None:
    there = update(Address).where(Address.id == address_id, Address.removed_at.is_(None))
    rows_changed(there.values(is_default=default))


PART = MergePart(name="addresses", tables=frozenset({"addresses"}), merge=merge, undo=undo, gather=merge)
