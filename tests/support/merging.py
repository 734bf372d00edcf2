"""Merging people in tests, and all rows of the database before and after it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.merging import services
from shopapp.members.merging.models import CustomerMerge
from shopapp.members.merging.rules import Evidence

from .ledger import balance
from .people import Person

# what only grows, and says itself what was done and undone
HISTORY = {
    *(
        "audit_entries",
        "events",
        "deliveries",
        "customer_merges",
        "merge_pairs",
        "ledger_merges",
        "perk_merges",
    ),
    *("ledger_postings", "ledger_entries", "outgoing_messages"),
}
# what says when something was last looked at or written, and the numbers of rows that are made anew
PASSING = {
    "ledger_accounts": {"seq", "head"},
    "member_tiers": {"id", "evaluated_at", "version"},
    "tier_steps": {"id"},
    "carts": {"updated_at"},
}


def join(one: Person, other: Person, evidence: Evidence = Evidence.STAFF) -> int:
    with transaction():
        done = services.join(
            one_id=one.id, other_id=other.id, evidence=evidence, reason="同一个人", now=clock.now()
        )
    return done.customer_id


def last_merge() -> CustomerMerge:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(CustomerMerge).order_by(CustomerMerge.id.desc()).limit(1)).one()


def part(merge_id: str | None = None, reason: str = "弄错了") -> None:
    merge_id = merge_id or last_merge().public_id
    with transaction():
        services.undo(merge_id=merge_id, reason=reason, now=clock.now())


def everything() -> dict[str, list[Any]]:
    """All rows of all tables but the histories."""
    db.session.rollback()
    db.session.expire_all()
    return {
        table.name: sorted(repr(row) for row in _rows(table))
        for table in db.metadata.sorted_tables
        if table.name not in HISTORY
    }


def _rows(table: Table) -> list[Any]:
    columns = [column for column in table.c if column.name not in PASSING.get(table.name, ())]
    rows = db.session.execute(select(*columns)).all()
    if table.name == "ledger_accounts":  # an account that is empty is as good as none
        return [row for row in rows if any((row.active, row.pending, row.held, row.debt))]
    return list(rows)


def points(person: Person) -> int:
    return balance(purse(customer_id=person.id, unit=Unit.POINTS)).active


def tier(person: Person) -> str:
    db.session.rollback()
    found = tiers.tier_of(customer_id=person.id, now=clock.now())
    assert found is not None
    return found.code
