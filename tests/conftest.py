"""Fixtures of all tests: every test that asks for `app` runs on each database there is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade

from config import Settings, load_settings
from shopapp import create_app
from shopapp.kernel.db import db

from .support.client import ShopClient
from .support.clocks import ShopClock
from .support.databases import database_urls, postgres_server
from .support.keys import test_environment


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        names: list[Any] = ["sqlite"]
        if postgres_server() is not None:
            names.append(pytest.param("postgres", marks=pytest.mark.postgres))
        metafunc.parametrize("database", names, scope="session")


@pytest.fixture(scope="session")
def urls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return database_urls(folder=tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a shop under test is started with, but for its database."""
    folder = tmp_path_factory.mktemp("settings")
    return {**test_environment(folder), "SHOP_CLOCK_FILE": str(folder / "clock")}


@pytest.fixture
def settings(database: str, urls: dict[str, str], environment: dict[str, str]) -> Settings:
    return load_settings({**environment, "DATABASE_URL": urls[database]}, dotenv=None)


@cache
def migrated_app(settings: Settings) -> Flask:
    app = create_app(settings)
    app.test_client_class = ShopClient
    with app.app_context():
        upgrade()
    return app


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The shop on one database, empty, with an application context open."""
    app = migrated_app(settings)
    with app.app_context():
        empty_database()
        yield app
        db.session.remove()


@cache
def emptying() -> str:
    """One script for all tables, the hand-made search table too: asking for each apart would be half of a small test."""
    tables = ["product_search", *(table.name for table in reversed(db.metadata.sorted_tables))]
    return ";".join(f"DELETE FROM {name}" for name in tables)


def empty_database() -> None:
    """Delete every row of every table."""
    db.session.remove()
    connection = db.engine.raw_connection()
    try:
        if db.engine.dialect.name == "sqlite":
            connection.executescript(f"BEGIN IMMEDIATE;{emptying()};COMMIT")
        else:
            connection.cursor().execute(f"SET LOCAL session_replication_role = replica;{emptying()}")
            connection.commit()
    finally:
        connection.close()


@pytest.fixture
def clock(environment: dict[str, str]) -> Iterator[ShopClock]:
    """The shop's clock, to be moved; back in the present after the test."""
    moved = ShopClock(Path(environment["SHOP_CLOCK_FILE"]))
    yield moved
    moved.back_to_present()
