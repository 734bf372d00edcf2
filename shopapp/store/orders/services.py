"""Placing orders and moving them on. Rows are locked in one order everywhere: order, quota, stock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from shopapp.events import OrderCancelled, OrderCompleted, OrderFinal, OrderPaid, OrderPlaced, OrderShipped
from shopapp.kernel import preferences
from shopapp.kernel.access import current_actor
from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id, new_number
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.outbox import publish
from shopapp.members.addresses import queries as addresses
from shopapp.members.addresses.queries import AddressBookEntry
from shopapp.members.identity.queries import SignedIn
from shopapp.store.carts import queries as cart_queries
from shopapp.store.carts import services as carts
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.queries import SellableSku
from shopapp.store.pricing import queries as pricing
from shopapp.store.pricing.queries import NOTHING, Asked, Priced
from shopapp.store.pricing.rules import Quote
from shopapp.store.stock import services as stock

from . import means, queries, rules, statements
from .means import Used
from .models import ORDER_MOVES, Order, OrderLine, OrderStatus, subject_of


class TooManyUnpaid(ShopError):
    status, code, text = (
        409,
        "too_many_unpaid",
        _l("您已有 %(max)s 笔订单等待付款，没有任何改动。请先付款或取消，再下新单。"),
    )


class MeansRefused(ShopError):
    status, code, text = 409, "means_refused", _l("%(text)s没有任何改动。")


class NotReceivable(ShopError):
    status, code, text = 409, "not_receivable", _l("订单还没有全部发货，暂时不能确认收货，没有任何改动。")


@dataclass(frozen=True, kw_only=True)
class OrderToPay:
    """What paying needs of an order."""

    id: int
    status: str
    total: Money
    expires_at: datetime


def place_order(
    *,
    customer: SignedIn,
    items: Iterable[tuple[str, int]] | None,
    address_id: str,
    remark: str,
    confirmed_no_return: bool = False,
    asked: Asked = NOTHING,
    now: datetime,
) -> Order:
    """Take the stock and what is used beside money, and write the order, all or nothing; a total of 0 is paid at once.

    `items` are pairs of SKU id and pieces; None takes the selected lines of the cart. `confirmed_no_return` says that
    the customer knows which goods cannot be sent back without a reason; without it they can. Raises `Invalid`,
    `NothingToOrder`, `NotOnSale`, `NoDelivery`, `MeansRefused`, `LimitReached`, `TooManyUnpaid`, `SoldOut`, `NotEnough`.
    """
    chosen = cart_queries.selected_items(customer_id=customer.customer_id) if items is None else items
    wanted = rules.merge(chosen)
    address = addresses.address_of(customer_id=customer.customer_id, public_id=address_id)
    if address is None:
        raise Invalid({"address_id": [_("没有找到这个收货地址，请重新选择。")]})
    skus = catalogue.sellable(sku_ids=wanted.keys())
    rules.check_on_sale(wanted=wanted, skus=skus)
    priced = _price(wanted=wanted, skus=skus, address=address, customer=customer, asked=asked, now=now)
    skus = priced.skus
    # The quota's row also makes a customer's orders queue up, so that two at once cannot pass one purchase limit.
    take_quota(customer_id=customer.customer_id)
    _check_limits(customer_id=customer.customer_id, wanted=wanted, skus=skus)
    no = new_number(now=now)
    quantities = _quantities(priced)
    stock.hold(quantities=quantities, subject=subject_of(no), now=now)
    used = _used(no, priced.quote, customer_id=customer.customer_id, now=now)
    means.keep(customer_id=customer.customer_id, used=used, now=now)
    order = _write(
        customer=customer,
        address=address,
        priced=priced.quote,
        used=used,
        skus=skus,
        remark=remark,
        confirmed_no_return=confirmed_no_return,
        now=now,
    )
    if asked.in_mall is None:
        carts.remove(customer_id=customer.customer_id, sku_ids=[skus[sku_id].sku_id for sku_id in wanted])
    if not order.total:
        mark_paid(order_id=order.id, paid=ZERO, paid_at=now, now=now)
        db.session.refresh(order)
    return order


def _price(
    *,
    wanted: Mapping[str, int],
    skus: Mapping[str, SellableSku],
    address: AddressBookEntry,
    customer: SignedIn,
    asked: Asked,
    now: datetime,
) -> Priced:
    priced = pricing.price_of(
        bought=[(skus[sku_id], quantity) for sku_id, quantity in wanted.items()],
        region_code=address.region_code,
        customer=customer,
        asked=asked,
        now=now,
    )
    if not priced.quote.delivered:
        raise rules.NoDelivery(region=address.region)
    if priced.refusals:
        raise MeansRefused(reason=priced.refusals[0].code, text=priced.refusals[0].text)
    return priced


def _quantities(priced: Priced) -> dict[int, int]:
    """Pieces by row id of the SKU, gifts included."""
    found: dict[int, int] = {}
    for line in priced.quote.lines:
        sku_id = priced.skus[line.sku_id].sku_id
        found[sku_id] = found.get(sku_id, 0) + line.quantity
    return found


def _used(no: str, priced: Quote, *, customer_id: int, now: datetime) -> Used:
    principal, gift = means.split_wallet(customer_id=customer_id, wallet=priced.wallet, now=now)
    return Used(
        no=no, coupon_ids=priced.coupon_ids, points=priced.points_used, principal=principal, gift=gift
    )


def take_quota(*, customer_id: int) -> None:
    """One more unpaid order of this customer, whose orders queue up at this row. Raises `TooManyUnpaid`."""
    most: int = preferences.read("orders.unpaid_max")
    taken = statements.ONE_MORE_UNPAID.row(customer_id=customer_id, unpaid=1, most=most)
    if taken is None:
        raise TooManyUnpaid(max=most)


def _give_quota_back(*, customer_id: int) -> None:
    statements.ONE_LESS_UNPAID.changed(of_customer=customer_id)


def _check_limits(*, customer_id: int, wanted: Mapping[str, int], skus: Mapping[str, SellableSku]) -> None:
    limited = rules.limited_products(wanted=wanted, skus=skus)
    if limited:
        bought = queries.bought_before(customer_id=customer_id, product_ids=limited.keys())
        rules.check_limits(wanted=wanted, skus=skus, bought=bought)


def _write(
    *,
    customer: SignedIn,
    address: AddressBookEntry,
    priced: Quote,
    used: Used,
    skus: Mapping[str, SellableSku],
    remark: str,
    confirmed_no_return: bool,
    now: datetime,
) -> Order:
    kept = rules.not_to_go_back(skus=skus, confirmed=confirmed_no_return)
    order = Order(
        no=used.no,
        customer_id=customer.customer_id,
        openid=customer.openid,
        status=OrderStatus.UNPAID,
        goods=priced.goods,
        freight=priced.freight,
        total=priced.total,
        principal=used.principal,
        gift=used.gift,
        freight_saved=priced.freight_saved,
        coupon_ids=list(used.coupon_ids),
        points=used.points,
        tier_name=priced.tier_name,
        ship_name=address.name,
        ship_phone=address.phone,
        ship_phone_hash=address.phone_hash,
        ship_region_code=address.region_code,
        ship_region=address.region,
        ship_detail=address.detail,
        remark=remark or None,
        no_return_confirmed_at=now if kept else None,
        created_at=now,
        expires_at=now + timedelta(minutes=preferences.read("orders.pay_within_minutes")),
        lines=[
            OrderLine(
                public_id=new_id(),
                product_id=skus[line.sku_id].product_id,
                sku_id=skus[line.sku_id].sku_id,
                title=skus[line.sku_id].title,
                specs=skus[line.sku_id].specs,
                picture=skus[line.sku_id].picture,
                price=skus[line.sku_id].price,
                quantity=line.quantity,
                list=line.list,
                pay=line.pay,
                reductions=[
                    {"kind": taken.kind, "fen": taken.amount.fen, "note": taken.note}
                    for taken in line.reductions
                ],
                points_used=line.points_used,
                award=line.award,
                growth=line.growth,
                gift=line.gift,
                in_mall=line.in_mall,
                returnable=line.sku_id not in kept,
            )
            for line in priced.lines
        ],
    )
    db.session.add(order)
    db.session.flush()
    add_step(order_id=order.id, what="placed", now=now)
    publish(OrderPlaced(order_id=order.id, customer_id=order.customer_id, total_fen=order.total.fen))
    return order


def add_step(*, order_id: int, what: str, now: datetime, note: str = "") -> None:
    """Add to the order's history what happened, by whom."""
    actor = current_actor()
    who = f"{actor.kind}:{actor.id}"[:80]
    statements.INSERT_STEP.run(
        {"order_id": order_id, "what": what, "note": note[:200], "actor": who, "at": now}
    )


