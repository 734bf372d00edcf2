"""Reads of the console's screens: pages of customers, and what is known of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select

from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _
from shopapp.kernel.ids import ALPHABET, ID_LENGTH
from shopapp.kernel.phones import MOBILE, clean_phone
from shopapp.kernel.pii import lookup_hashes

from . import rules
from .models import Customer, WeChatAccount
from .queries import survivor

NICKNAMES_SEARCHED = 2000
FOLLOWING = ("yes", "no")
KINDS = ("member", "guest", "erased")
SORTS: dict[str, Any] = {
    "-created": Customer.created_at.desc(),
    "created": Customer.created_at.asc(),
    "-seen": Customer.last_seen_at.desc().nulls_last(),
}


@dataclass(frozen=True, kw_only=True)
class CustomerFilter:
    """What the list is narrowed to; `row_ids` are those that a search found, `among` a statement of row ids."""

    following: str = ""
    kind: str = ""
    since: datetime | None = None
    row_ids: tuple[int, ...] | None = None
    among: Select[int] | None = None
    sort: str = "-created"


@dataclass(frozen=True, kw_only=True)
class KnownCustomer:
    """A customer's row with whether they follow the account."""

    customer: Customer
    following: bool


def customers_statement(wanted: CustomerFilter) -> Select[*tuple[Any, ...]]:
    """Rows of a customer's values with whether they follow the account."""
    conditions: list[ColumnElement[bool]] = [Customer.merged_into.is_(None)]
    follows = exists().where(WeChatAccount.customer_id == Customer.id, WeChatAccount.following)
    if wanted.following:
        conditions.append(follows if wanted.following == "yes" else ~follows)
    if wanted.kind:
        conditions.append(_of_kind(wanted.kind))
    if wanted.since is not None:
        conditions.append(Customer.created_at >= wanted.since)
    if wanted.row_ids is not None:
        conditions.append(Customer.id.in_(wanted.row_ids))
    if wanted.among is not None:
        conditions.append(Customer.id.in_(wanted.among))
    return (
        select(
            Customer.id,
            Customer.public_id,
            Customer.nickname,
            Customer.name,
            Customer.picture_url,
            Customer.created_at,
            Customer.last_seen_at,
            Customer.member_no,
            Customer.member_since,
            Customer.erased_at,
            follows.label("following"),
        )
        .where(*conditions)
        .order_by(SORTS[wanted.sort], Customer.id.desc())
    )


def _of_kind(kind: str) -> ColumnElement[bool]:
    if kind == "erased":
        return Customer.erased_at.is_not(None)
    if kind == "member":
        return Customer.member_since.is_not(None)
    return Customer.member_since.is_(None) & Customer.erased_at.is_(None)


def find_ids(*, words: str) -> list[int]:
    """Row ids of the customer with this id, membership number or whole phone number, and of those among the newest
    whose nickname holds these words; for a merged one, of whom they turned out to be.

    Nicknames are encrypted, so that they can only be looked through, not asked for.
    """
    found = _named(words)
    newest = select(Customer.id, Customer.nickname).where(Customer.nickname.is_not(None))
    folded = words.casefold()
    for row_id, nickname in db.session.execute(newest.order_by(Customer.id.desc()).limit(NICKNAMES_SEARCHED)):
        if nickname and folded in nickname.casefold() and row_id not in found:
            found.append(row_id)
    return _as_survivors(found)


def named(*, words: str) -> list[int]:
    """Row ids of the customers whom this whole id, membership number or phone number names; of whom they turned out to be."""
    return _as_survivors(_named(words))


def _named(words: str) -> list[int]:
    found: list[int] = []
    for condition in _exactly(words):
        found += db.session.scalars(select(Customer.id).where(condition))
    return found


def _as_survivors(row_ids: list[int]) -> list[int]:
    merged = select(Customer.id).where(Customer.id.in_(row_ids), Customer.merged_into.is_not(None))
    now = {row_id: survivor(row_id) for row_id in db.session.scalars(merged).all()}
    return list(dict.fromkeys(now.get(row_id, row_id) for row_id in row_ids))


def _exactly(words: str) -> Iterator[ColumnElement[bool]]:
    bare = words.replace(" ", "")
    if _like_an_id(words):
        yield Customer.public_id == words
    if rules.is_member_no(bare):
        yield Customer.member_no == bare
    if MOBILE.fullmatch(clean_phone(words)):
        yield Customer.phone_hash.in_(lookup_hashes(clean_phone(words)))


def _like_an_id(words: str) -> bool:
    return len(words) == ID_LENGTH and all(letter in ALPHABET for letter in words)


def page(*, words: str, kind: str, before: str | None, limit: int) -> tuple[list[KnownCustomer], str | None]:
    """Customers, of one of `KINDS` or of all, the newest first, and the id after which to go on; `before` is such an id.

    Raises `Invalid` for an id that is nobody's.
    """
    statement = _known().where(Customer.merged_into.is_(None))
    if words:
        statement = statement.where(Customer.id.in_(find_ids(words=words)))
    if kind:
        statement = statement.where(_of_kind(kind))
    if before is not None:
        place = db.session.scalar(select(Customer.id).filter_by(public_id=before))
        if place is None:
            raise Invalid({"cursor": [_("这一页已经找不到了，请从头看起。")]})
        statement = statement.where(Customer.id < place)
    rows = db.session.execute(statement.order_by(Customer.id.desc()).limit(limit + 1)).all()
    found = [KnownCustomer(customer=customer, following=follows) for customer, follows in rows[:limit]]
    return found, found[-1].customer.public_id if len(rows) > limit else None


def known(*, public_id: str) -> KnownCustomer | None:
    """The customer with this id; for one who was merged, whoever they turned out to be."""
    row_id = db.session.scalar(select(Customer.id).where(Customer.public_id == public_id))
    if row_id is None:
        return None
    row = db.session.execute(_known().where(Customer.id == survivor(row_id))).first()
    return None if row is None else KnownCustomer(customer=row[0], following=row[1])


def _known() -> Select[*tuple[Any, ...]]:
    follows = exists().where(WeChatAccount.customer_id == Customer.id, WeChatAccount.following)
    return select(Customer, follows.label("following"))


def accounts_of(*, customer_id: int) -> Sequence[WeChatAccount]:
    statement = select(WeChatAccount).where(WeChatAccount.customer_id == customer_id)
    return db.session.scalars(statement.order_by(WeChatAccount.id)).all()


def new_customers(*, since: datetime, until: datetime) -> int:
    statement = select(func.count()).select_from(Customer).where(Customer.merged_into.is_(None))
    return db.session.scalar(statement.where(Customer.created_at >= since, Customer.created_at < until)) or 0


def followers() -> int:
    """How many customers follow the account now."""
    statement = select(func.count(WeChatAccount.customer_id.distinct())).where(WeChatAccount.following)
    return db.session.scalar(statement) or 0
