"""What a database already holds, asked without starting the application."""

from __future__ import annotations

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Engine, column, create_engine, inspect, select, table, text
from sqlalchemy.engine import make_url

from config import ROOT


def migrations_current(url: str) -> bool:
    if _no_file_yet(url):
        return False
    heads = set(ScriptDirectory(str(ROOT / "migrations")).get_heads())
    engine = create_engine(url)
    with engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == heads


def shop_name(url: str) -> str:
    """What the merchant called the shop, else what every shop is called at first."""
    kept = table("preferences", column("name"), column("value", JSON))
    with create_engine(url).connect() as connection:
        name = connection.scalar(select(kept.c.value).where(kept.c.name == "shop.name"))
    return str(name or "回头小店")


def table_empty(url: str, name: str) -> bool:
    """True when the table is there without a row. A table that does not exist raises `LookupError`."""
    engine = create_engine(url)
    if not inspect(engine).has_table(name):
        raise LookupError(f"the database has no table {name}")
    return _first_row(engine, name) is None


def _first_row(engine: Engine, name: str) -> object:
    quoted = engine.dialect.identifier_preparer.quote(name)
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT 1 FROM {quoted} LIMIT 1")).first()


def _no_file_yet(url: str) -> bool:
    found = make_url(url)
    return found.get_backend_name() == "sqlite" and not (found.database and Path(found.database).exists())
