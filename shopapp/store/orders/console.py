"""Reads of the console's screens: pages of orders with their counts, and figures of days."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import selectinload

from shopapp.kernel import clock, pii
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, is_sqlite
from shopapp.kernel.i18n import _l
from shopapp.kernel.money import Money

from .models import Order, OrderKind, OrderLine, OrderStatus, RefundStatus

_S = OrderStatus
TABS: dict[str, tuple[Any, tuple[OrderStatus, ...]]] = {
    "": (_l("全部"), ()),
    "unpaid": (_l("待付款"), (_S.UNPAID,)),
    "to_ship": (_l("待发货"), (_S.PAID, _S.PARTLY_SHIPPED)),
    "shipped": (_l("已发货"), (_S.SHIPPED,)),
    "completed": (_l("已完成"), (_S.COMPLETED,)),
    "cancelled": (_l("已取消"), (_S.CANCELLED,)),
}
TO_SHIP = "to_ship"
SORTS: dict[str, Any] = {
    "created": Order.created_at.asc(),
    "-created": Order.created_at.desc(),
    "total": Order.total.asc(),
    "-total": Order.total.desc(),
}
STATUS_NAMES: dict[OrderStatus, tuple[Any, str]] = {
    _S.UNPAID: (_l("待付款"), "warn"),
    _S.PAID: (_l("待发货"), "note"),
    _S.PARTLY_SHIPPED: (_l("部分发货"), "note"),
    _S.SHIPPED: (_l("已发货"), "good"),
    _S.COMPLETED: (_l("已完成"), "good"),
    _S.CANCELLED: (_l("已取消"), ""),
}
REFUND_NAMES: dict[RefundStatus, Any] = {
    RefundStatus.PART: _l("部分退款"),
    RefundStatus.ALL: _l("已全部退款"),
}
STEP_NAMES: dict[str, Any] = {
    "placed": _l("顾客下单"),
    "paid": _l("付款成功"),
    "shipped": _l("已发货"),
    "received": _l("顾客确认收货"),
    "completed": _l("到期自动确认收货"),
    "cancelled": _l("订单取消"),
    "refund": _l("决定退款"),
    "refunded": _l("退款到账"),
    "principal_back": _l("退还本金"),
    "refund_failed": _l("退款没有成功，放回余额"),
    "given": _l("已给到顾客"),
    "late_payment": _l("取消后才付款，已安排退回"),
    "surplus_payment": _l("重复付款，已安排退回"),
}
KIND_NAMES: dict[OrderKind, Any] = {OrderKind.TOP_UP: _l("储值"), OrderKind.CARD: _l("会员卡")}
CANCEL_REASONS: dict[str, Any] = {
    "timeout": _l("超时未付款"),
    "customer": _l("顾客取消"),
    "staff": _l("店里取消"),
    "refunded": _l("发货前全部退款"),
}


@dataclass(frozen=True, kw_only=True)
class OrderFilter:
    """What a list of orders is narrowed to; `customer_id` is a row id."""

    tab: str = ""
    words: str = ""
    customer_id: int | None = None
    kind: OrderKind | None = None
    refunded: bool = False
    since: datetime | None = None
    until: datetime | None = None
    sort: str = "-created"


def orders_statement(wanted: OrderFilter) -> Select[Order]:
    """Orders with their lines, for one page or an export."""
    statement = select(Order).options(selectinload(Order.lines)).where(*_narrowed(wanted))
    statuses = TABS[wanted.tab][1]
    if statuses:
        statement = statement.where(Order.status.in_(statuses))
    if wanted.tab == TO_SHIP:
        statement = statement.where(Order.kind == OrderKind.GOODS)
    return statement.order_by(SORTS[wanted.sort], Order.id.desc())


def tab_counts(wanted: OrderFilter) -> dict[str, int]:
    """How many orders each tab holds under the same other filters, in one query."""
    statement = select(Order.status, Order.kind, func.count()).where(*_narrowed(wanted))
    found = {
        (status, kind): int(count)
        for status, kind, count in db.session.execute(statement.group_by(Order.status, Order.kind))
    }
    counts = {
        tab: sum(
            count
            for (status, kind), count in found.items()
            if status in statuses and (tab != TO_SHIP or kind is OrderKind.GOODS)
        )
        for tab, (_name, statuses) in TABS.items()
    }
    return counts | {"": sum(found.values())}


def _narrowed(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.words:
        hashes = pii.lookup_hashes(wanted.words)
        conditions.append(
            or_(Order.no.startswith(wanted.words, autoescape=True), Order.ship_phone_hash.in_(hashes))
        )
    if wanted.customer_id is not None:
        conditions.append(Order.customer_id == wanted.customer_id)
    if wanted.kind is not None:
        conditions.append(Order.kind == wanted.kind)
    if wanted.refunded:
        conditions.append(Order.refund_status != RefundStatus.NONE)
    if wanted.since is not None:
        conditions.append(Order.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Order.created_at < wanted.until)
    return conditions


@dataclass(frozen=True, kw_only=True)
class OrderHit:
    """An order as the search shows it."""

    no: str
    status: OrderStatus
    total: Money


def by_number(*, words: str, limit: int) -> list[OrderHit]:
    """Orders whose number begins with these digits, the newest first."""
    statement = select(Order.no, Order.status, Order.total).where(Order.no.startswith(words, autoescape=True))
    rows = db.session.execute(statement.order_by(Order.id.desc()).limit(limit))
    return [OrderHit(no=row.no, status=row.status, total=row.total) for row in rows]


def by_phone(*, phone: str, limit: int) -> list[OrderHit]:
    """Orders sent to this whole phone number, the newest first."""
    statement = select(Order.no, Order.status, Order.total).where(
        Order.ship_phone_hash.in_(pii.lookup_hashes(phone))
    )
    rows = db.session.execute(statement.order_by(Order.id.desc()).limit(limit))
    return [OrderHit(no=row.no, status=row.status, total=row.total) for row in rows]


def numbers(*, order_ids: Collection[int]) -> dict[int, str]:
    """The numbers of these orders by row id."""
    statement = select(Order.id, Order.no).where(Order.id.in_(order_ids))
    return dict(db.session.execute(statement).all())


@dataclass(frozen=True, kw_only=True)
class SalesFigures:
    """Orders of goods paid in a stretch of time, and what was kept of their price, also where the wallet paid it.

    A top-up is no sale: what is bought with it later is.
    """

    orders: int
    net: Money

    @property
    def average(self) -> Money:
        return Money(self.net.fen // self.orders) if self.orders else Money(0)


def sales(*, since: datetime, until: datetime) -> SalesFigures:
    statement = select(func.count(), func.coalesce(func.sum(_net_fen()), 0)).where(
        Order.paid_at >= since, Order.paid_at < until, Order.kind == OrderKind.GOODS
    )
    count, fen = db.session.execute(statement).one()
    return SalesFigures(orders=count, net=Money(int(fen)))


def daily_sales(*, days: int, now: datetime) -> list[tuple[date, SalesFigures]]:
    """One entry for each of the last days of shop time, today the last, in one query."""
    today = clock.shop_day(now)
    first = today - timedelta(days=days - 1)
    day = (
        func.date(Order.paid_at, "+8 hours")
        if is_sqlite()
        else func.to_char(func.timezone(str(SHOP_ZONE), Order.paid_at), "YYYY-MM-DD")
    )
    statement = (
        select(day, func.count(), func.coalesce(func.sum(_net_fen()), 0))
        .where(Order.paid_at >= clock.day_start(first), Order.paid_at <= now, Order.kind == OrderKind.GOODS)
        .group_by(day)
    )
    found: Mapping[str, tuple[int, Any]] = {
        str(text): (count, fen) for text, count, fen in db.session.execute(statement)
    }
    figures = []
    for number in range(days):
        current = first + timedelta(days=number)
        count, fen = found.get(current.isoformat(), (0, 0))
        figures.append((current, SalesFigures(orders=count, net=Money(int(fen)))))
    return figures


def _net_fen() -> ColumnElement[Any]:
    """What WeChat Pay and the wallet paid, less what went back to either."""
    paid = (
        Order.paid.cast(db.BigInteger) + Order.principal.cast(db.BigInteger) + Order.gift.cast(db.BigInteger)
    )
    back = Order.refunded.cast(db.BigInteger) + Order.wallet_refunded.cast(db.BigInteger)
    return case((Order.paid_at.is_not(None), paid - back), else_=0)


@dataclass(frozen=True, kw_only=True)
class BestSeller:
    """A product by what was sold of it; `product_id` is a row id."""

    product_id: int
    title: str
    picture: str | None
    pieces: int
    net: Money


def best_sellers(*, since: datetime, limit: int) -> Sequence[BestSeller]:
    """Products by kept pieces of the orders paid since then."""
    pieces = func.sum(OrderLine.quantity - OrderLine.refunded_quantity)
    fen = func.sum((OrderLine.pay - OrderLine.refunded).cast(db.BigInteger))
    statement = (
        select(
            OrderLine.product_id,
            func.max(OrderLine.title).label("title"),
            func.max(OrderLine.picture).label("picture"),
            pieces.label("pieces"),
            fen.label("fen"),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.paid_at >= since, OrderLine.product_id.is_not(None))
        .group_by(OrderLine.product_id)
        .order_by(pieces.desc(), OrderLine.product_id)
        .limit(limit)
    )
    return [
        BestSeller(
            product_id=row.product_id,
            title=row.title,
            picture=row.picture,
            pieces=int(row.pieces),
            net=Money(int(row.fen)),
        )
        for row in db.session.execute(statement)
    ]


def customer_figures(*, customer_id: int) -> tuple[int, Money, datetime | None]:
    """How many orders of goods a customer has paid, what was kept of their price, and when they paid last."""
    statement = select(func.count(), func.coalesce(func.sum(_net_fen()), 0), func.max(Order.paid_at)).where(
        Order.customer_id == customer_id, Order.paid_at.is_not(None), Order.kind == OrderKind.GOODS
    )
    count, fen, last = db.session.execute(statement).one()
    return count, Money(int(fen)), last
