"""Placing and paying an order inside one process, beside the bare transaction that writes the same rows.

The writes of some orders are written down as they go to the driver, then done again by the driver alone on a copy of the
database made before: same statements, same values, same row numbers, one transaction for each order.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.engine import Engine, make_url

from shopapp.kernel import clock
from shopapp.kernel.db import db, dispose_engines, transaction
from shopapp.kernel.money import Money
from shopapp.store.orders import services as orders
from shopapp.store.payments import services as payments
from shopapp.wechat.pay import Trade, TradeState
from tests.support.databases import connect, drop_database, postgres_server
from tests.support.people import Person

from .report import Figure, Report
from .shops import Shop, open_shop

LEAST = 0.25
PEOPLE = 20
CHUNK = 25
WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Write:
    """One statement as the driver got it."""

    statement: str
    values: Any
    many: bool


@dataclass
class Notebook:
    """Every write, kept by order."""

    pages: list[list[Write]] = field(default_factory=list)

    def note(self, _c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(WRITES):
            self.pages[-1].append(Write(statement, values, many and isinstance(values, list)))

    @contextmanager
    def open(self) -> Iterator[None]:
        event.listen(Engine, "before_cursor_execute", self.note)
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", self.note)


def compare(report: Report, *, folder: Path, count: int) -> None:
    """`count` orders written down and done again; as many timed through the shop, in turns."""
    with open_shop(
        "postgres", folder=folder, products=20, people=PEOPLE, gateway="http://127.0.0.1:9"
    ) as shop:
        purchase(shop, 0)
        with copied(shop) as copy:
            notebook = Notebook()
            with notebook.open():
                for number in range(count):
                    notebook.pages.append([])
                    purchase(shop, number)
            shop_seconds, bare_seconds = [], []
            for place in range(0, count, CHUNK):
                chunk = notebook.pages[place : place + CHUNK]
                bare_seconds.append(_timed_bare(copy, chunk) / len(chunk))
                shop_seconds.append(_timed_shop(shop, range(place, place + len(chunk))) / len(chunk))
    ratio = median(bare_seconds) / median(shop_seconds)
    writes = median(len(page) for page in notebook.pages)
    note = f"{median(shop_seconds) * 1000:.1f} ms beside {median(bare_seconds) * 1000:.1f} ms, {writes:.0f} writes"
    report.tell(
        Figure(name="placing and paying, in one process (postgres)", value=ratio, least=LEAST, note=note)
    )


def purchase(shop: Shop, number: int) -> None:
    """Place an order of two goods, keep the attempt to pay, settle it: what the views and the notice do with the database."""
    person = shop.people[number % len(shop.people)]
    now, places = clock.now(), (number % len(shop.skus), (number + 1) % len(shop.skus))
    with transaction():
        order = orders.place_order(
            customer=person.signed_in,
            items=[(shop.skus[place], 1) for place in places],
            address_id=person.address_id,
            remark="",
            now=now,
        )
    with transaction():
        attempt = payments.begin_attempt(no=order.no, customer=person.signed_in, now=now)
    if attempt is None:
        raise RuntimeError("nothing to pay")
    with transaction():
        payments.note_prepay(payment_id=attempt.payment_id, prepay_id=f"wx{order.no}", now=now)
    with transaction():
        payments.settle(trade=_trade(shop, person, attempt.out_trade_no, attempt.amount), now=now)
    db.session.expunge_all()


def _trade(shop: Shop, person: Person, number: str, amount: Money) -> Trade:
    return Trade(
        appid=shop.environment["WX_APPID"],
        mchid=shop.environment["WXPAY_MCHID"],
        out_trade_no=number,
        state=TradeState.SUCCESS,
        transaction_id=f"4200{number}",
        total=amount,
        currency="CNY",
        paid_at=clock.now(),
        openid=person.signed_in.openid,
    )


@contextmanager
def copied(shop: Shop) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a copy of the shop's database as it is now."""
    server = postgres_server()
    source = make_url(shop.environment["DATABASE_URL"])
    if server is None or source.database is None:
        raise LookupError("no PostgreSQL server was found")
    name = f"{source.database}_copy"
    db.session.remove()
    dispose_engines()
    with connect(server) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(source.database)
            )
        )
    try:
        plain = source.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            yield connection
    finally:
        drop_database(server=server, name=name)


def _timed_bare(connection: psycopg.Connection[Any], pages: Sequence[Sequence[Write]]) -> float:
    began = time.perf_counter()
    for page in pages:
        with connection.transaction(), connection.cursor() as cursor:
            for write in page:
                if write.many:
                    cursor.executemany(write.statement, write.values)
                else:
                    cursor.execute(write.statement, write.values)
    return time.perf_counter() - began


def _timed_shop(shop: Shop, numbers: range) -> float:
    began = time.perf_counter()
    for number in numbers:
        purchase(shop, number)
    return time.perf_counter() - began
