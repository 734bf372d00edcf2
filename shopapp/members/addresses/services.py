"""Changing the address book."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update

from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.phones import clean_phone
from shopapp.kernel.pii import lookup_hash

from . import rules
from .models import Address


class AddressBookFull(ShopError):
    status, code, text = 409, "address_book_full", _l("最多保存 20 个地址，请先删除不用的，没有任何改动。")


def save_address(
    *,
    customer_id: int,
    public_id: str | None,
    name: str,
    phone: str,
    region_code: str,
    detail: str,
    is_default: bool,
    now: datetime,
) -> Address:
    """Add an address, or change the one with this id. The first one becomes the default by itself.

    Raises `Invalid` with the wrong fields, `NotFound` for an id that is not the customer's, `AddressBookFull`.
    """
    name, detail, phone = name.strip(), detail.strip(), clean_phone(phone)
    wrong = rules.problems(name=name, phone=phone, region_code=region_code, detail=detail)
    if wrong:
        raise Invalid(wrong)
    held = _count(customer_id=customer_id)
    if public_id is None and held >= rules.ADDRESSES_MAX:
        raise AddressBookFull
    if is_default:
        _unset_default(customer_id=customer_id)
    address = (
        Address(customer_id=customer_id, created_at=now)
        if public_id is None
        else _own(customer_id=customer_id, public_id=public_id)
    )
    address.name, address.phone, address.detail = name, phone, detail
    address.phone_hash, address.place_hash = lookup_hash(phone), None
    address.region_code = region_code
    address.is_default = is_default or held == 0 or (address.is_default is True and held == 1)
    db.session.add(address)
    db.session.flush()
    return address


def remove_address(*, customer_id: int, public_id: str, now: datetime) -> None:
    """Take an address out of the book; the newest one left becomes the default if it was that."""
    address = _own(customer_id=customer_id, public_id=public_id)
    was_default = address.is_default
    address.removed_at, address.is_default = now, False
    address.name = address.phone = address.detail = ""
    address.phone_hash = ""
    address.place_hash = None
    db.session.flush()
    if was_default:
        newest = select(func.max(Address.id)).where(
            Address.customer_id == customer_id, Address.removed_at.is_(None)
        )
        rows_changed(update(Address).where(Address.id == newest.scalar_subquery()).values(is_default=True))


def _own(*, customer_id: int, public_id: str) -> Address:
    own = select(Address).where(
        Address.public_id == public_id, Address.customer_id == customer_id, Address.removed_at.is_(None)
    )
    address = db.session.scalar(own)
    if address is None:
        raise NotFound
    return address


def _unset_default(*, customer_id: int) -> None:
    rows_changed(update(Address).where(Address.customer_id == customer_id).values(is_default=False))


def _count(*, customer_id: int) -> int:
    held = select(func.count()).where(Address.customer_id == customer_id, Address.removed_at.is_(None))
    return db.session.scalar(held) or 0
