"""Orders of marketplaces in the demo shop, as if files had brought them: their rows, lines and buyers."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.pii import lookup_hash
from shopapp.members.marketplace.rules import Status, family_of

from . import rows
from .followers import Known
from .ids import Ids
from .rhythm import Year
from .rows import Row
from .shelves import Shelves
from .ways import SHOPS

ORDERS_PER_PERSON, ORDERS_MAX = 1.2, 20_000
BATCH = 1000
FILES = (
    ("tmall", 104, 190, 14),
    ("tmall", 38, 104, 26),
    ("jd", 37, 130, 18),
    ("douyin", 36, 120, 12),
    ("pdd", 22, 110, 10),
    ("taobao", 21, 110, 8),
    ("tmall", 2, 38, 14),
    ("jd", 1.6, 37, 8),
)
"""Platform, days ago, from how many days ago its orders are, and its share of all orders."""
NEVER_PAID_SHARE, REFUNDED_SHARE, PARTLY_SHARE = 0.03, 0.06, 0.05
SHIPPED_AFTER, DONE_AFTER = timedelta(days=1), timedelta(days=4)
PAID_AFTER = timedelta(minutes=2)
STEP, TEN_DIGITS = 6_180_339_887, 10**10
# What numbers of a platform look like around ten digits that no other order has.
SHAPES = {
    "tmall": "3{0:010d}58216037",
    "jd": "30{0:010d}",
    "pdd": "{1:%y%m%d}-48213{0:010d}",
    "douyin": "69{0:010d}512046",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One export, imported `at`; its orders were placed from `since` on."""

    place: int
    platform: str
    at: datetime
    since: datetime
    weight: int

    @property
    def family(self) -> str:
        return family_of(platform=self.platform, shop="")


@dataclass(slots=True, kw_only=True)
class Sale:
    """One order; `goods` are (title, SKU, pieces, fen). `buyer` is what the export calls who bought it."""

    number: int
    file: File
    ordered_at: datetime
    goods: list[tuple[str, str, int, int]]
    status: Status
    refunded_fen: int
    buyer: str
    tail: str
    paid: bool = True
    customer_id: int | None = None
    bound_at: datetime | None = None
    row_id: int = 0

    @property
    def paid_fen(self) -> int:
        return sum(fen for _title, _sku, _pieces, fen in self.goods) if self.paid else 0

    @property
    def order_no(self) -> str:
        return order_no(self.file.platform, number=self.number, at=self.ordered_at)


def order_no(platform: str, *, number: int, at: datetime) -> str:
    """As the platform writes the number of its order placed at this time; no two orders have the same."""
    shape = SHAPES.get(platform, SHAPES["tmall"])
    return shape.format(number * STEP % TEN_DIGITS, at.astimezone(SHOP_ZONE))


