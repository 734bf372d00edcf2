"""Cash-back claims on the command line."""

from __future__ import annotations

import json
from datetime import datetime

import click
from flask.cli import with_appcontext

from shopapp.wechat.pay import PayProblem

from . import payout_reconciliation as reconciliation
from .payout_reconciliation import Report


@click.group("claims")
def claims_group() -> None:
    """Cash-back claims."""


@claims_group.command("reconcile")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="A past day of shop time."
)
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def reconcile(day: datetime, as_json: bool) -> None:
    """Compare the transfers of a day with the fund flow of the operating account; exit 1 when there is no bill to be had."""
    wanted = day.date()
    try:
        report = reconciliation.reconcile(day=wanted)
    except PayProblem as problem:
        raise click.ClickException(f"no fund flow of {wanted}: {problem}") from None
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    _show(report)


def _show(report: Report) -> None:
    for name in ("went", "returned", "paid"):
        click.echo(f"{name:10} {report.transfers[name]} ({report.transfers[f'{name}_fen']} fen)")
    for difference in report.differences:
        click.echo(
            f"{difference.kind.value:24} {difference.number}  bill {difference.bill_fen}  ours {difference.ours_fen}"
        )
    for number in report.waiting:
        click.echo(f"{'waiting':24} {number}")
    click.echo("all equal" if not report.differences else f"{len(report.differences)} differences")
