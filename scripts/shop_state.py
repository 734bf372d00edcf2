"""What a database already holds, asked without starting the application."""

from __future__ import annotations

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url

from config import ROOT


def migrations_current(url: str) -> bool:
    if _no_file_yet(url):
        return False
    heads = set(ScriptDirectory(str(ROOT / "migrations")).get_heads())
    engine = create_engine(url)
    with engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == heads


def table_empty(url: str, table: str) -> bool:
    """True when the table is there without a row. A table that does not exist raises `LookupError`."""
    engine = create_engine(url)
    if not inspect(engine).has_table(table):
        raise LookupError(f"the database has no table {table}")
    return _first_row(engine, table) is None


def _first_row(engine: Engine, table: str) -> object:
    quoted = engine.dialect.identifier_preparer.quote(table)
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT 1 FROM {quoted} LIMIT 1")).first()


def _no_file_yet(url: str) -> bool:
    found = make_url(url)
    return found.get_backend_name() == "sqlite" and not (found.database and Path(found.database).exists())
