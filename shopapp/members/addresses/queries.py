"""Reading the address book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Row, Select, Table, bindparam, select

from shopapp.kernel.db import db
from shopapp.kernel.prepared import Prepared

from . import rules
from .models import Address


@dataclass(frozen=True, kw_only=True)
class AddressBookEntry:
    """An address in the clear: `region` is the names of its code as one text."""

    id: str
    name: str
    phone: str
    phone_hash: str
    region_code: str
    region: str
    detail: str
    is_default: bool


def addresses_of(*, customer_id: int) -> list[AddressBookEntry]:
    """The default address first, then the newest."""
    statement = (
        select(Address)
        .where(Address.customer_id == customer_id, Address.removed_at.is_(None))
        .order_by(Address.is_default.desc(), Address.id.desc())
    )
    return [entry(row) for row in db.session.scalars(statement)]


def address_of(*, customer_id: int, public_id: str) -> AddressBookEntry | None:
    """The customer's own address with this id; `None` for an unknown one and for a stranger's alike."""
    row = OWN_ADDRESS.row(address=public_id, owner=customer_id)
    return None if row is None else entry(row)


def default_of(*, customer_id: int) -> AddressBookEntry | None:
    """The default address, else the newest; None for an empty book."""
    row = DEFAULT_ADDRESS.row(owner=customer_id)
    return None if row is None else entry(row)


def _default_address(_dialect: str) -> Select[*tuple[Any, ...]]:
    table = cast(Table, Address.__table__)
    mine = (table.c.customer_id == bindparam("owner"), table.c.removed_at.is_(None))
    return select(table).where(*mine).order_by(table.c.is_default.desc(), table.c.id.desc()).limit(1)


DEFAULT_ADDRESS = Prepared(_default_address)


def _own_address(_dialect: str) -> Select[*tuple[Any, ...]]:
    table = cast(Table, Address.__table__)
    mine = (table.c.public_id == bindparam("address"), table.c.customer_id == bindparam("owner"))
    return select(table).where(*mine, table.c.removed_at.is_(None))


OWN_ADDRESS = Prepared(_own_address)


def entry(row: Address | Row[*tuple[Any, ...]]) -> AddressBookEntry:
    return AddressBookEntry(
        id=row.public_id,
        name=row.name,
        phone=row.phone,
        phone_hash=row.phone_hash,
        region_code=row.region_code,
        region=rules.region_name(row.region_code) or "",
        detail=row.detail,
        is_default=row.is_default,
    )
