"""A million customers with points, growth and tiers, written in bulk: books as valid as if each movement had been made.

Every account earned twice a year ago or later, every second one spent once: five entries an account on average. One
account in twelve has a lot that is over, and as many members are due to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from shopapp.kernel.ids import new_id
from shopapp.loyalty.ledger import drafting, rules
from shopapp.loyalty.ledger.models import Book, Kind, LotState, Unit
from shopapp.loyalty.ledger.rules import Leg, Life
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.tiers import queries as tiers
from tests.support.databases import connect

CHUNK = 20_000
SLICES = 12
LIFE = Life(months=12)
EARNED, SPENT = 100, 30
COLUMNS = {
    "customers": ("id", "public_id", "created_at", "member_no", "member_since"),
    "member_tiers": (
        *("id", "customer_id", "joined_at", "code", "level", "since", "version", "steps"),
        *("evaluated_at", "next_look_at"),
    ),
    "ledger_accounts": (
        *("id", "owner_kind", "owner_id", "unit", "active", "pending", "held", "debt", "seq", "head"),
    ),
    "ledger_lots": (
        *("id", "account_id", "award", "subject", "state", "earned", "remaining", "held", "spent", "expired"),
        *("reversed", "taken_back", "life", "expires_at", "created_at"),
    ),
    "ledger_postings": (
        *("id", "account_id", "seq", "key", "body_hash", "kind", "subject", "reason", "actor", "balance"),
        *("at", "hash"),
    ),
    "ledger_entries": ("posting_id", "leg", "book", "amount", "lot_id", "expires_at"),
}


@dataclass
class Sheets:
    """Rows to be copied, by table, with the next number of each."""

    level: str
    version: int
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    postings: int = 0
    lots: int = 0


@dataclass
class Pages:
    """One account while its movements are written down."""

    sheets: Sheets
    id: int
    owner: int
    unit: Unit
    active: int = 0
    seq: int = 0
    head: str = ""

    def __post_init__(self) -> None:
        self.head = rules.chain_start("customer", self.owner, self.unit)

    def lot(self, *, at: datetime, spent: int) -> int:
        """A lot that was earned then, of which so much is spent; returns its row id."""
        self.sheets.lots += 1
        number = self.sheets.lots
        ends = LIFE.end(at) if self.unit is Unit.POINTS else None
        award = f"bench:{number}"
        self.sheets.rows["ledger_lots"].append(
            (
                *(number, self.id, award, "order:1", LotState.ACTIVE.value, EARNED, EARNED - spent, 0, spent),
                *(0, 0, 0, str(LIFE), ends, at),
            )
        )
        self.post(
            Kind.EARN, award, at, [Leg(book=Book.ACTIVE, amount=EARNED, lot_id=number, expires_at=ends)]
        )
        return number

    def promised(self, amount: int) -> str:
        owner = purse(customer_id=self.owner, unit=self.unit)
        return drafting.earn_body(owner, amount=amount, subject="order:1", life=LIFE, pending=False)

    def post(self, kind: Kind, key: str, at: datetime, legs: list[Leg]) -> None:
        amount = sum(leg.amount for leg in legs)
        body = self.promised(amount) if kind is Kind.EARN else rules.body_hash(key)
        legs.append(Leg(book=Book.ISSUED if kind is Kind.EARN else Book.SPENT, amount=-amount))
        self.active += amount
        self.seq += 1
        self.sheets.postings += 1
        row = [
            *(self.id, self.seq, key, body, kind, "order:1", None, "", "system:bench", None),
            *(self.active, at),
        ]
        self.head = rules.chain_hash(self.head, row, legs)
        number = self.sheets.postings
        stored = [value for place, value in enumerate(row) if place not in (6, 9)]
        stored[4] = kind.value
        self.sheets.rows["ledger_postings"].append((number, *stored, self.head))
        self.sheets.rows["ledger_entries"] += [
            (number, place, leg.book.value, leg.amount, leg.lot_id, leg.expires_at)
            for place, leg in enumerate(legs)
        ]

    def close(self) -> None:
        self.sheets.rows["ledger_accounts"].append(
            (self.id, "customer", self.owner, self.unit.value, self.active, 0, 0, 0, self.seq, self.head)
        )


def fill(url: str, *, customers: int, now: datetime) -> int:
    """Write them all; how many accounts have something that is over at `now`."""
    version = tiers.version_now()
    sheets, over = Sheets(level=version.terms.levels[0].code, version=version.number), 0
    with connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for start in range(1, customers + 1, CHUNK):
            sheets.rows = {table: [] for table in COLUMNS}
            for number in range(start, min(start + CHUNK, customers + 1)):
                over += _person(sheets, number, customers, now)
            with connection.transaction():
                for table, rows in sheets.rows.items():
                    _copy(connection, table, rows)
        for table in COLUMNS:
            if table != "ledger_entries":
                name = sql.Identifier(table)
                connection.execute(
                    sql.SQL(
                        "SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))"
                    ).format(sql.Literal(table), name)
                )
        connection.execute("ANALYZE")
    return over


def _person(sheets: Sheets, number: int, customers: int, now: datetime) -> bool:
    """Whether something of theirs is over."""
    due = number % SLICES == 0
    joined = now - timedelta(days=400)
    first = joined if due else now - timedelta(days=20 + number % 300, hours=number % 24)
    second = now - timedelta(days=10, minutes=number % 600)
    sheets.rows["customers"].append((number, new_id(), joined, f"{number:010d}", joined))
    look = now - timedelta(hours=1) if due else now + timedelta(days=number % 300 + 1)
    sheets.rows["member_tiers"].append(
        (number, number, joined, sheets.level, 0, joined, sheets.version, 0, joined, look)
    )
    points = Pages(sheets, number, number, Unit.POINTS)
    spends = number % 2 == 0
    lot = points.lot(at=first, spent=SPENT if spends else 0)
    if spends:
        legs = [Leg(book=Book.ACTIVE, amount=-SPENT, lot_id=lot)]
        points.post(Kind.SPEND, f"spent:{number}", first + timedelta(minutes=1), legs)
    points.lot(at=second, spent=0)
    points.close()
    if due:
        growth = Pages(sheets, customers + number, number, Unit.GROWTH)
        for times in range(number // SLICES % 4):
            growth.lot(at=joined + timedelta(days=times), spent=0)
        growth.close()
    return due


def _copy(connection: psycopg.Connection[Any], table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in COLUMNS[table])
    words = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
    with connection.cursor() as cursor, cursor.copy(words) as copy:
        for row in rows:
            copy.write_row(row)
