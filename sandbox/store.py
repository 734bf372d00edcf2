"""State of the sandbox in one SQLite file, shared by all threads of one process."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = sqlite3.Row
_scripts: list[str] = []
_local = threading.local()
_path: list[Path] = []


def register(script: str) -> None:
    """Hand in a part's `CREATE TABLE IF NOT EXISTS` script; run at `configure`."""
    if script not in _scripts:
        _scripts.append(script)


def configure(path: Path) -> None:
    """Use the database file `path` from now on and create what is missing in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _path[:] = [path]
    connection = connect()
    connection.executescript(";".join(["BEGIN", *_scripts, "COMMIT;"]))
    connection.close()


def connect() -> sqlite3.Connection:
    """A new connection in autocommit mode; rows are `sqlite3.Row`."""
    connection = sqlite3.connect(_path[0], timeout=10, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    return connection


@contextmanager
def tx() -> Iterator[sqlite3.Connection]:
    """One write transaction (BEGIN IMMEDIATE); joins the one this thread already holds."""
    held: sqlite3.Connection | None = getattr(_local, "tx", None)
    if held is not None:
        yield held
        return
    connection = connect()
    try:
        connection.execute("BEGIN IMMEDIATE")
        _local.tx = connection
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    finally:
        _local.tx = None
        connection.close()


def rows(sql: str, params: Sequence[Any] = ()) -> list[Row]:
    """All rows of a query, inside this thread's transaction if it holds one."""
    held: sqlite3.Connection | None = getattr(_local, "tx", None)
    if held is not None:
        return held.execute(sql, params).fetchall()
    connection = connect()
    try:
        return connection.execute(sql, params).fetchall()
    finally:
        connection.close()


def row(sql: str, params: Sequence[Any] = ()) -> Row | None:
    """The first row of a query or None."""
    found = rows(sql, params)
    return found[0] if found else None


def run(sql: str, params: Sequence[Any] = ()) -> int:
    """Run one statement in a transaction; returns the number of rows it touched."""
    with tx() as db:
        return db.execute(sql, params).rowcount


def insert(table: str, **values: Any) -> int:
    """Insert one row; returns its rowid. Raises sqlite3.IntegrityError on a broken key."""
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    with tx() as db:
        cursor = db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
        return int(cursor.lastrowid or 0)


register(
    """
    CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    """
)


def setting(name: str, default: str) -> str:
    """A switch that the control page may have changed."""
    found = row("SELECT value FROM settings WHERE name = ?", (name,))
    return str(found["value"]) if found else default


def set_setting(name: str, value: str) -> None:
    run(
        "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def next_number(name: str) -> int:
    """Next number of a named series, from 1."""
    with tx() as db:
        db.execute(
            "INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
            (name,),
        )
        return int(db.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()[0])