def lock(*, order_id: int) -> Order:
    """The order as it is now, its row kept from others until the transaction ends."""
    return db.session.get_one(Order, order_id, with_for_update=True, populate_existing=True)


def lock_by_no(*, no: str, customer_id: int | None = None) -> Order:
    """Like `lock`, by number; a customer reaches only their own. Raises `NotFound`."""
    statement = select(Order).where(Order.no == no)
    if customer_id is not None:
        statement = statement.where(Order.customer_id == customer_id)
    statement = statement.with_for_update().execution_options(populate_existing=True)
    return found(db.session.scalar(statement))


def lock_to_pay(*, no: str, customer_id: int) -> OrderToPay:
    """What paying needs of a customer's own order, its row kept from others. Raises `NotFound`."""
    row = found(statements.LOCK_OWN.row(no=no, customer_id=customer_id))
    return OrderToPay(id=row.id, status=row.status.value, total=row.total, expires_at=row.expires_at)


def mark_paid(*, order_id: int, paid: Money, paid_at: datetime, now: datetime) -> bool:
    """Unpaid → paid: the held pieces are sold, the customer may place another order. False if it was not unpaid."""
    order = statements.PAY.row(row_id=order_id, paid=paid, paid_at=paid_at)
    if order is None:
        return False
    _give_quota_back(customer_id=order.customer_id)
    pieces = _pieces(order_id=order_id)
    if pieces:
        stock.settle(quantities=pieces, subject=subject_of(order.no), now=now)
    used = Used(
        no=order.no,
        coupon_ids=order.coupon_ids,
        points=order.points,
        principal=order.principal,
        gift=order.gift,
    )
    means.use(used=used, now=now)
    add_step(order_id=order_id, what="paid", now=now)
    publish(OrderPaid(order_id=order_id, customer_id=order.customer_id, paid_fen=paid.fen))
    return True


