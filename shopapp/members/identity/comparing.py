"""Members of the same name who were born on the same day."""

from __future__ import annotations

import unicodedata

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.kernel.pii import lookup_hash, lookup_hashes
from shopapp.members.merging.clues import OTHERS_MAX, Looked, is_masked

from .models import Customer


def look(limit: int) -> Looked:
    """Members whose name or birthday is new, in the order of their rows."""
    wanted = select(Customer).where(Customer.person_hash.is_(None), Customer.birthday_hash.is_not(None))
    locked = wanted.order_by(Customer.id).limit(limit).with_for_update(skip_locked=True, key_share=True)
    rows = db.session.scalars(locked.execution_options(populate_existing=True)).all()
    pairs: list[tuple[int, int]] = []
    for row in rows:
        person = _person(row)
        row.person_hash = lookup_hash(person) if person else ""
        if person:
            pairs += [(row.id, other) for other in _others(row, person)]
    return Looked(seen=len(rows), pairs=pairs)


def _person(row: Customer) -> str:
    """Name and whole birthday as they are compared; empty where one of them is not known."""
    if not row.name or not row.birthday or is_masked(row.name):
        return ""
    name = "".join(unicodedata.normalize("NFKC", row.name).casefold().split())
    return f"person:{name}|{row.birth_year}-{row.birthday}"


def _others(row: Customer, person: str) -> list[int]:
    same = select(Customer.id).where(
        Customer.person_hash.in_(lookup_hashes(person)),
        Customer.id != row.id,
        Customer.member_since.is_not(None),
    )
    return list(db.session.scalars(same.order_by(Customer.id).limit(OTHERS_MAX)))
