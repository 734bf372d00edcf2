"""Writing thousands of rows at once, past everything that would look at each of them.

Values are what the driver takes as it is: text, whole numbers, booleans, None; times as `time_text` writes them. No error
repeats a value, since they may be personal.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import JSON, Column, ColumnElement, Table, Text, any_, cast, func, literal, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from .db import db, is_sqlite

Value = str | int | bool | None


TAKEN = (psycopg.errors.UniqueViolation, psycopg.errors.ForeignKeyViolation, psycopg.errors.DeadlockDetected)
TAKEN_ON_SQLITE = {
    "SQLITE_CONSTRAINT_UNIQUE",
    "SQLITE_CONSTRAINT_PRIMARYKEY",
    "SQLITE_CONSTRAINT_FOREIGNKEY",
}


TAKE_IDS = text(
    "SELECT array_agg(nextval(sequence)) FROM generate_series(1, :count), "
    "(SELECT pg_get_serial_sequence(:name, 'id')::regclass AS sequence OFFSET 0) AS known"
)


class KeyTaken(Exception):
    """One of the rows has a unique key that is taken, or leads to a row that is gone; the transaction is lost."""


def is_passing(problem: OperationalError) -> bool:
    """Whether the same transaction may go through when it is begun anew: others were in its way."""
    told = problem.orig
    return isinstance(told, psycopg.errors.DeadlockDetected | psycopg.errors.LockNotAvailable) or (
        isinstance(told, sqlite3.OperationalError) and "locked" in str(told)
    )


class BulkFailed(Exception):
    """The database refused the rows for another reason; its kind is told, without the row."""


def time_text() -> Callable[[datetime | None], str | None]:
    """How the database in use keeps a time: a function that writes one so."""
    return _on_sqlite if is_sqlite() else _on_postgres


def _on_sqlite(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _on_postgres(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(" ")


def insert_all(table: Table, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    """Insert all rows or none, in the open transaction; `columns` tells what stands in a row.

    Raises `KeyTaken`, also where another transaction holds such a key and waits for this one, and `BulkFailed`.
    """
    if not rows:
        return
    try:
        if is_sqlite():
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 our own names
            db.session.connection().exec_driver_sql(statement, [tuple(row) for row in rows])
        else:
            _copy(table, columns, rows)
    except (DBAPIError, psycopg.Error) as problem:
        raise _told_plainly(problem) from None


def _copy(table: Table, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    connection: Any = db.session.connection().connection.driver_connection
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def take_ids(table: Table, count: int) -> Sequence[int]:
    """Numbers for rows about to be inserted in the open transaction, so that they need not be asked for afterwards."""
    if is_sqlite():
        last = db.session.execute(select(func.max(table.c.id))).scalar() or 0
        return range(last + 1, last + 1 + count)
    found: list[int] = db.session.execute(TAKE_IDS, {"name": table.name, "count": count}).scalar_one()
    return found


def update_all(
    table: Table, columns: Sequence[str], rows: Sequence[Sequence[Value]], *, by: Sequence[str]
) -> None:
    """Set these columns of rows found by the columns in `by`, whose values stand last in a row. Raises as `insert_all`."""
    if not rows:
        return
    mark = "?" if is_sqlite() else "%s"
    said = ", ".join(f"{name} = {mark}" for name in columns)
    where = " AND ".join(f"{name} = {mark}" for name in by)
    statement = f"UPDATE {table.name} SET {said} WHERE {where}"  # noqa: S608 our own names
    try:
        db.session.connection().exec_driver_sql(statement, [tuple(row) for row in rows])
    except DBAPIError as problem:
        raise _told_plainly(problem) from None


def _told_plainly(problem: DBAPIError | psycopg.Error) -> Exception:
    """What went wrong, without the values that a driver's words repeat."""
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    if isinstance(cause, TAKEN) or getattr(cause, "sqlite_errorname", "") in TAKEN_ON_SQLITE:
        return KeyTaken()
    return BulkFailed(type(cause).__name__)


def among(wanted: Column[Any], values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """`IN` for thousands of values: as one parameter, so that the statement stays the same however many there are."""
    told = json.dumps(list(values))
    if is_sqlite():
        return wanted.in_(select(func.json_each(told).table_valued("value").c.value))
    each = cast(func.json_array_elements_text(cast(literal(told, Text), JSON)), wanted.type)
    return wanted == any_(func.array(select(each).scalar_subquery()))
