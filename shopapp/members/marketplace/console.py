"""Reads of the console's screens: imported orders to look through, and status texts that nobody has explained yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from shopapp.kernel.db import db
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.pii import mask_name
from shopapp.members.identity import queries as customers
from shopapp.members.identity.queries import CustomerRow

from . import numbers, queries
from .models import MarketplaceHeldRow, MarketplaceIdentity, MarketplaceLine, MarketplaceOrder
from .queries import HeldStatus
from .rules import Status

_S = Status
STATUS_NAMES: dict[Status, tuple[Any, str]] = {
    _S.UNPAID: (_l("待付款"), "warn"),
    _S.PAID: (_l("待发货"), "note"),
    _S.SHIPPED: (_l("已发货"), "note"),
    _S.DONE: (_l("交易成功"), "good"),
    _S.CLOSED: (_l("已关闭"), ""),
}
BOUND: dict[str, Any] = {"yes": _l("已认领"), "no": _l("没有认领")}
SAMPLES_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class OrderFilter:
    """What the list of imported orders is narrowed to; `words` is an order's number, as somebody typed it."""

    words: str = ""
    platform: str = ""
    shop: str = ""
    status: str = ""
    bound: str = ""
    since: datetime | None = None
    until: datetime | None = None


def orders_statement(wanted: OrderFilter) -> Select[MarketplaceOrder]:
    """Imported orders, those that changed last first."""
    order = MarketplaceOrder
    return select(order).where(*_narrowed(wanted)).order_by(order.changed_at.desc(), order.id.desc())


def _narrowed(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    order = MarketplaceOrder
    conditions: list[ColumnElement[bool]] = []
    if wanted.words:
        meant = {number for _platform, number in numbers.understood(wanted.words)}
        conditions.append(order.order_no.in_(meant | {wanted.words}))
    if wanted.platform:
        conditions.append(order.platform == wanted.platform)
    if wanted.shop:
        conditions.append(order.shop == wanted.shop)
    if wanted.status:
        conditions.append(order.status == Status(wanted.status))
    if wanted.bound:
        found = order.customer_id.is_not(None)
        conditions.append(found if wanted.bound == "yes" else ~found)
    if wanted.since is not None:
        conditions.append(order.ordered_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(order.ordered_at < wanted.until)
    return conditions


def by_numbers(*, words: str, limit: int) -> Sequence[MarketplaceOrder]:
    """Orders whose whole numbers stand in these words."""
    meant = {number for _platform, number in numbers.understood(words)}
    if not meant:
        return []
    statement = select(MarketplaceOrder).where(MarketplaceOrder.order_no.in_(meant))
    return db.session.scalars(statement.order_by(MarketplaceOrder.id.desc()).limit(limit)).all()


def owners(*, orders: Collection[MarketplaceOrder]) -> dict[int, CustomerRow]:
    """The customers whose orders these are, by row id."""
    found = {order.customer_id for order in orders if order.customer_id is not None}
    return customers.by_ids(customer_ids=sorted(found)) if found else {}


@dataclass(frozen=True, kw_only=True)
class OrderFile:
    """One imported order with all that is known of it. The buyer and the phone are masked."""

    order: MarketplaceOrder
    lines: Sequence[MarketplaceLine]
    buyer: str
    phone: str
    owner: CustomerRow | None


def order_file(*, public_id: str) -> OrderFile | None:
    order = db.session.scalar(select(MarketplaceOrder).filter_by(public_id=public_id))
    if order is None:
        return None
    lines = db.session.scalars(
        select(MarketplaceLine).filter_by(order_id=order.id).order_by(MarketplaceLine.key)
    )
    return OrderFile(
        order=order,
        lines=lines.all(),
        buyer=_masked_buyer(order),
        phone=_("尾号 %(tail)s", tail=order.phone_tail) if order.phone_tail else "",
        owner=owners(orders=[order]).get(order.customer_id or 0),
    )


def _masked_buyer(order: MarketplaceOrder) -> str:
    if order.buyer_id is None:
        return ""
    return mask_name(db.session.get_one(MarketplaceIdentity, order.buyer_id).value)


@dataclass(frozen=True, kw_only=True)
class UnknownStatus:
    """A status text that nobody has explained, and the numbers of some orders that wait for it."""

    on: HeldStatus
    samples: Sequence[str]


def unknown_statuses() -> list[UnknownStatus]:
    """Those for which most is waiting first."""
    return [UnknownStatus(on=one, samples=_samples(one)) for one in queries.held_statuses()]


def _samples(status: HeldStatus) -> Sequence[str]:
    held = MarketplaceHeldRow
    statement = select(held.order_no).where(held.family == status.platform, held.status_text == status.text)
    return db.session.scalars(statement.order_by(held.id).limit(SAMPLES_SHOWN)).all()


def held_rows() -> int:
    """How many orders wait for the meaning of a status text."""
    return db.session.scalar(select(func.count()).select_from(MarketplaceHeldRow)) or 0
