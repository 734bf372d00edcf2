"""Migrations, with their libraries loaded only when they are asked for: a web process starts without them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask import Flask

from .db import db

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


class LateConfiguration:
    """Stands where Flask-Migrate keeps what its commands need, until they look there."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        Migrate(self._app, db, directory=str(FOLDER), render_as_batch=True, compare_type=True)
        return getattr(self._app.extensions["migrate"], name)


class LateCommands(click.Group):
    """`flask db`, as Flask-Migrate has it."""

    def _commands(self) -> click.Group:
        from flask_migrate.cli import db as commands  # type: ignore[import-not-found]

        group: click.Group = commands
        return group

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        return self._commands().make_context(info_name, args, parent, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._commands().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._commands().get_command(ctx, cmd_name)


def current() -> bool:
    """Whether the database is as the newest migration leaves it."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    heads = set(ScriptDirectory(str(FOLDER)).get_heads())
    return set(MigrationContext.configure(db.session.connection()).get_current_heads()) == heads


def init_app(app: Flask) -> None:
    app.extensions["migrate"] = LateConfiguration(app)
    app.cli.add_command(LateCommands("db", help="Perform database migrations."))
