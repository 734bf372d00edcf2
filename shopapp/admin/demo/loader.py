"""Fills an empty shop: goods, people, and a year of their orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select

from shopapp.kernel import preferences
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.settings import settings

from . import (
    clicks,
    doubts,
    followers,
    imports,
    notebook,
    presentation,
    programme,
    purchases,
    rows,
    shelves,
    topups,
    visits,
    ways,
)
from .books import Books
from .claims import Claims
from .earnings import Earnings
from .history import BATCH, History
from .ids import Ids
from .marketplaces import Market
from .orders import PlannedOrder, orders_plan
from .people import Customer
from .rhythm import Year
from .shelves import Files
from .visits import Mall
from .vouchers import Vouchers


class NotInProduction(ShopError):
    status, code, text = 409, "not_in_production", _l("正式环境不装示例店铺，没有任何改动。")


class NotEmpty(ShopError):
    status, code, text = 409, "not_empty", _l("店里已经有商品，示例店铺只装进空店，没有任何改动。")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the shop shall be like; the same wish gives the same shop but for its dates, which end at `until`."""

    seed: int
    people: Sequence[Customer]
    orders: int
    until: datetime


def refuse_unless_empty() -> None:
    """Raises `NotInProduction`, `NotEmpty`."""
    if settings().production:
        raise NotInProduction
    if db.session.scalar(select(rows.table("products").c.id).limit(1)) is not None:
        raise NotEmpty


def load(wish: Wish, *, files: Files, tell: Callable[[int], object] = lambda _count: None) -> None:
    """Write it all into the open transaction; `tell` is told how many orders were written since it was told before.

    `files` are the drawn pictures. Raises `NotInProduction`, `NotEmpty`.
    """
    refuse_unless_empty()
    year = Year.ending(wish.until)
    ids = Ids(wish.seed)
    presentation.present(files=files, ids=ids, now=year.start)
    # the past was never paid through this shop's WeChat Pay, so no bill knows it
    preferences.write("payments.reconciled_from", (shop_day(wish.until) + timedelta(days=1)).isoformat())
    shelved = shelves.fill_shelves(files=files, ids=ids, now=year.start)
    scenes = ways.open_channels(ids, now=year.start)
    ways.print_flyers(scenes, ids=ids, now=year.start, until=wish.until)
    known = followers.let_in(people=wish.people, seed=wish.seed, year=year, files=files, scenes=scenes)
    offered = programme.offer(ids=ids, now=year.start, until=wish.until)
    books = Books(until=wish.until)
    vouchers = Vouchers(programme=offered, ids=ids, seed=wish.seed, until=wish.until)
    earned = Earnings(people=known, books=books)
    mall = Mall(vouchers=vouchers, books=books, ids=ids)
    vouchers.welcome(earned.members)
    mall.expect(earned.members, seed=wish.seed)
    visits.check_in(earned.members, earned=earned, seed=wish.seed, until=wish.until)
    past = History(seed=wish.seed, shelves=shelved, people=known, vouchers=vouchers, earnings=earned)
    market = Market(ids=ids, shelves=shelved, year=year)
    claimed = Claims(members=earned.members, market=market, ids=ids, until=wish.until)
    past.last |= topups.write(
        earned.members, offered=offered, books=books, ids=ids, numbers=past.numbers, after=wish.orders
    )
    market.sell_to_strangers(people=len(known))
    claimed.book(earned)
    for batch in _batches(
        orders_plan(seed=wish.seed, customers=wish.people, until=wish.until, orders=wish.orders)
    ):
        past.write(batch)
        tell(len(batch))
    earned.close()
    mall.close()
    vouchers.close()
    notebook.grant_perks(known, ids=ids, until=wish.until)
    notebook.write(known, seed=wish.seed, ids=ids, until=wish.until)
    past.close(start=year.start, until=wish.until)
    market.write()
    imports.write(market)
    claimed.write()
    clicks.write(wish.people, known, claims=claimed.made, scenes=scenes, ids=ids, until=wish.until)
    purchases.write(bound=[sale.row_id for sale in market.sales if sale.customer_id is not None])
    doubts.write(known, alike=claimed.alike, ids=ids, until=wish.until)
    shelves.close_shelves(shelved, now=wish.until)


def _batches(plan: Iterator[PlannedOrder]) -> Iterator[list[PlannedOrder]]:
    while batch := list(islice(plan, BATCH)):
        yield batch
