"""Command line: people who may sign in, and tokens for programs."""

from __future__ import annotations

import json
import os
import sys

import click
from flask.cli import with_appcontext

from shopapp.kernel import clock
from shopapp.kernel.access import Role
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.screens import in_words

from . import services


@click.group("staff")
def staff_group() -> None:
    """People who work in the console."""


@staff_group.command("create")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def create(name: str, role: str, as_json: bool) -> None:
    """Let somebody sign in to the console; the password comes from SHOP_PASSWORD or a prompt."""
    if not os.environ.get("SHOP_PASSWORD") and not sys.stdin.isatty():
        raise click.ClickException("set SHOP_PASSWORD: there is no terminal to ask for a password")
    password = os.environ.get("SHOP_PASSWORD") or click.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    try:
        with transaction():
            staff = services.create_staff(name=name, password=password, role=Role(role), now=clock.now())
    except ShopError as problem:
        raise click.ClickException(in_words(problem)) from None
    answer = {"id": staff.public_id, "name": staff.name, "role": role}
    click.echo(
        json.dumps(answer, ensure_ascii=False) if as_json else f"{staff.name} ({role}) may sign in now."
    )


@click.group("tokens")
def tokens_group() -> None:
    """Tokens of the merchant API."""


@tokens_group.command("create")
@click.option("--name", required=True)
@click.option("--scopes", required=True, help="separated by commas, e.g. orders:read,products:write")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def create_token(name: str, scopes: str, as_json: bool) -> None:
    """Make a merchant API token and print it, this once."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    try:
        with transaction():
            token, text = services.create_token(name=name, scopes=wanted, now=clock.now())
    except ShopError as problem:
        raise click.ClickException(in_words(problem)) from None
    answer = {"id": token.public_id, "name": token.name, "scopes": token.scopes, "token": text}
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else text)