class Market:
    """All sales of the demo's marketplaces, kept until they are written."""

    def __init__(self, *, ids: Ids, shelves: Shelves, year: Year) -> None:
        self.ids, self.year, self.until = ids, year, year.until
        self.goods = list(shelves.skus.items())
        self.sales: list[Sale] = []
        self.rng = random.Random(f"{ids.seed}:marketplaces")
        self.files = [
            File(
                place=place,
                platform=platform,
                at=_whole(year.until - timedelta(days=ago, minutes=47 * place)),
                since=year.until - timedelta(days=first),
                weight=weight,
            )
            for place, (platform, ago, first, weight) in enumerate(FILES)
        ]

    def file_before(self, at: datetime, *, platforms: Collection[str]) -> File | None:
        """A file of one of these platforms that was imported by this time."""
        known = [file for file in self.files if file.at < at and file.platform in platforms]
        return self.rng.choices(known, [file.weight for file in known])[0] if known else None

    def sell(self, file: File, *, to: Known | None, status: Status | None = None) -> Sale:
        """One order of this file, by a stranger or somebody known; `status` is its own if it is left open."""
        latest = file.at - (DONE_AFTER if to else timedelta(hours=1))
        first, last = self.year.share(file.since), self.year.share(latest)
        ordered_at = self.year.moment(first + (last - first) * self.rng.random())
        sale = Sale(
            number=len(self.sales) + 1,
            file=file,
            ordered_at=ordered_at,
            goods=list(self._goods()),
            status=status or _status(file.at - ordered_at),
            refunded_fen=0,
            buyer=f"buyer-{self.rng.randrange(ORDERS_MAX)}" if to is None else f"friend-{to.number}",
            tail=f"{self.rng.randrange(10_000):04d}" if to is None else to.addresses[0].phone[-4:],
        )
        if status is Status.CLOSED:
            sale.refunded_fen = sale.paid_fen
        elif to is None:
            self._fate(sale)
        self.sales.append(sale)
        return sale

    def sell_to_strangers(self, *, people: int) -> None:
        """All the others who buy there."""
        count = min(round(people * ORDERS_PER_PERSON), ORDERS_MAX)
        for file in self.rng.choices(self.files, [file.weight for file in self.files], k=count):
            self.sell(file, to=None)

    def _goods(self) -> Iterator[tuple[str, str, int, int]]:
        for code, sku in self.rng.sample(self.goods, self.rng.choices((1, 2, 3), (70, 22, 8))[0]):
            pieces = self.rng.choices((1, 2, 3), (78, 17, 5))[0]
            yield sku.title, code, pieces, sku.price.fen * pieces

    def _fate(self, sale: Sale) -> None:
        chance = self.rng.random()
        if chance < NEVER_PAID_SHARE:
            sale.status, sale.paid = Status.CLOSED, False
        elif chance < NEVER_PAID_SHARE + REFUNDED_SHARE:
            sale.status, sale.refunded_fen = Status.CLOSED, sale.paid_fen
        elif chance < NEVER_PAID_SHARE + REFUNDED_SHARE + PARTLY_SHARE and sale.status is Status.DONE:
            sale.refunded_fen = sale.goods[0][3] // 2

    def write(self) -> None:
        """Orders, lines, buyers and imports; and that the history of purchases has seen them."""
        buyers = self._write_buyers()
        for start in range(0, len(self.sales), BATCH):
            batch = self.sales[start : start + BATCH]
            ids = rows.add_with_ids("marketplace_orders", [self._order(sale, buyers) for sale in batch])
            for sale, row_id in zip(batch, ids, strict=True):
                sale.row_id = row_id
            rows.add("marketplace_lines", [row for sale in batch for row in _lines(sale)])
        changed_at, row_id = max(((_changed(sale), sale.row_id) for sale in self.sales), default=(None, 0))
        if changed_at is not None:
            walked = {"name": "market", "changed_at": changed_at, "row_id": row_id}
            rows.add("purchase_walks", [walked])
            followed = {"name": "orders", "changed_at": changed_at, "order_id": row_id}
            rows.add("cashback_order_cursors", [followed])

    def _write_buyers(self) -> dict[tuple[str, str], int]:
        known = list(dict.fromkeys((sale.file.family, sale.buyer) for sale in self.sales))
        values = [
            {"kind": "buyer", "family": family, "value": buyer, "value_hash": lookup_hash(buyer)}
            for family, buyer in known
        ]
        found: list[int] = []
        for start in range(0, len(values), BATCH):
            found += rows.add_with_ids("marketplace_identities", values[start : start + BATCH])
        return dict(zip(known, found, strict=True))

    def _order(self, sale: Sale, buyers: dict[tuple[str, str], int]) -> Row:
        return {
            "public_id": self.ids.of("market order", sale.number),
            "platform": sale.file.platform,
            "family": sale.file.family,
            "shop": SHOPS[sale.file.platform],
            "order_no": sale.order_no,
            "status": sale.status,
            "stated_status": sale.status,
            "ordered_at": sale.ordered_at,
            "paid_at": sale.ordered_at + PAID_AFTER if sale.paid else None,
            "paid_fen": sale.paid_fen,
            "stated_paid_fen": sale.paid_fen,
            "refunded_fen": sale.refunded_fen,
            "stated_refunded_fen": sale.refunded_fen,
            "title": sale.goods[0][0],
            "buyer_id": buyers[sale.file.family, sale.buyer],
            "phone_tail": sale.tail,
            "customer_id": sale.customer_id,
            "bound_at": sale.bound_at,
            "created_at": sale.file.at,
            "changed_at": _changed(sale),
        }


def _lines(sale: Sale) -> Iterator[Row]:
    left = sale.refunded_fen
    for place, (title, sku, pieces, fen) in enumerate(sale.goods):
        paid = fen if sale.paid else 0
        back = min(left, paid)
        left -= back
        yield {
            "order_id": sale.row_id,
            "key": f"{sale.order_no}-{place + 1}",
            "numbered": True,
            "title": title,
            "sku": sku,
            "quantity": pieces,
            "status": sale.status,
            "paid_fen": paid,
            "refunded_fen": back or None,
        }


def _changed(sale: Sale) -> datetime:
    return sale.bound_at or sale.file.at


def _status(age: timedelta) -> Status:
    if age < SHIPPED_AFTER:
        return Status.PAID
    return Status.SHIPPED if age < DONE_AFTER else Status.DONE


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
