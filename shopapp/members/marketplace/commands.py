"""`flask --app wsgi marketplace …`"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from shopapp.kernel.errors import ShopError

from . import importing, rules
from .files import FileRefused
from .importing import Progress, Report
from .recognising import AUTO

REJECTED_SHOWN = 20


@click.group("marketplace")
def marketplace_group() -> None:
    """Orders of marketplaces."""


@marketplace_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--platform", type=click.Choice([AUTO, *rules.PLATFORMS]), default=AUTO, show_default=True)
@click.option("--shop", default="", help="The shop it was exported from, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_appcontext
def import_file(file: Path, platform: str, shop: str, as_json: bool) -> None:
    """Take over an export of orders; taken over again it changes nothing. Exit 1 if it is refused whole."""
    try:
        report = importing.run(path=file, platform=platform, shop=shop, progress=_progress(as_json))
    except ShopError as problem:
        if as_json:
            known = None if platform == AUTO or not isinstance(problem, FileRefused) else platform
            refused = {"reason": problem.code, "text": problem.message}
            click.echo(json.dumps({"platform": known, "refused": refused}, ensure_ascii=False))
        click.echo(problem.message, err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(report.dump(), ensure_ascii=False))
    else:
        _tell(report)


def _progress(as_json: bool) -> Progress | None:
    if as_json or not sys.stderr.isatty():
        return None
    return lambda done, rows: click.echo(f"\r{done} / {rows}", nl=False, err=True)


def _tell(report: Report) -> None:
    figures: dict[str, Any] = report.dump()
    for row in figures.pop("rejected")[:REJECTED_SHOWN]:
        click.echo(f"row {row['row']}: {row['text']}", err=True)
    click.echo(f"{report.rejected_count} rows rejected", err=True)
    for name, value in figures.items():
        click.echo(f"{name:18} {value}")
