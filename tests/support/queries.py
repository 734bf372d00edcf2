"""Counting what a request asks of the database: the number must not grow with the rows that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from shopapp.kernel import glance
from shopapp.kernel.db import db


class Statements(list[str]):
    """The SQL that was sent while watching, without the opening and closing of transactions."""

    def __str__(self) -> str:
        return "\n\n".join(self)


@contextmanager
def statements() -> Iterator[Statements]:
    """`with statements() as sent: client.get(...)`, then `len(sent)`; needs an application context."""
    sent = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
            sent.append(statement)

    def glanced(at: Engine, words: str, values: Any) -> tuple[Any, ...] | None:
        sent.append(words)
        return fetch_one(at, words, values)

    engine, fetch_one = db.engine, glance.fetch_one
    event.listen(engine, "before_cursor_execute", note)
    glance.fetch_one = glanced
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
        glance.fetch_one = fetch_one
