"""The databases of one test process: SQLite in a folder, and a PostgreSQL database of its own on a server that is there.

Names carry the process id, so that several runs can share a server; what a killed run left behind is dropped by the
next one.
"""

from __future__ import annotations

import atexit
import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

PREFIX = "huitou_test_"
CONNECT_SECONDS = 3


def database_urls(*, folder: Path) -> dict[str, str]:
    """`{"sqlite": url, "postgres": url}`, both empty; the second only where a server answers. Call once a process."""
    urls = {"sqlite": f"sqlite:///{folder / 'test.db'}"}
    server = postgres_server()
    if server is not None:
        drop_abandoned(server=server)
        urls["postgres"] = create_database(server=server, name=own_name())
        atexit.register(drop_database, server=server, name=own_name())
    return urls


def own_name(part: str = "") -> str:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return f"{PREFIX}{worker}{part}_{os.getpid()}"


@cache
def postgres_server() -> str | None:
    """Address of a server where databases may be made: `TEST_DATABASE_URL`, else one on the standard local port."""
    named = os.environ.get("TEST_DATABASE_URL")
    users = dict.fromkeys(("postgres", getpass.getuser()))
    candidates = [named] if named else [f"postgresql://{user}@127.0.0.1:5432/postgres" for user in users]
    for url in candidates:
        try:
            with connect(url) as connection:
                may = connection.execute(
                    "SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
        except psycopg.OperationalError:
            continue
        if may and may[0]:
            return for_sqlalchemy(url)
    return None


def create_database(*, server: str, name: str) -> str:
    """An empty database, also if one of that name was there; returns its address."""
    with connect(server) as connection:
        identifier = sql.Identifier(name)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(identifier)
        )
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def drop_database(*, server: str, name: str) -> None:
    with connect(server) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def temporary_postgres(part: str) -> Iterator[str]:
    """One more database, for tests that need it untouched by others. Needs a server."""
    server, name = postgres_server(), own_name(f"_{part}")
    if server is None:
        raise LookupError("no PostgreSQL server was found")
    try:
        yield create_database(server=server, name=name)
    finally:
        drop_database(server=server, name=name)


def drop_abandoned(*, server: str) -> None:
    """Remove the databases of test processes of this machine that are no more."""
    with connect(server) as connection:
        pattern = PREFIX.replace("_", r"\_") + "%"
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", (pattern,)
        ).fetchall()
    for (name,) in names:
        owner = name.rpartition("_")[2]
        if owner.isdigit() and not _alive(int(owner)):
            drop_database(server=server, name=name)


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def connect(url: str) -> psycopg.Connection[TupleRow]:
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    return psycopg.connect(plain, autocommit=True, connect_timeout=CONNECT_SECONDS)


def for_sqlalchemy(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


@contextmanager
def spare_database(kind: str, folder: Path) -> Iterator[str]:
    """Address of an empty database, gone when the block ends. Raises `LookupError` without a PostgreSQL server."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'spare.db'}"
        return
    server, name = postgres_server(), own_name("_spare")
    if server is None:
        raise LookupError("no PostgreSQL server was found")
    try:
        yield create_database(server=server, name=name)
    finally:
        drop_database(server=server, name=name)
