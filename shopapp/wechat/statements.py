"""The statements that every push needs, built once: putting one together costs more than running it."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from sqlalchemy import Executable, Table, literal
from sqlalchemy.dialects import postgresql, sqlite

from shopapp.kernel.db import Model, db, is_sqlite

from .models import Push, ServiceWindow


def insert_push(**values: Any) -> bool:
    """Keep a push unless its key is taken; tells whether it was kept."""
    return db.session.connection().execute(_push(is_sqlite()), values).first() is not None


def upsert_window(**values: Any) -> None:
    """Let a window begin anew, unless the one that stands ends later."""
    db.session.connection().execute(_window(is_sqlite()), values)


@cache
def _push(on_sqlite: bool) -> Executable:
    return _insert(Push, on_sqlite).on_conflict_do_nothing().returning(literal(1))


@cache
def _window(on_sqlite: bool) -> Executable:
    new = _insert(ServiceWindow, on_sqlite)
    return new.on_conflict_do_update(
        index_elements=[ServiceWindow.openid, ServiceWindow.act],
        set_={"left": new.excluded.left, "until": new.excluded.until},
        where=ServiceWindow.until < new.excluded.until,
    )


def _insert(model: type[Model], on_sqlite: bool) -> sqlite.Insert | postgresql.Insert:
    table = cast(Table, model.__table__)
    return sqlite.insert(table) if on_sqlite else postgresql.insert(table)
