"""Importing a file of orders: looking at it first, then taking it over batch by batch.

A killed import is taken up by running it again: what was told already changes nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _

from . import held, queries, rules
from .batches import batches, collecting_seldom
from .files import opened
from .identities import Hashes
from .layouts import Kind
from .reading import Identify, Reader, Rejected
from .recognising import AUTO, Recognised, find_table
from .rules import Status, Told
from .totals import Totals
from .writing import BATCH_ORDERS, Outcome, Writer

Progress = Callable[[int, int], None]
"""Takes how many rows are done, and of about how many."""

WITH_LINES = {Kind.LINES, Kind.BOTH}
PREVIEW_ORDERS = 20
PREVIEW_ROWS_MAX = 5000


@dataclass(kw_only=True)
class Report:
    """What a file told, in orders that were accepted; amounts are fen. `dump` is the shape of the contract.

    `lines` and `buyers` are None where the file cannot tell, `gross_fen` and `net_fen` where all is in other currencies.
    `unclear`: orders of which something went back, and the file does not say how much. Of more than
    `reading.REJECTED_MAX` rejected rows the rest is only counted in `rejected_count`.
    """

    platform: str
    kind: str
    encoding: str
    orders: int = 0
    lines: int | None = None
    buyers: int | None = None
    gross_fen: int | None = 0
    refunded_fen: int = 0
    net_fen: int | None = 0
    paid_orders: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    unclear: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    rejected_count: int = 0
    other_currencies: dict[str, dict[str, int]] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        names = (
            *("platform", "kind", "encoding", "orders", "lines", "buyers", "gross_fen", "refunded_fen"),
            *("net_fen", "paid_orders", "inserted", "updated", "unchanged", "skipped"),
        )
        rejected = [
            {"row": row.row, "order_no": row.order_no, "reason": row.reason, "text": row.text}
            for row in self.rejected
        ]
        found = {name: getattr(self, name) for name in names}
        return {**found, "rejected": rejected, "other_currencies": self.other_currencies}


@dataclass(frozen=True, kw_only=True)
class PreviewOrder:
    """What would become of the first orders; amounts are in the smallest unit of `currency`."""

    order_no: str
    status: Status
    ordered_at: datetime | None
    paid_at: datetime | None
    paid: int
    refunded: int
    currency: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What was recognised, and what of the first rows would be refused and why.

    `rows` is about how many there are; `looked_at` how many of them were read for this.
    """

    platform: str
    kind: str
    encoding: str
    header: list[str]
    rows: int
    looked_at: int
    first: list[PreviewOrder]
    orders: int
    skipped: int
    rejected: list[Rejected]


def preview(*, path: Path, platform: str = AUTO, shop: str = "") -> Preview:
    """Look at a file and change nothing. Raises `files.FileRefused`, `Invalid`."""
    _check(platform, shop)
    with opened(path) as tables:
        found = find_table(tables, platform=platform)
        some = found.header_row + 1 + PREVIEW_ROWS_MAX
        whole = found.table
        shown = dataclasses.replace(whole, rows=lambda splitting: islice(whole.rows(splitting), some))
        reader = _reader(dataclasses.replace(found, table=shown), shop=shop, buyer=str, phone=str)
        told: dict[str, Told] = {}
        for order in reader.orders():
            if order.order_no in told:
                told[order.order_no].join(order)
            else:
                told[order.order_no] = order
        return Preview(
            platform=found.platform,
            kind=found.layout.kind.value,
            encoding=whole.encoding,
            header=found.header,
            rows=max(whole.size - found.header_row - 1, 0),
            looked_at=max(reader.row - found.header_row - 1, 0),
            first=[_shown(order) for order in islice(told.values(), PREVIEW_ORDERS)],
            orders=len(told),
            skipped=reader.skipped,
            rejected=reader.rejected,
        )


def _shown(told: Told) -> PreviewOrder:
    status, paid, refunded = rules.settle(told)
    return PreviewOrder(
        order_no=told.order_no,
        status=status,
        ordered_at=told.ordered_at,
        paid_at=told.paid_at,
        paid=paid,
        refunded=refunded,
        currency=told.currency,
        title=told.title or "，".join(line.title for line in told.lines.values()),
    )


def run(*, path: Path, platform: str = AUTO, shop: str = "", progress: Progress | None = None) -> Report:
    """Take a file over, in transactions of its own. `platform` is one of `rules.PLATFORMS` or `AUTO`.

    `shop` names the shop it came from, else the file does if it can. Raises `files.FileRefused` before anything is
    changed, and `Invalid` for an unknown platform or too long a name.
    """
    _check(platform, shop)
    with opened(path) as tables:
        return take_over(found=find_table(tables, platform=platform), shop=shop, progress=progress)


def take_over(*, found: Recognised, shop: str, progress: Progress | None = None) -> Report:
    """Take over one recognised table; see `run`."""
    family = rules.family_of(platform=found.platform, shop=shop)
    writer = Writer(family=family, whole=found.layout.whole)
    buyers, phones = Hashes(), Hashes()
    reader = _reader(found, shop=shop, buyer=buyers.__getitem__, phone=phones.__getitem__)
    totals = Totals()
    told = batches(reader, buyers=buyers, phones=phones, size=BATCH_ORDERS)
    with collecting_seldom():
        for batch in told:
            totals.add(batch.orders, writer.write(batch))
            held.keep(batch.held, platform=found.platform, shop=shop)
            if progress is not None and batch.orders:
                progress(batch.row, found.table.size)
    return _report(found, reader, totals)


def _reader(found: Recognised, *, shop: str, buyer: Identify, phone: Identify) -> Reader:
    explained = queries.status_words(platform=found.platform)
    return Reader(found, explained=explained, shop=shop, buyer=buyer, phone=phone)


def _report(found: Recognised, reader: Reader, totals: Totals) -> Report:
    return Report(
        platform=found.platform,
        kind=found.layout.kind.value,
        encoding=found.table.encoding,
        orders=totals.orders,
        lines=totals.lines if found.layout.kind in WITH_LINES else None,
        buyers=totals.buyers or None,
        gross_fen=None if totals.all_foreign else totals.gross_fen,
        refunded_fen=totals.refunded_fen,
        net_fen=None if totals.all_foreign else totals.net_fen,
        paid_orders=totals.paid_orders,
        inserted=totals.came(Outcome.INSERTED),
        updated=totals.came(Outcome.UPDATED),
        unchanged=totals.came(Outcome.UNCHANGED),
        skipped=reader.skipped,
        unclear=totals.unclear,
        rejected=reader.rejected,
        rejected_count=reader.rejected_count,
        other_currencies=totals.other_currencies,
    )


def _check(platform: str, shop: str) -> None:
    """Raises `Invalid`."""
    wrong: dict[str, list[str]] = {}
    if platform not in (AUTO, *rules.PLATFORMS):
        wrong["platform"] = [_("没有这个平台。")]
    if len(shop) > rules.SHOP_LENGTH_MAX:
        wrong["shop"] = [_("最多 %(max)s 个字。", max=rules.SHOP_LENGTH_MAX)]
    if wrong:
        raise Invalid(wrong)