def cancel_unpaid(*, order_id: int, reason: str, now: datetime) -> bool:
    """Unpaid → cancelled: the held pieces are free again. `reason` is timeout, customer or staff.

    The caller has made sure at WeChat Pay that nobody can pay it any more. False if it was not unpaid.
    """
    order = lock(order_id=order_id)
    if order.status is not OrderStatus.UNPAID or not ORDER_MOVES.try_move(
        order, OrderStatus.CANCELLED, cancelled_at=now, cancel_reason=reason
    ):
        return False
    _give_quota_back(customer_id=order.customer_id)
    pieces = _pieces(order_id=order_id)
    if pieces:
        stock.release(quantities=pieces, subject=subject_of(order.no), now=now)
    means.free(used=means.used_by(order), now=now)
    add_step(order_id=order_id, what="cancelled", note=reason, now=now)
    publish(OrderCancelled(order_id=order_id, customer_id=order.customer_id, reason=reason))
    return True


def _pieces(*, order_id: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for line in statements.LINES_OF.rows(order_id=order_id):
        if line.sku_id is None:
            continue
        found[line.sku_id] = found.get(line.sku_id, 0) + line.quantity
    return found


def note_parcel(
    *, order: Order, shipment_id: int, pieces: Mapping[int, int], note: str, now: datetime
) -> None:
    """A parcel with these pieces, by the row id of their line, left. `order` is locked, its pieces are left to ship."""
    for line in order.lines:
        line.shipped_quantity += pieces.get(line.id, 0)
    wanted = rules.shipping_status(order.lines)
    if wanted is not order.status:
        times = {"shipped_at": now} if wanted is OrderStatus.SHIPPED else {}
        ORDER_MOVES.move(order, wanted, **times)
    add_step(order_id=order.id, what="shipped", note=note, now=now)
    publish(OrderShipped(order_id=order.id, customer_id=order.customer_id, shipment_id=shipment_id))


def confirm_receipt(*, no: str, customer_id: int, now: datetime) -> Order:
    """The customer has the goods; told again it changes nothing. Raises `NotFound`, `NotReceivable`."""
    order = lock_by_no(no=no, customer_id=customer_id)
    if order.status is not OrderStatus.COMPLETED and not _complete(order, what="received", now=now):
        raise NotReceivable
    return order


def complete_overdue(*, order_id: int, now: datetime) -> bool:
    """Shipped long enough ago: taken as received. False if it is not shipped any more."""
    return _complete(lock(order_id=order_id), what="completed", now=now)


def _complete(order: Order, *, what: str, now: datetime) -> bool:
    if order.status is not OrderStatus.SHIPPED or not ORDER_MOVES.try_move(
        order, OrderStatus.COMPLETED, completed_at=now
    ):
        return False
    add_step(order_id=order.id, what=what, now=now)
    publish(OrderCompleted(order_id=order.id, customer_id=order.customer_id))
    return True


def make_final(*, order_id: int, now: datetime) -> bool:
    """The time for returns is over. False if that was seen before."""
    order = lock(order_id=order_id)
    if order.final_at is not None:
        return False
    order.final_at = now
    publish(OrderFinal(order_id=order.id, customer_id=order.customer_id))
    return True


def set_note(*, order: Order, note: str) -> None:
    """What staff want to remember about the order; never shown to the customer."""
    order.staff_note = note
    db.session.flush()
