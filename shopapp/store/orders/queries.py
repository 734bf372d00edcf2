"""Reading orders: one at a time with all that belongs to it, or pages of them in a set number of queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import selectinload

from shopapp.kernel import pii
from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.queries import SellableSku
from shopapp.store.payments import queries as payments
from shopapp.store.payments.queries import RefundRow
from shopapp.store.shipping import queries as shipping
from shopapp.store.shipping.queries import Parcel

from . import statements
from .models import Order, OrderKind, OrderLine, OrderStatus, OrderStep, RefundStatus

PAGE_MAX = 100


@dataclass(frozen=True, kw_only=True)
class OrderFile:
    """An order with its lines, and what other features know of it. `skus` are by row id, as they are today."""

    order: Order
    skus: Mapping[int, SellableSku]
    parcels: Sequence[Parcel] = ()
    refunds: Sequence[RefundRow] = ()
    steps: Sequence[OrderStep] = field(default=())


@dataclass(frozen=True, kw_only=True)
class OrderBrief:
    """Enough of an order to tell somebody about it."""

    id: int
    no: str
    customer_id: int
    openid: str
    status: OrderStatus
    title: str
    total_fen: int
    paid_at: datetime | None
    cancelled_at: datetime | None


def own_order(*, customer_id: int, no: str) -> Order | None:
    """The customer's own order; None for an unknown one and for a stranger's alike."""
    return db.session.scalar(_orders().where(Order.customer_id == customer_id, Order.no == no))


def is_first_kept(*, order_id: int) -> bool:
    """Whether this is the first of the customer's orders with goods whose time for returns is over and that was not taken
    back whole. Orders of the points mall do not count.
    """
    kept = (Order.kind == OrderKind.GOODS, Order.refund_status != RefundStatus.ALL, ~_in_mall())
    order = db.session.execute(
        select(Order.customer_id, Order.final_at).where(
            Order.id == order_id, Order.final_at.is_not(None), *kept
        )
    ).first()
    if order is None:
        return False
    before = or_(Order.final_at < order.final_at, and_(Order.final_at == order.final_at, Order.id < order_id))
    earlier = select(Order.id).where(Order.customer_id == order.customer_id, before, *kept)
    return db.session.scalar(earlier.limit(1)) is None


@dataclass(frozen=True, kw_only=True)
class KeptOrder:
    """A paid order of goods that was not taken back whole; `net` is what was kept of its price, from whatever means."""

    customer_id: int
    paid_at: datetime
    net: Money


def kept_orders(*, customer_ids: Collection[int]) -> list[KeptOrder]:
    """The kept orders of these people (row ids), the earliest first; those of the points mall do not count."""
    columns = (Order.customer_id, Order.paid_at, Order.paid, Order.refunded, Order.principal, Order.gift)
    statement = (
        select(*columns, Order.wallet_refunded)
        .where(
            Order.customer_id.in_(list(customer_ids)),
            Order.paid_at.is_not(None),
            Order.kind == OrderKind.GOODS,
            Order.refund_status != RefundStatus.ALL,
            ~_in_mall(),
        )
        .order_by(Order.paid_at, Order.id)
    )
    return [
        KeptOrder(
            customer_id=row.customer_id,
            paid_at=row.paid_at,
            net=row.paid + row.principal + row.gift - row.refunded - row.wallet_refunded,
        )
        for row in db.session.execute(statement)
    ]


def _in_mall() -> ColumnElement[bool]:
    return select(OrderLine.id).where(OrderLine.order_id == Order.id, OrderLine.in_mall).exists()


def order_by_id(*, order_id: int) -> Order:
    return db.session.scalars(_orders().where(Order.id == order_id)).one()


def order_by_no(*, no: str) -> Order | None:
    return db.session.scalar(_orders().where(Order.no == no))


def own_orders(
    *, customer_id: int, statuses: Collection[OrderStatus] = (), before: str | None = None, limit: int
) -> tuple[list[Order], str | None]:
    """The customer's orders, newest first, and the number after which to go on; `before` is such a number.

    Raises `Invalid` for a number that is not of an order of theirs.
    """
    mine = Order.customer_id == customer_id
    statement = _orders().where(mine)
    if statuses:
        statement = statement.where(Order.status.in_(statuses))
    if before is not None:
        statement = statement.where(Order.id < _place(before, mine))
    return _page(statement, limit=limit)


def all_orders(
    *,
    statuses: Collection[OrderStatus] = (),
    kind: OrderKind | None = None,
    search: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: str | None = None,
    limit: int,
) -> tuple[list[Order], str | None]:
    """Orders of the shop, newest first; `search` is an order's number or the whole phone number of its address.

    Raises `Invalid` if `before` is not the number of an order.
    """
    statement = _orders()
    if statuses:
        statement = statement.where(Order.status.in_(statuses))
    if kind is not None:
        statement = statement.where(Order.kind == kind)
    if search:
        hashes = pii.lookup_hashes(search)
        statement = statement.where(or_(Order.no == search, Order.ship_phone_hash.in_(hashes)))
    if since is not None:
        statement = statement.where(Order.created_at >= since)
    if until is not None:
        statement = statement.where(Order.created_at < until)
    if before is not None:
        statement = statement.where(Order.id < _place(before))
    return _page(statement, limit=limit)


def _orders() -> Select[Order]:
    return select(Order).options(selectinload(Order.lines))


def _place(no: str, *among: ColumnElement[bool]) -> int:
    """The row id of the order that a page ended with."""
    row_id = db.session.scalar(select(Order.id).where(Order.no == no, *among))
    if row_id is None:
        raise Invalid({"cursor": [_("这一页已经找不到了，请从头看起。")]})
    return row_id


def _page(statement: Select[Order], *, limit: int) -> tuple[list[Order], str | None]:
    limit = min(max(limit, 1), PAGE_MAX)
    found = list(db.session.scalars(statement.order_by(Order.id.desc()).limit(limit + 1)))
    more = found[limit - 1].no if len(found) > limit else None
    return found[:limit], more


def files(orders: Sequence[Order], *, steps: bool = False) -> list[OrderFile]:
    """What belongs to these orders, whose lines are loaded, in a set number of queries."""
    ids = [order.id for order in orders]
    skus = _skus(orders)
    shipped = [order.id for order in orders if any(line.shipped_quantity for line in order.lines)]
    parcels = shipping.parcels_of(order_ids=shipped)
    refunds = payments.refunds_of(order_ids=ids)
    history = _steps(ids) if steps else {}
    return [
        OrderFile(
            order=order,
            skus=skus,
            parcels=parcels.get(order.id, ()),
            refunds=refunds.get(order.id, ()),
            steps=history.get(order.id, ()),
        )
        for order in orders
    ]


def file_of(order: Order, *, steps: bool = False) -> OrderFile:
    return files([order], steps=steps)[0]


def new_file(order: Order) -> OrderFile:
    """An order that was placed just now: nothing else belongs to it yet."""
    return OrderFile(order=order, skus=_skus([order]))


def _skus(orders: Sequence[Order]) -> Mapping[int, SellableSku]:
    """What was bought as it is today, by row id; nothing for orders without goods."""
    sku_ids = {line.sku_id for order in orders for line in order.lines if line.sku_id is not None}
    return catalogue.sellable_by_row(sku_ids=sku_ids) if sku_ids else {}


def _steps(order_ids: Collection[int]) -> dict[int, list[OrderStep]]:
    found: dict[int, list[OrderStep]] = {}
    statement = select(OrderStep).where(OrderStep.order_id.in_(order_ids)).order_by(OrderStep.id)
    for step in db.session.scalars(statement):
        found.setdefault(step.order_id, []).append(step)
    return found


def counts(*, customer_id: int | None = None) -> dict[OrderStatus, int]:
    """How many orders stand in each status, of one customer or of the whole shop.

    Among the paid ones only those with goods count, since nothing else waits to be shipped.
    """
    shown = or_(Order.kind == OrderKind.GOODS, Order.status != OrderStatus.PAID)
    statement = select(Order.status, func.count()).where(shown).group_by(Order.status)
    if customer_id is not None:
        statement = statement.where(Order.customer_id == customer_id)
    return dict(db.session.execute(statement).all())


def in_short(*, order_id: int) -> tuple[str, int]:
    """What was bought, by the title of the first line, and how many pieces of it; of several goods 1 of all.

    Always in Chinese, as WeChat shows it: a payment that is asked for again must be asked for in the same words.
    """
    lines = statements.LINES_OF.rows(order_id=order_id)
    if len(lines) == 1:
        return lines[0].title, lines[0].quantity
    return f"{lines[0].title} 等 {len(lines)} 种", 1


def brief(*, order_id: int) -> OrderBrief:
    order = db.session.get_one(Order, order_id)
    title, _pieces = in_short(order_id=order_id)
    return OrderBrief(
        id=order.id,
        no=order.no,
        customer_id=order.customer_id,
        openid=order.openid,
        status=order.status,
        title=title,
        total_fen=order.total.fen,
        paid_at=order.paid_at,
        cancelled_at=order.cancelled_at,
    )


def numbers_of(*, order_ids: Collection[int]) -> dict[int, str]:
    """The numbers of these orders, by row id."""
    return dict(db.session.execute(select(Order.id, Order.no).where(Order.id.in_(order_ids))).all())


def was_paid(*, order_id: int) -> bool:
    return db.session.get_one(Order, order_id).paid_at is not None


def still_unpaid(*, order_ids: Collection[int]) -> set[int]:
    """Those of these orders that wait for money."""
    if not order_ids:
        return set()
    statement = select(Order.id).where(Order.id.in_(order_ids), Order.status == OrderStatus.UNPAID)
    return set(db.session.scalars(statement))


def overdue_order_ids(*, now: datetime, limit: int) -> Sequence[int]:
    """Unpaid orders whose time to pay is over, the oldest first."""
    statement = (
        select(Order.id)
        .where(Order.status == OrderStatus.UNPAID, Order.expires_at <= now)
        .order_by(Order.expires_at)
        .limit(limit)
    )
    return db.session.scalars(statement).all()


def received_by_time_ids(*, now: datetime, days: int, limit: int) -> Sequence[int]:
    """Orders that were shipped at least so many days ago and not received yet, the oldest first."""
    statement = (
        select(Order.id)
        .where(Order.status == OrderStatus.SHIPPED, Order.shipped_at <= now - timedelta(days=days))
        .order_by(Order.shipped_at)
        .limit(limit)
    )
    return db.session.scalars(statement).all()


def past_returns_ids(*, now: datetime, days: int, limit: int) -> Sequence[int]:
    """Orders received at least so many days ago whose time for returns was not seen to be over yet, the oldest first."""
    statement = (
        select(Order.id)
        .where(
            Order.status == OrderStatus.COMPLETED,
            Order.final_at.is_(None),
            Order.completed_at <= now - timedelta(days=days),
        )
        .order_by(Order.completed_at)
        .limit(limit)
    )
    return db.session.scalars(statement).all()


def bought_before(*, customer_id: int, product_ids: Collection[int]) -> dict[int, int]:
    """Pieces of these products, by row id, that the customer ordered and that count towards a purchase limit."""
    pieces = func.sum(OrderLine.quantity - OrderLine.refunded_quantity)
    statement = (
        select(OrderLine.product_id, pieces)
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            Order.customer_id == customer_id,
            Order.status != OrderStatus.CANCELLED,
            OrderLine.product_id.in_(product_ids),
        )
        .group_by(OrderLine.product_id)
    )
    return {product_id: int(count) for product_id, count in db.session.execute(statement) if product_id}
