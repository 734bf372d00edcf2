"""Command line: a shop to look around in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError

from .limits import CUSTOMERS, CUSTOMERS_MAX, ORDERS, ORDERS_MAX

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

SEED = 2026
SEED_MAX = 99_999


@click.group("demo")
def demo_group() -> None:
    """A believable shop for trying things out."""


@demo_group.command("load")
@click.option("--customers", type=click.IntRange(0, CUSTOMERS_MAX), default=CUSTOMERS, show_default=True)
@click.option("--orders", type=click.IntRange(0, ORDERS_MAX), default=ORDERS, show_default=True)
@click.option("--seed", type=click.IntRange(0, SEED_MAX), default=SEED, show_default=True)
@with_appcontext
def load(customers: int, orders: int, seed: int) -> None:
    """Fill an empty shop with goods, drawn pictures, people and a year of their orders.

    The same seed gives the same goods, people, baskets, amounts, fates and links. The year ends now, so dates move with
    the day of loading.
    """
    from . import drawing, loader
    from .people import people

    try:
        loader.refuse_unless_empty()
        crowd = people(seed=seed, customers=customers)
        wish = loader.Wish(seed=seed, people=crowd, orders=orders, until=clock.now())
        wanted = drawing.subjects(crowd)
        with _progress("pictures", len(wanted)) as bar:
            files = drawing.draw_all(wanted, tell=bar.update)
        with _progress("orders", orders) as bar, transaction():
            loader.load(wish, files=files, tell=bar.update)
    except ShopError as problem:
        raise click.ClickException(problem.message) from None
    click.echo(f"demo shop: {customers} people, {orders} orders")


def _progress(label: str, length: int) -> ProgressBar[int]:
    """A bar on a terminal, nothing elsewhere."""
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
