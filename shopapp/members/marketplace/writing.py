"""Writing what files tell into the tables: in bounded transactions of whole orders, any of which may be the last."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple, cast

from sqlalchemy import Row, Table, bindparam, delete, select
from sqlalchemy.exc import OperationalError

from shopapp.kernel import clock, ids
from shopapp.kernel.bulk import KeyTaken, Value, among, insert_all, is_passing, time_text, update_all
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l

from . import rules
from .batches import Batch
from .identities import TABLE as IDENTITIES
from .identities import Identities
from .models import MarketplaceLine, MarketplaceOrder
from .rules import IdentityKind, Line, Status, Told

BATCH_ORDERS = 3000
TRIES_MAX = 5

ORDERS = cast(Table, MarketplaceOrder.__table__)
LINES = cast(Table, MarketplaceLine.__table__)
BUYERS, PHONES = IDENTITIES.alias("buyers"), IDENTITIES.alias("phones")
SAID = (
    *("platform", "shop", "status", "stated_status", "ordered_at", "paid_at", "currency"),
    *("paid_fen", "stated_paid_fen", "refunded_fen", "stated_refunded_fen", "refunds", "refund_unclear"),
    *("title", "buyer_id", "phone_id", "phone_tail", "changed_at"),
)
"""What files tell of an order, in the order of `_Writing._said`."""
FIXED = ("order_no", "family", "public_id", "anonymous", "created_at")
LINE_SAID = ("title", "sku", "quantity", "numbered", "status", "paid_fen", "refunded_fen")
LINE_KEY = ("order_id", "key")


STATUS_TEXT: dict[Status | None, str | None] = {None: None, **{status: status.value for status in Status}}
"""Quicker than asking each."""


class Outcome(IntEnum):
    """What became of an order; the greater counts where a file tells of it several times."""

    UNCHANGED = 0
    UPDATED = 1
    INSERTED = 2


class Busy(ShopError):
    """Others wrote the same orders again and again."""

    status, code, text = 409, "busy", _l("同样的订单正在别处导入，请稍后再导入一次，已经导入的不会重复。")


class Writer:
    """Writes the orders of one family, batch by batch; `whole` as in `layouts.Layout`."""

    def __init__(self, *, family: str, whole: bool = False) -> None:
        self.family, self.whole = family, whole
        self.buyers = Identities(kind=IdentityKind.BUYER, family=family)
        self.phones = Identities(kind=IdentityKind.PHONE, family="")

    def write(self, told: Batch) -> dict[str, Outcome]:
        """Take over what was told, in one transaction of its own; tells what became of each order.

        Known orders are locked in the order of their numbers, then new ones inserted in the same order, so that two
        imports at once never wait for one another in a circle. Where the other was faster, the batch begins anew.
        Raises `Busy`.
        """
        if not told.orders:
            return {}
        for _try in range(TRIES_MAX):
            batch = _Writing(self, told)
            try:
                with transaction():
                    batch.write(now=clock.now())
            except (KeyTaken, OperationalError) as problem:
                if isinstance(problem, OperationalError) and not is_passing(problem):
                    raise
                self.buyers.forget_ids()
                self.phones.forget_ids()
                continue
            self.buyers.committed(batch.buyer_ids)
            self.phones.committed(batch.phone_ids)
            return batch.outcomes
        raise Busy


class _Stored(NamedTuple):
    """What is known of an order so far."""

    row_id: int
    anonymous: bool
    told: Told


class _Writing:
    """One transaction."""

    def __init__(self, writer: Writer, told: Batch) -> None:
        self.writer, self.told, self.orders = writer, told, told.orders
        self.outcomes: dict[str, Outcome] = {}
        self.buyer_ids: dict[str, int] = {}
        self.phone_ids: dict[str, int] = {}

    def write(self, *, now: datetime) -> None:
        """Raises `KeyTaken`."""
        self.text_of = time_text()
        self.now = self.text_of(now)
        stored = self._stored()
        changed: list[tuple[_Stored, dict[str, Line]]] = []
        for order_no, known in stored.items():
            told = self.orders[order_no]
            if known.anonymous:
                told.buyer = told.phone = told.tail = None
            before, lines = known.told.facts(), known.told.lines
            if self.writer.whole:
                known.told.renew(told)
            else:
                known.told.join(told)
            same = known.told.facts() == before
            self.outcomes[order_no] = Outcome.UNCHANGED if same else Outcome.UPDATED
            if not same:
                changed.append((known, lines))
        new = [self.orders[order_no] for order_no in sorted(self.orders.keys() - stored.keys())]
        self._identify([*new, *(known.told for known, _lines in changed)])
        self._insert(new)
        self._update(changed)

    def _identify(self, orders: list[Told]) -> None:
        buyers = {told.buyer for told in orders if told.buyer is not None}
        phones = {told.phone for told in orders if told.phone is not None}
        self.buyer_ids = self.writer.buyers.ids_of(buyers, self.told.buyers)
        self.phone_ids = self.writer.phones.ids_of(phones, self.told.phones)

    def _stored(self) -> dict[str, _Stored]:
        """Those of the orders that are known already, locked."""
        statement = (
            select(ORDERS, BUYERS.c.value_hash.label("buyer"), PHONES.c.value_hash.label("phone"))
            .outerjoin(BUYERS, BUYERS.c.id == ORDERS.c.buyer_id)
            .outerjoin(PHONES, PHONES.c.id == ORDERS.c.phone_id)
            .where(ORDERS.c.family == self.writer.family, among(ORDERS.c.order_no, list(self.orders)))
            .order_by(ORDERS.c.order_no)
            .with_for_update(of=ORDERS)
        )
        rows = db.session.execute(statement).all()
        lines = _stored_lines([row.id for row in rows])
        return {row.order_no: _Stored(row.id, row.anonymous, _told(row, lines.get(row.id))) for row in rows}

    def _insert(self, orders: list[Told]) -> None:
        self.outcomes |= dict.fromkeys((told.order_no for told in orders), Outcome.INSERTED)
        family, now = self.writer.family, self.now
        rows: list[tuple[Value, ...]] = [
            (*self._said(told), told.order_no, family, public_id, False, now)
            for told, public_id in zip(orders, ids.new_ids(len(orders)), strict=True)
        ]
        insert_all(ORDERS, (*SAID, *FIXED), rows)
        lines = {told.order_no: told.lines for told in orders if told.lines}
        if lines:
            numbers = select(ORDERS.c.id, ORDERS.c.order_no).where(
                ORDERS.c.family == family, among(ORDERS.c.order_no, list(lines))
            )
            told_lines = [
                (*_line(line), row_id, key)
                for row_id, order_no in db.session.execute(numbers)
                for key, line in lines[order_no].items()
            ]
            insert_all(LINES, (*LINE_SAID, *LINE_KEY), told_lines)

    def _update(self, changed: list[tuple[_Stored, dict[str, Line]]]) -> None:
        update_all(
            ORDERS, SAID, [(*self._said(known.told), known.row_id) for known, _lines in changed], by=("id",)
        )
        added: list[tuple[Value, ...]] = []
        renewed: list[tuple[Value, ...]] = []
        gone: list[dict[str, Value]] = []
        for known, before in changed:
            gone += [{"of": known.row_id, "gone": key} for key in before.keys() - known.told.lines.keys()]
            for key, line in known.told.lines.items():
                if before.get(key) != line:
                    (renewed if key in before else added).append((*_line(line), known.row_id, key))
        insert_all(LINES, (*LINE_SAID, *LINE_KEY), added)
        update_all(LINES, LINE_SAID, renewed, by=LINE_KEY)
        if gone:
            mine = (LINES.c.order_id == bindparam("of"), LINES.c.key == bindparam("gone"))
            db.session.connection().execute(delete(LINES).where(*mine), gone)

    def _said(self, told: Told) -> tuple[Value, ...]:
        status, paid, refunded = rules.settle(told)
        ordered_at = self.text_of(told.ordered_at)
        return (
            told.platform,
            told.shop,
            STATUS_TEXT[status],
            STATUS_TEXT[told.status],
            ordered_at,
            ordered_at if told.paid_at is told.ordered_at else self.text_of(told.paid_at),
            told.currency,
            paid,
            told.paid,
            refunded,
            told.refunded,
            json.dumps(told.refunds) if told.refunds else "{}",
            told.unclear,
            told.title,
            None if told.buyer is None else self.buyer_ids[told.buyer],
            None if told.phone is None else self.phone_ids[told.phone],
            told.tail,
            self.now,
        )


def _line(line: Line) -> tuple[Value, ...]:
    status = STATUS_TEXT[line.status]
    return (line.title, line.sku, line.quantity, line.numbered, status, line.paid, line.refunded)


def _stored_lines(order_ids: Collection[int]) -> dict[int, dict[str, Line]]:
    found: dict[int, dict[str, Line]] = {}
    if order_ids:
        for row in db.session.execute(select(LINES).where(among(LINES.c.order_id, list(order_ids)))):
            found.setdefault(row.order_id, {})[row.key] = Line(
                title=row.title,
                sku=row.sku,
                quantity=row.quantity,
                numbered=row.numbered,
                status=row.status,
                paid=row.paid_fen,
                refunded=row.refunded_fen,
            )
    return found


def _told(row: Row[Any], lines: dict[str, Line] | None) -> Told:
    told = Told(
        row.order_no,
        row.stated_status,
        ordered_at=row.ordered_at,
        paid_at=row.paid_at,
        paid=row.stated_paid_fen,
        refunded=row.stated_refunded_fen,
        currency=row.currency,
        buyer=row.buyer,
        phone=row.phone,
        tail=row.phone_tail,
        title=row.title,
        shop=row.shop,
        unclear=row.refund_unclear,
        lines=lines,
        refunds=row.refunds,
    )
    told.platform = row.platform
    return told
