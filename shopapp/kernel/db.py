"""The database: base class, column types, and the one way to open a transaction."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    DateTime,
    Enum,
    Executable,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    event,
    literal,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from sqlalchemy.pool import ConnectionPoolEntry

from config import Settings

from . import clock
from .money import Money

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
GLANCES = "glances"
"""The engine whose connections commit by themselves."""

SQLITE_BUSY_SECONDS = 5
TURN_SECONDS = 0.0005
POOL_SIZE = 10


class UtcDateTime(TypeDecorator[datetime]):
    """Aware times in, aware UTC times out; SQLite keeps them as text that sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be kept")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class MoneyType(TypeDecorator[Money]):
    """`Money` kept as its fen."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | int | None, dialect: Dialect) -> int | None:
        return value.fen if isinstance(value, Money) else value

    def process_result_value(self, value: int | None, dialect: Dialect) -> Money | None:
        return None if value is None else Money(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self


RowId = BigInteger().with_variant(Integer, "sqlite")
Json = JSON(none_as_null=True)


def values_of(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={
            datetime: UtcDateTime(),
            Money: MoneyType(),
            str: String(255),
            dict[str, Any]: Json,
            list[Any]: Json,
            list[str]: Json,
            list[int]: Json,
            StrEnum: Enum(
                StrEnum, native_enum=False, length=32, values_callable=values_of, create_constraint=False
            ),
        },
    )


class _RowBase(Base):
    __abstract__ = True

    id: Mapped[int] = mapped_column(RowId, primary_key=True)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

if TYPE_CHECKING:

    class Model(_RowBase):
        __abstract__ = True
else:

    class Model(db.Model):
        """A table whose rows have a number of their own, never shown outside."""

        __abstract__ = True

        id: Mapped[int] = mapped_column(RowId, primary_key=True)


class NestedTransaction(RuntimeError):
    """A transaction was opened inside another: somebody opened one below the entrance."""


WRITING = "writing"


def in_transaction() -> bool:
    return bool(db.session.info.get(WRITING))


@contextmanager
def transaction() -> Iterator[None]:
    """The one way to write: commits at the end, rolls back on any error, delivers the events after the commit.

    Reads made before are let go, so that what follows sees the present. On SQLite it takes the write lock at once.
    Raises `NestedTransaction` inside another one.
    """
    if in_transaction():
        raise NestedTransaction
    session = db.session
    session.rollback()
    with _own_turn():
        session.info[WRITING] = True
        try:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield
            session.commit()
        except BaseException:
            session.rollback()
            session.info.pop("published", None)
            raise
        finally:
            session.info.pop(WRITING, None)
    _after_commit()


_turn = threading.Lock()


@contextmanager
def _own_turn() -> Iterator[None]:
    """On SQLite writers wait here, those of a process in a row, then one of each process at a file beside the database.

    SQLite would have each of them sleep and ask again, longer each time, so that under load the unlucky ones never get
    through and the lock lies idle in between. Whoever waited too long goes on to SQLite, which then refuses.
    """
    if not is_sqlite():
        yield
        return
    taken = _turn.acquire(timeout=SQLITE_BUSY_SECONDS)
    try:
        with (
            _turn_of_process(_turn_file(str(db.engine.url.database), os.getpid())) if taken else nullcontext()
        ):
            yield
    finally:
        if taken:
            _turn.release()


@contextmanager
def _turn_of_process(file: int) -> Iterator[None]:
    until = clock.monotonic() + SQLITE_BUSY_SECONDS
    while not _locked(file) and clock.monotonic() < until:
        time.sleep(TURN_SECONDS)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@cache
def _turn_file(database: str, _process: int) -> int:
    """Each process opens it anew: a lock belongs to the opening, which a child would share with its parent."""
    return os.open(f"{database}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _after_commit() -> None:
    published: list[Any] = db.session.info.pop("published", [])
    if published and _on_published is not None:
        _on_published(published)


_on_published: Any = None


def when_published(deliver: Any) -> None:
    """Have `deliver(turns)` called after each commit that published events."""
    global _on_published
    _on_published = deliver


def rows_changed(statement: Executable) -> int:
    """Execute an UPDATE or DELETE and tell how many rows it met: the answer of every guarded update."""
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def insert_once(table: type[Model | Base], **values: Any) -> bool:
    """Insert a row unless one of its unique keys is taken; tells whether it was inserted."""
    return db.session.execute(_insert_once(table, is_sqlite()), values).first() is not None


@cache
def _insert_once(model: type[Model | Base], on_sqlite: bool) -> Executable:
    table = cast("Table", model.__table__)
    insert = sqlite.insert(table) if on_sqlite else postgresql.insert(table)
    return insert.on_conflict_do_nothing().returning(literal(1))


def is_sqlite() -> bool:
    return bool(db.session.get_bind().dialect.name == "sqlite")


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: ConnectionPoolEntry) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA cache_size=-16000")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")


def dispose_engines() -> None:
    """Let all connections of this process go; the next use opens new ones."""
    for engine in db.engines.values():
        engine.dispose()


def engine_options(settings: Settings) -> dict[str, Any]:
    """Values stay out of the texts of errors, and so out of logs: they may be personal."""
    options: dict[str, Any] = {
        "pool_size": POOL_SIZE,
        "max_overflow": POOL_SIZE,
        "pool_timeout": 10,
        "hide_parameters": True,
    }
    if settings.database_url.startswith("postgresql"):
        options |= {"pool_pre_ping": False, "pool_recycle": 1800, "connect_args": {"connect_timeout": 5}}
    return options


def init_app(app: Flask, settings: Settings) -> None:
    if settings.database_url.startswith("sqlite:///"):
        Path(settings.database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    options = engine_options(settings)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    alone = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None, "max_overflow": 0}
    app.config["SQLALCHEMY_BINDS"] = {GLANCES: {"url": settings.database_url, **options, **alone}}
    db.init_app(app)
