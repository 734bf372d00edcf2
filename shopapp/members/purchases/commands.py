"""`flask --app wsgi purchases …`"""

from __future__ import annotations

import json

import click
from flask.cli import with_appcontext

from shopapp.kernel import clock
from shopapp.kernel.db import transaction

from . import services, walking


@click.group("purchases")
def purchases_group() -> None:
    """The history of purchases."""


@purchases_group.command("rebuild")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def rebuild(as_json: bool) -> None:
    """Walk all orders again, own and imported, and put right what the history says otherwise."""
    with transaction():
        services.walk_anew()
    changed = walking.catch_up(now=clock.now())
    click.echo(json.dumps({"changed": changed}) if as_json else f"{changed} rows put right")
