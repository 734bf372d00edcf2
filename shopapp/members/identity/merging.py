"""The person themselves when two customers are one: accounts, sign-ins, particulars and what they agreed to.

The row that goes in keeps what it knew, so that it is found by it and can come out again; the other takes what it lacks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update

from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.merging import Kept, Merge, MergePart, moving
from shopapp.kernel.pii import lookup_hash, lookup_hashes
from shopapp.members.consent import queries as consents

from .models import Customer, CustomerSession, PhoneCode, WeChatAccount

TOLD = ("nickname", "picture_url", "name", "phone", "birthday")
BESIDE = {"phone": ("phone_hash",), "birthday": ("birth_year", "birthday_hash")}
"""What goes with something told."""
SIGNED = ("member_since", "privacy_version", "marketing_since")
MOMENTS = {"member_since", "marketing_since", "last_seen_at"}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What decides whether two customers can be made one, and which of them stays."""

    id: int
    public_id: str
    created_at: datetime
    member_since: datetime | None
    erased_at: datetime | None
    merged_into: int | None


def lock(customer_ids: Collection[int]) -> dict[int, Standing]:
    """These customers as they are now, by row id, kept from other merges until the transaction ends."""
    return _standings(_these(customer_ids).with_for_update(key_share=True))


def standings(customer_ids: Collection[int]) -> dict[int, Standing]:
    """These customers by row id."""
    return _standings(_these(customer_ids))


def _these(customer_ids: Collection[int]) -> Select[Customer]:
    return select(Customer).where(Customer.id.in_(customer_ids)).order_by(Customer.id)


def _standings(wanted: Select[Customer]) -> dict[int, Standing]:
    return {
        row.id: Standing(
            id=row.id,
            public_id=row.public_id,
            created_at=row.created_at,
            member_since=row.member_since,
            erased_at=row.erased_at,
            merged_into=row.merged_into,
        )
        for row in db.session.scalars(wanted.execution_options(populate_existing=True))
    }


def merge(of: Merge) -> Kept:
    source, target = _row(of.source_id), _row(of.target_id)
    agreed = _agreed(source, target)
    kept: Kept = {
        "source": _values(source, SIGNED),
        "told": [name for name in TOLD if _lacks(target, name) and not _lacks(source, name)],
        "before": _values(target, agreed),
    }
    told = {name: getattr(source, name) for each in kept["told"] for name in (each, *BESIDE.get(each, ()))}
    if "phone" in kept["told"]:
        source.phone_hash = None
    _set(source, merged_into=target.id, **dict.fromkeys(SIGNED))
    _set(target, **told, **agreed)
    kept["after"] = _values(target, agreed)
    return kept


def undo(of: Merge, kept: Kept) -> None:
    """What the person told, agreed to or changed since stays with the one that it was told to."""
    _sort_sessions(of)
    source, target = _row(of.source_id), _row(of.target_id)
    same = [name for name in kept["told"] if getattr(target, name) == getattr(source, name)]
    gone = {name: None for each in same for name in (each, *BESIDE.get(each, ()))}
    for name, before in kept["before"].items():
        if _values(target, [name])[name] == kept["after"][name]:
            gone[name] = _read(name, before)
    _set(target, **gone)
    if source.phone is not None and source.phone_hash is None:
        free = _is_free(source.phone)
        source.phone_hash = lookup_hash(source.phone) if free else None
        source.phone = source.phone if free else None
    _set(source, merged_into=None, **{name: _read(name, value) for name, value in kept["source"].items()})


def _sort_sessions(of: Merge) -> None:
    """Whoever signed in meanwhile by an account that went back goes with it."""
    accounts = select(WeChatAccount.openid).where(WeChatAccount.customer_id == of.source_id)
    theirs = (CustomerSession.customer_id == of.target_id, CustomerSession.openid.in_(accounts))
    rows_changed(update(CustomerSession).where(*theirs).values(customer_id=of.source_id))


def _agreed(source: Customer, target: Customer) -> dict[str, Any]:
    """When they were last here and what they agree to, of both: of two words on one thing the last one counts.

    The history is that of both by now.
    """
    words = consents.history(customer_id=target.id)
    latest = {word.kind.value: word for word in reversed(words)}
    seen = [row.last_seen_at for row in (source, target) if row.last_seen_at is not None]
    wants = [row.marketing_since for row in (source, target) if row.marketing_since is not None]
    marketing, privacy = latest.get("marketing"), latest.get("privacy")
    both = source.member_since is not None and target.member_since is not None
    newer = both and privacy is not None and privacy.given
    return {
        "last_seen_at": max(seen, default=None),
        "marketing_since": max(wants, default=None) if marketing is None or marketing.given else None,
        "privacy_version": privacy.version if newer and privacy else target.privacy_version,
    }


def _row(customer_id: int) -> Customer:
    return db.session.get_one(Customer, customer_id, populate_existing=True)


def _lacks(row: Customer, name: str) -> bool:
    return getattr(row, name) is None


def _set(row: Customer, **values: Any) -> None:
    """One row after the other: a number is free before somebody else has it."""
    for name, value in values.items():
        setattr(row, name, value)
    db.session.flush()


def _values(row: Customer, names: Collection[str]) -> dict[str, str | None]:
    return {name: _written(getattr(row, name)) for name in names}


def _written(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(name: str, value: str | None) -> Any:
    return datetime.fromisoformat(value) if value is not None and name in MOMENTS else value


def _is_free(phone: str) -> bool:
    taken = select(Customer.id).where(Customer.phone_hash.in_(lookup_hashes(phone)))
    return db.session.scalar(taken) is None


ACCOUNTS = moving("accounts", WeChatAccount, CustomerSession, PhoneCode)
PART = MergePart(name="person", tables=frozenset({"customers"}), merge=merge, undo=undo)
