"""`flask --app wsgi ledger …`"""

from __future__ import annotations

import dataclasses
import json
import sys

import click
from flask.cli import with_appcontext

from .verify import verify


@click.group("ledger")
def ledger_group() -> None:
    """The books of points, wallet and growth."""


@ledger_group.command("verify")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def verify_command(as_json: bool) -> None:
    """Check every chain, sum and lot. Exit 1 if anything does not hold."""
    terminal = sys.stderr.isatty() and not as_json

    def tell(checked: int) -> None:
        click.echo(f"\r{checked} entries", nl=False, err=True)

    report = verify(progress=tell if terminal else None)
    if terminal:
        click.echo("", err=True)
    if as_json:
        problems = [dataclasses.asdict(problem) for problem in report.problems]
        click.echo(json.dumps({"ok": report.ok, "checked": report.checked, "problems": problems}))
    elif report.ok:
        click.echo(f"{report.checked} entries, all of them right")
    else:
        for problem in report.problems:
            place = "" if problem.posting is None else f", posting {problem.posting}"
            click.echo(f"account {problem.account}{place}: {problem.text}", err=True)
    if not report.ok:
        sys.exit(1)
