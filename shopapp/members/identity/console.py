"""Reads of the console's screens: pages of customers, and what is known of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select

from shopapp.kernel.db import db
from shopapp.kernel.ids import ALPHABET, ID_LENGTH

from .models import Customer, WeChatAccount

NICKNAMES_SEARCHED = 2000
FOLLOWING = ("yes", "no")
SORTS: dict[str, Any] = {
    "-created": Customer.created_at.desc(),
    "created": Customer.created_at.asc(),
    "-seen": Customer.last_seen_at.desc().nulls_last(),
}


@dataclass(frozen=True, kw_only=True)
class CustomerFilter:
    """What the list is narrowed to; `row_ids` are those that a search found."""

    following: str = ""
    since: datetime | None = None
    row_ids: tuple[int, ...] | None = None
    sort: str = "-created"


def customers_statement(wanted: CustomerFilter) -> Select[*tuple[Any, ...]]:
    """Rows of a customer's values with whether they follow the account."""
    conditions: list[ColumnElement[bool]] = []
    follows = exists().where(WeChatAccount.customer_id == Customer.id, WeChatAccount.following)
    if wanted.following:
        conditions.append(follows if wanted.following == "yes" else ~follows)
    if wanted.since is not None:
        conditions.append(Customer.created_at >= wanted.since)
    if wanted.row_ids is not None:
        conditions.append(Customer.id.in_(wanted.row_ids))
    return (
        select(
            Customer.id,
            Customer.public_id,
            Customer.nickname,
            Customer.picture_url,
            Customer.created_at,
            Customer.last_seen_at,
            follows.label("following"),
        )
        .where(*conditions)
        .order_by(SORTS[wanted.sort], Customer.id.desc())
    )


def find_ids(*, words: str) -> list[int]:
    """Row ids of the customer with this id, and of those among the newest whose nickname holds these words.

    Nicknames are encrypted, so that they can only be looked through, not asked for.
    """
    exact = select(Customer.id).where(Customer.public_id == words)
    found = list(db.session.scalars(exact)) if _like_an_id(words) else []
    newest = select(Customer.id, Customer.nickname).where(Customer.nickname.is_not(None))
    folded = words.casefold()
    for row_id, nickname in db.session.execute(newest.order_by(Customer.id.desc()).limit(NICKNAMES_SEARCHED)):
        if nickname and folded in nickname.casefold() and row_id not in found:
            found.append(row_id)
    return found


def _like_an_id(words: str) -> bool:
    return len(words) == ID_LENGTH and all(letter in ALPHABET for letter in words)


def accounts_of(*, customer_id: int) -> Sequence[WeChatAccount]:
    statement = select(WeChatAccount).where(WeChatAccount.customer_id == customer_id)
    return db.session.scalars(statement.order_by(WeChatAccount.id)).all()


def new_customers(*, since: datetime, until: datetime) -> int:
    statement = select(func.count()).select_from(Customer)
    return db.session.scalar(statement.where(Customer.created_at >= since, Customer.created_at < until)) or 0


def followers() -> int:
    """How many customers follow the account now."""
    statement = select(func.count(WeChatAccount.customer_id.distinct())).where(WeChatAccount.following)
    return db.session.scalar(statement) or 0
