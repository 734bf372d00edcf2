"""Statements that a purchase needs, put into words once: building one costs several times what running it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import CursorResult, Executable, Row

from .db import db

T = TypeVar("T", bound=Executable)


class Prepared(Generic[T]):
    """Runs in the session's transaction, after what is pending there but past its objects: those are stale afterwards.

    `build` is called once for each kind of database, with its name, and makes the statement over tables and with named
    `bindparam`s for all that varies.
    """

    def __init__(self, build: Callable[[str], T]) -> None:
        self._build = build
        self._ready: dict[str, T] = {}

    def run(self, values: dict[str, Any] | Sequence[dict[str, Any]]) -> CursorResult[Any]:
        session = db.session()
        if session.new or session.dirty or session.deleted:
            session.flush()
        connection = session.connection()
        name = connection.dialect.name
        ready = self._ready.get(name)
        if ready is None:
            ready = self._ready[name] = self._build(name)
        return cast("CursorResult[Any]", connection.execute(ready, values))

    def row(self, **values: Any) -> Row[*tuple[Any, ...]] | None:
        """The first row."""
        return self.run(values).first()

    def rows(self, **values: Any) -> Sequence[Row[*tuple[Any, ...]]]:
        return self.run(values).all()

    def changed(self, **values: Any) -> int:
        """How many rows an UPDATE or DELETE met: the answer of every guarded update."""
        return self.run(values).rowcount
