"""How migrations reach the database: through the application's own engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy.engine import Connection

from shopapp.kernel.db import db, is_sqlite

# made by hand in the migrations, since each database searches text in its own way
HAND_MADE = "product_search"


def include_object(_thing: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    return not (kind == "table" and name is not None and name.startswith(HAND_MADE))


PLAIN_TYPES = {
    "UtcDateTime": "sa.DateTime(timezone=True)",
    "MoneyType": "sa.BigInteger()",
    "Encrypted": "sa.Text()",
}


def render_item(kind: str, thing: Any, _context: Any) -> str | bool:
    """Write our column types as the plain ones below them: a migration must not change with the code."""
    return PLAIN_TYPES.get(type(thing).__name__, False) if kind == "type" else False


def run() -> None:
    options = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            include_object=include_object,
            render_item=render_item,
            **options,
        )
        with unchecked(connection), context.begin_transaction():
            context.run_migrations()


@contextmanager
def unchecked(connection: Connection) -> Iterator[None]:
    """On SQLite a table that others name is written anew to change it: meanwhile their keys lead nowhere.

    Said to the driver itself, since SQLite passes over it within a transaction.
    """
    if not is_sqlite():
        yield
        return
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
        driver.close()


run()
