"""Forgetting a person: who they are, where they are signed in, and what WeChat knows them by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update

from shopapp.kernel import idempotency
from shopapp.kernel.db import db, rows_changed

from . import membership
from .models import Customer, CustomerSession, PhoneCode, WeChatAccount

NOTHING = (
    "nickname",
    "picture_url",
    "name",
    "phone",
    "phone_hash",
    "birth_year",
    "birthday",
    "birthday_hash",
    "birthday_mark",
    "member_no",
    "last_seen_at",
    "person_hash",
)


def erase(customer_id: int, now: datetime) -> None:
    """What is left is a row that orders can name. The person who comes back is somebody new: their openid is free."""
    membership.leave(customer_id=customer_id, source="erased", now=now)
    customer = db.session.get_one(Customer, customer_id)
    for table in (CustomerSession, WeChatAccount, PhoneCode):
        rows_changed(delete(table).where(table.customer_id == customer_id))
    idempotency.forget_owner(f"customer:{customer.public_id}")
    first = update(Customer).where(Customer.id == customer_id, Customer.erased_at.is_(None))
    rows_changed(first.values(erased_at=now, **dict.fromkeys(NOTHING)))
    db.session.expire(customer)
