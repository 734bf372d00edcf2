"""Reading the history: what a customer bought, where, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from shopapp.kernel.db import db
from shopapp.kernel.money import ZERO, Money

from .models import Purchase, PurchaseWalk, WalkName


@dataclass(frozen=True, kw_only=True)
class SourceTotal:
    """What a customer bought at one source; `net` is what was kept of the money."""

    source: str
    orders: int
    pieces: int
    paid: Money
    refunded: Money
    last_at: datetime

    @property
    def net(self) -> Money:
        return self.paid - self.refunded


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The same over several sources."""

    orders: int = 0
    pieces: int = 0
    paid: Money = ZERO
    refunded: Money = ZERO
    last_at: datetime | None = None

    @property
    def net(self) -> Money:
        return self.paid - self.refunded


def purchases_statement(*, customer_id: int, source: str = "") -> Select[Purchase]:
    """A customer's purchases, the newest first, those of an order together; of one source, if it is named."""
    statement = select(Purchase).where(Purchase.customer_id == customer_id)
    if source:
        statement = statement.where(Purchase.source == source)
    return statement.order_by(Purchase.purchased_at.desc(), Purchase.order_ref, Purchase.line_no)


def totals(*, customer_id: int) -> list[SourceTotal]:
    """One for each source at which the customer ever bought, the own shop first."""
    statement = (
        select(
            Purchase.source,
            func.count(Purchase.order_ref.distinct()).label("orders"),
            func.sum(Purchase.quantity).label("pieces"),
            _sum(Purchase.paid).label("paid"),
            _sum(Purchase.refunded).label("refunded"),
            func.max(Purchase.purchased_at).label("last_at"),
        )
        .where(Purchase.customer_id == customer_id)
        .group_by(Purchase.source)
        .order_by(Purchase.source != "own", Purchase.source)
    )
    return [
        SourceTotal(
            source=row.source,
            orders=row.orders,
            pieces=int(row.pieces),
            paid=Money(int(row.paid)),
            refunded=Money(int(row.refunded)),
            last_at=row.last_at,
        )
        for row in db.session.execute(statement)
    ]


def together(parts: list[SourceTotal]) -> Whole:
    return Whole(
        orders=sum(part.orders for part in parts),
        pieces=sum(part.pieces for part in parts),
        paid=Money.total(part.paid for part in parts),
        refunded=Money.total(part.refunded for part in parts),
        last_at=max((part.last_at for part in parts), default=None),
    )


def _sum(column: Any) -> ColumnElement[Any]:
    return func.sum(column.cast(db.BigInteger))


def walked(*, name: WalkName) -> tuple[datetime | None, int]:
    """How far orders were walked: the last change and row that were seen."""
    row = db.session.execute(
        select(PurchaseWalk.changed_at, PurchaseWalk.row_id).where(PurchaseWalk.name == name)
    ).first()
    return (row.changed_at, row.row_id) if row else (None, 0)
