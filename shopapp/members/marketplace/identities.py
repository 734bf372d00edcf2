"""What exports call people by, as hashes to compare and rows to point at; each distinct one costs once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from sqlalchemy import Table, select

from shopapp.kernel import pii
from shopapp.kernel.bulk import among, insert_all, take_ids
from shopapp.kernel.db import db

from .models import MarketplaceIdentity
from .rules import IdentityKind

REMEMBERED_MAX = 10_000
TABLE = cast(Table, MarketplaceIdentity.__table__)
COLUMNS = ("id", "kind", "family", "value", "value_hash")


class Hashes(dict[str, str]):
    """The keyed hash of each value that a file tells, made when first asked for; `told` leads back from it."""

    def __init__(self) -> None:
        self._hash = pii.hasher()
        self.told: dict[str, str] = {}

    def __missing__(self, value: str) -> str:
        known = self[value] = self._hash(value)
        self.told[known] = value
        return known

    def forget_some(self) -> None:
        """Memory has a bound. Whoever holds `told` still may go on using it."""
        if len(self) > REMEMBERED_MAX:
            self.clear()
            self.told = {}


class Identities:
    """The rows of one kind and family that an import points at; remembered only once they are committed."""

    def __init__(self, *, kind: IdentityKind, family: str) -> None:
        self.kind, self.family = kind, family
        self._old = pii.old_hashers()
        self._ids: dict[str, int] = {}

    def ids_of(self, wanted: Collection[str], values: Mapping[str, str]) -> dict[str, int]:
        """Row ids by hash, in the open transaction; rows that are not there yet are written from `values`, by hash.

        Raises `bulk.KeyTaken` where somebody else wrote one of them meanwhile.
        """
        found = {known: self._ids[known] for known in wanted if known in self._ids}
        missing = [known for known in wanted if known not in found]
        if missing:
            found |= self._read(missing)
            found |= self._under_old_keys([known for known in missing if known not in found], values)
            new = sorted(known for known in missing if known not in found)
            if new:
                found |= self._write(new, values)
        return found

    def _write(self, new: list[str], values: Mapping[str, str]) -> dict[str, int]:
        numbers = take_ids(TABLE, len(new))
        sealed = pii.encrypt_all([values[known] for known in new])
        kind, family = self.kind.value, self.family
        rows = [
            (number, kind, family, value, known)
            for number, value, known in zip(numbers, sealed, new, strict=True)
        ]
        insert_all(TABLE, COLUMNS, rows)
        return dict(zip(new, numbers, strict=True))

    def _under_old_keys(self, hashes: list[str], values: Mapping[str, str]) -> dict[str, int]:
        """Those whose rows have not been rotated yet: they are not written a second time."""
        if not self._old:
            return {}
        old = {
            other: known
            for known in hashes
            if known in values
            for other in [hash_of(values[known]) for hash_of in self._old]
        }
        return {old[other]: row_id for other, row_id in self._read(list(old)).items()}

    def committed(self, ids: dict[str, int]) -> None:
        if len(self._ids) > REMEMBERED_MAX:
            self._ids.clear()
        self._ids |= ids

    def forget_ids(self) -> None:
        """Rows may have gone: somebody was erased meanwhile."""
        self._ids.clear()

    def _read(self, hashes: list[str]) -> dict[str, int]:
        mine = (TABLE.c.kind == self.kind, TABLE.c.family == self.family)
        rows = db.session.execute(
            select(TABLE.c.value_hash, TABLE.c.id).where(among(TABLE.c.value_hash, hashes), *mine)
        ).all()
        return {row[0]: row[1] for row in rows}
