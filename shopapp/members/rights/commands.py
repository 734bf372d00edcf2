"""Command line: the rights of a person, for who asks the shop by letter or telephone."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask.cli import with_appcontext

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.members.identity import members, queries
from shopapp.members.identity.queries import CustomerRow

from . import services


@click.group("customers")
def customers_group() -> None:
    """Rights of the person."""


@customers_group.command("export")
@click.argument("customer", metavar="ID")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def export(customer: str, file: Path | None) -> None:
    """Write all that is known of a customer (ID or membership number) as JSON, to FILE or standard output."""
    person = _person(customer)
    known = services.export(customer_id=person.id, now=clock.now())
    text = json.dumps(known, ensure_ascii=False, indent=2)
    if file is None:
        click.echo(text)
        return
    file.touch(mode=0o600)
    file.write_text(text + "\n", encoding="utf-8")


@customers_group.command("erase")
@click.argument("customer", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_appcontext
def erase(customer: str, as_json: bool) -> None:
    """Forget a customer (ID or membership number); records of money stay, without the person."""
    person = _person(customer)
    try:
        with transaction():
            services.erase(customer_id=person.id, public_id=person.public_id, now=clock.now())
    except ShopError as problem:
        raise click.ClickException(problem.message) from None
    again = person.erased_at is not None
    if as_json:
        click.echo(json.dumps({"id": person.public_id, "erased": True, "already": again}))
    else:
        click.echo(f"{person.public_id}: {'was erased before' if again else 'erased'}")


def _person(text: str) -> CustomerRow:
    customer_id = members.customer_id_of(text)
    found = {} if customer_id is None else queries.by_ids(customer_ids=[customer_id])
    if customer_id is None or customer_id not in found:
        raise click.ClickException(f"there is no customer {text}")
    return found[customer_id]
