"""The database comes up from nothing, is what the code says, and goes down to nothing again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Table, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import SchemaItem

from config import load_settings
from shopapp import create_app
from shopapp.kernel.db import db, dispose_engines
from shopapp.kernel.migrations import FOLDER
from tests.support.databases import spare_database
from tests.support.keys import test_environment

HAND_MADE = "product_search"


@pytest.fixture
def empty(database: str, tmp_path: Path) -> Iterator[Flask]:
    """A shop whose database holds nothing yet."""
    with spare_database(database, tmp_path) as url:
        app = create_app(load_settings({**test_environment(tmp_path), "DATABASE_URL": url}, dotenv=None))
        with app.app_context():
            yield app
            db.session.remove()
            dispose_engines()


def tables() -> set[str]:
    return {name for name in inspect(db.engine).get_table_names() if not name.startswith(HAND_MADE)}


def differences() -> list[object]:
    with db.engine.connect() as connection:
        options = {"compare_type": True, "include_object": modelled}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata))


def modelled(thing: SchemaItem, _name: str | None, _kind: str, _reflected: bool, _compare_to: object) -> bool:
    """Whether the models know of it; the tables of the search are made by hand in the migrations."""
    table = thing if isinstance(thing, Table) else getattr(thing, "table", None)
    return table is None or not table.name.startswith(HAND_MADE)


def test_up_is_what_the_models_say_and_down_leaves_nothing(empty: Flask) -> None:
    upgrade()
    assert tables() - {"alembic_version"} == set(db.metadata.tables)
    assert differences() == []
    downgrade(revision="base")
    assert tables() == {"alembic_version"}
    upgrade()
    assert differences() == []


AT = "2026-01-01 00:00:00"


def test_a_shop_at_work_keeps_its_channels_and_how_people_came(empty: Flask) -> None:
    """A table that others name is changed under them, and nothing that named it is lost or refused."""
    before = ScriptDirectory(str(FOLDER)).get_revision("0015").down_revision
    upgrade(revision=str(before))
    with db.engine.begin() as shop:
        for statement in (
            f"INSERT INTO customers (id, public_id, created_at) VALUES (7, 'anna', '{AT}')",
            (
                "INSERT INTO wechat_accounts (customer_id, appid, openid, following, created_at) "
                f"VALUES (7, 'wx', 'oAnna', true, '{AT}')"
            ),
            (
                "INSERT INTO channels (id, public_id, name, scene, welcome, created_at) "
                f"VALUES (3, 'counter', '柜台', 'c.counter', '您好', '{AT}')"
            ),
            (
                "INSERT INTO channel_visits (channel_id, openid, kind, at) "
                f"VALUES (3, 'oAnna', 'follow', '{AT}'), (3, 'oNobody', 'scan', '{AT}')"
            ),
        ):
            shop.execute(text(statement))
    upgrade()
    with db.engine.connect() as shop:
        channels = shop.execute(text("SELECT id, welcome, kind, cost, short_code FROM channels")).all()
        touches = shop.execute(text("SELECT customer_id, channel_id, kind FROM touches")).all()
        visits = shop.execute(text("SELECT count(*) FROM channel_visits")).scalar()
    assert [tuple(row) for row in channels] == [(3, "您好", "other", 0, "counter")]
    assert [tuple(row) for row in touches] == [(7, 3, "follow")]
    assert visits == 2
    with pytest.raises(IntegrityError), db.engine.begin() as shop:
        shop.execute(text("DELETE FROM channels"))
