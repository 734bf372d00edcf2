"""The cheapest way to read a row: on every page, before it is known whether anything has to be made.

One statement on a connection that commits by itself, outside the session and any transaction, so that it sees what was
committed last. It costs a fraction of what the session costs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, OperationalError

from .db import GLANCES, db

Row = tuple[Any, ...]


class Glance:
    """A statement that is put into words once per kind of database. Values go in and come back as the driver has them."""

    def __init__(self, statement: Select[*tuple[Any, ...]], *, constants: bool = False) -> None:
        """With `constants` the statement has no parameters, and its lists of numbers become part of its words."""
        self._statement = statement
        self._options = {"literal_binds": True} if constants else {}
        self._ready: dict[str, Callable[[dict[str, Any]], tuple[str, Any]]] = {}

    def row(self, **values: Any) -> Row | None:
        """The first row for these values of the statement's parameters."""
        engine = db.engines[GLANCES]
        return fetch_one(engine, *self._filled(engine, values))

    def later(self) -> Callable[..., Row | None]:
        """What `row` does, for this application's database, to be called outside of any context too."""
        engine = db.engines[GLANCES]
        return lambda **values: fetch_one(engine, *self._filled(engine, values))

    def again(self, **values: Any) -> Callable[[], Row | None]:
        """`later` with these values."""
        engine = db.engines[GLANCES]
        filled = self._filled(engine, values)
        return lambda: fetch_one(engine, *filled)

    def _filled(self, engine: Engine, values: dict[str, Any]) -> tuple[str, Any]:
        dialect = engine.dialect
        fill = self._ready.get(dialect.name)
        if fill is None:
            fill = self._ready[dialect.name] = _prepare(self._statement, dialect, self._options)
        return fill(values)


def moment(kept: str | datetime) -> datetime:
    """A time as the driver has it: SQLite's is text without a zone."""
    return kept if isinstance(kept, datetime) else datetime.fromisoformat(kept).replace(tzinfo=UTC)


def _prepare(
    statement: Select[*tuple[Any, ...]], dialect: Dialect, options: dict[str, Any]
) -> Callable[[dict[str, Any]], tuple[str, Any]]:
    compiled = statement.compile(dialect=dialect, compile_kwargs=options)
    words, constants, order = str(compiled), compiled.params, getattr(compiled, "positiontup", None)

    def fill(values: dict[str, Any]) -> tuple[str, Any]:
        named = {**constants, **values}
        return words, named if order is None else tuple(named[name] for name in order)

    return fill


def fetch_one(engine: Engine, words: str, values: Any) -> Row | None:
    """The first row of a statement in the driver's own words.

    A connection that died unseen, as all do when the database restarts, is replaced once. Raises `OperationalError`.
    """
    try:
        return _fetch_one(engine, words, values)
    except DBAPIError:
        raise
    except engine.dialect.loaded_dbapi.Error:
        try:
            return _fetch_one(engine, words, values)
        except engine.dialect.loaded_dbapi.Error as error:
            raise OperationalError(words, None, error) from error


def _fetch_one(engine: Engine, words: str, values: Any) -> Row | None:
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        cursor = driver.cursor()
        cursor.execute(words, values)
        row: Row | None = cursor.fetchone()
        cursor.close()
    except BaseException:
        connection.invalidate()
        raise
    finally:
        connection.close()
    return row
