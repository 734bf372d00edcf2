"""`flask --app wsgi tiers …`"""

from __future__ import annotations

import dataclasses
import json
import sys

import click
from flask.cli import with_appcontext

from .replay import replay


@click.group("tiers")
def tiers_group() -> None:
    """Membership tiers."""


@tiers_group.command("replay")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def replay_command(as_json: bool) -> None:
    """Work all tiers out anew from the books and compare. Exit 1 if any differs from what is kept."""
    terminal = sys.stderr.isatty() and not as_json

    def tell(checked: int) -> None:
        click.echo(f"\r{checked} members", nl=False, err=True)

    report = replay(progress=tell if terminal else None)
    if terminal:
        click.echo("", err=True)
    if as_json:
        differences = [dataclasses.asdict(difference) for difference in report.differences]
        click.echo(json.dumps({"ok": report.ok, "checked": report.checked, "differences": differences}))
    elif report.ok:
        click.echo(f"{report.checked} members, all of them right")
    else:
        for difference in report.differences:
            text = f"{difference.field} is {difference.kept}, should be {difference.replayed}"
            click.echo(f"customer {difference.customer_id}: {text}", err=True)
    if not report.ok:
        sys.exit(1)
