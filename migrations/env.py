"""How migrations reach the database: through the application's own engine."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

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
        if is_sqlite():
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            include_object=include_object,
            render_item=render_item,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
