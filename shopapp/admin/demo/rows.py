"""Many rows at once, by the names of their tables.

A year of trade is written as the rows that it leaves behind, not act by act: each act is one transaction with its events
and messages, which is right for a shop at work and far too slow, and too talkative, for a hundred thousand orders of the
past. Tests compare these rows with those that the services leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, insert, update

from shopapp.kernel.db import db

Row = dict[str, Any]


def table(name: str) -> Table:
    return db.metadata.tables[name]


def add(name: str, rows: Sequence[Row]) -> None:
    """Insert the rows; all have the same columns."""
    if rows:
        db.session.execute(insert(table(name)), rows)


def add_with_ids(name: str, rows: Sequence[Row]) -> list[int]:
    """Insert the rows; their numbers in the same order."""
    if not rows:
        return []
    target = table(name)
    statement = insert(target).returning(target.c.id, sort_by_parameter_order=True)
    return list(db.session.execute(statement, rows).scalars())


def change(name: str, column: str, values: Mapping[int, Any]) -> None:
    """Set one column, by row id."""
    target = table(name)
    if values:
        statement = (
            update(target).where(target.c.id == bindparam("row_id")).values({column: bindparam("new")})
        )
        db.session.connection().execute(
            statement, [{"row_id": row_id, "new": value} for row_id, value in values.items()]
        )
