"""The cheapest way to read a row: on every page, before it is known whether anything has to be made.

One statement on a pooled connection of its own, outside the session and any transaction, so that it sees what was
committed last. It costs a fraction of what the session costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Dialect

from .db import db


class Glance:
    """A statement that is put into words once per kind of database. Values go in and come back as the driver has them."""

    def __init__(self, statement: Select[*tuple[Any, ...]], *, constants: bool = False) -> None:
        """With `constants` the statement has no parameters, and its lists of numbers become part of its words."""
        self._statement = statement
        self._options = {"literal_binds": True} if constants else {}
        self._ready: dict[str, Callable[[dict[str, Any]], tuple[str, Any]]] = {}

    def row(self, **values: Any) -> tuple[Any, ...] | None:
        """The first row for these values of the statement's parameters."""
        dialect = db.engine.dialect
        fill = self._ready.get(dialect.name)
        if fill is None:
            fill = self._ready[dialect.name] = _prepare(self._statement, dialect, self._options)
        return fetch_one(*fill(values))


def _prepare(
    statement: Select[*tuple[Any, ...]], dialect: Dialect, options: dict[str, Any]
) -> Callable[[dict[str, Any]], tuple[str, Any]]:
    compiled = statement.compile(dialect=dialect, compile_kwargs=options)
    words, constants, order = str(compiled), compiled.params, getattr(compiled, "positiontup", None)

    def fill(values: dict[str, Any]) -> tuple[str, Any]:
        named = {**constants, **values}
        return words, named if order is None else tuple(named[name] for name in order)

    return fill


def fetch_one(words: str, values: Any = ()) -> tuple[Any, ...] | None:
    """The first row of a statement in the driver's own words."""
    connection = db.engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        alone = getattr(driver, "autocommit", None) is False
        if alone:
            driver.autocommit = True
        try:
            cursor = driver.cursor()
            cursor.execute(words, values)
            row: tuple[Any, ...] | None = cursor.fetchone()
            cursor.close()
        finally:
            if alone:
                driver.autocommit = False
        return row
    finally:
        connection.close()
