"""Customers to whom parcels go by the same name to the same place."""

from __future__ import annotations

import unicodedata

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.kernel.pii import lookup_hash, lookup_hashes
from shopapp.members.merging.clues import OTHERS_MAX, Looked, is_masked

from .models import Address


def look(limit: int) -> Looked:
    """Addresses that are new or were changed, the oldest first."""
    wanted = select(Address).where(Address.place_hash.is_(None), Address.removed_at.is_(None))
    locked = wanted.order_by(Address.id).limit(limit).with_for_update(skip_locked=True)
    rows = db.session.scalars(locked.execution_options(populate_existing=True)).all()
    pairs: list[tuple[int, int]] = []
    for row in rows:
        place = _place(row)
        row.place_hash = lookup_hash(place) if place else ""
        if place:
            pairs += [(row.customer_id, other) for other in _others(row, place)]
    return Looked(seen=len(rows), pairs=pairs)


def _place(row: Address) -> str:
    """Name and place as they are compared, whatever width and blanks they are typed with; empty when masked."""
    if is_masked(row.name) or is_masked(row.detail):
        return ""
    told = unicodedata.normalize("NFKC", f"{row.name}|{row.region_code}|{row.detail}").casefold()
    return "place:" + "".join(told.split())


def _others(row: Address, place: str) -> list[int]:
    same = select(Address.customer_id).where(
        Address.place_hash.in_(lookup_hashes(place)),
        Address.removed_at.is_(None),
        Address.customer_id != row.customer_id,
    )
    return list(db.session.scalars(same.distinct().order_by(Address.customer_id).limit(OTHERS_MAX)))
