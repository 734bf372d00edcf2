"""Reports on the command line."""

from __future__ import annotations

import json
from datetime import datetime

import click
from flask.cli import AppGroup

from shopapp.kernel.screens import span

from . import queries
from .funnel import STEPS
from .queries import By
from .schemas import funnel_answer, row_answer

DAY = click.DateTime(formats=["%Y-%m-%d"])

report_group = AppGroup("report", help="Figures of the shop; console and API give the same.")


@report_group.command("channel-funnel")
@click.option("--from", "first", type=DAY, help="First day, shop time.")
@click.option("--to", "last", type=DAY, help="Last day, shop time.")
@click.option("--by", type=click.Choice([one.value for one in By]), default=By.CHANNEL.value)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def channel_funnel(first: datetime | None, last: datetime | None, by: str, as_json: bool) -> None:
    """From printed cards to second orders."""
    since, until = span(first.date() if first else None, last.date() if last else None)
    funnel = queries.channel_funnel(by=By(by), since=since, until=until)
    if as_json:
        click.echo(json.dumps(funnel_answer(funnel), ensure_ascii=False))
        return
    names = ["printed", *(step.value for step in STEPS), "cost_per_member_fen", "payback_days"]
    click.echo("\t".join(["name", *names]))
    for row in [*funnel.rows, funnel.total]:
        answer = row_answer(row)
        click.echo(
            "\t".join([row.name, *("-" if answer[name] is None else str(answer[name]) for name in names)])
        )
