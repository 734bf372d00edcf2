"""Redeeming in the points mall, and giving back what came to nothing. All inside the caller's transaction.

The row of the item is locked first, then everything is looked at and counted by guarded updates; orders, coupons and the
books follow in their own order. A refusal is raised, so that nothing of it stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, or_, select, update

from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Conflict, Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id, token_hash
from shopapp.loyalty.coupons import services as coupons
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.writing import NotEnough
from shopapp.loyalty.points.queries import points_purse
from shopapp.members.identity import former
from shopapp.members.identity.queries import SignedIn
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.fields import PIECES_MAX
from shopapp.store.orders import services as orders
from shopapp.store.pricing.queries import Asked
from shopapp.store.pricing.rules import PointsPrice

from . import queries, rules
from .models import MallItem, MallRedemption, MallTally
from .queries import MallOffer
from .rules import MallKind, Standing


class MallClosed(ShopError):
    """Stopped, not begun, over, or the thing itself is not to be had."""

    status, code, text = 409, "mall_closed", _l("“%(title)s”现在不能兑换，没有任何改动。")


class MallGone(ShopError):
    status, code, text = 409, "mall_gone", _l("“%(title)s”已经兑完，没有任何改动。请看看别的。")


class MallShort(ShopError):
    """Details: `left`, how many pieces are there."""

    status, code, text = (
        409,
        "mall_short",
        _l("“%(title)s”只剩 %(left)s 份可以兑换，没有任何改动。请减少数量。"),
    )


class MallLimit(ShopError):
    """Details: `left`, how many more this person may take."""

    status, code, text = (
        409,
        "mall_limit",
        _l("“%(title)s”每人限量兑换，您现在还能兑换 %(left)s 份，没有任何改动。"),
    )


class TierTooLow(ShopError):
    status, code, text = 403, "tier_too_low", _l("“%(title)s”限%(tier)s及以上兑换，没有任何改动。")


class PointsShort(ShopError):
    """Details: `missing` points."""

    status, code, text = 409, "points_short", _l("积分不够，还差 %(missing)s 积分，没有任何改动。")


@dataclass(frozen=True, kw_only=True)
class Redeemed:
    """A redemption: goods have an order (row id), a coupon the public id under which the customer holds it."""

    id: str
    item_id: str
    quantity: int
    points: int
    cash_fen: int
    order_id: int | None
    coupon_id: str | None


def redeem(
    *,
    item_id: str,
    customer: SignedIn,
    quantity: int,
    address_id: str | None,
    key: str,
    now: datetime,
) -> Redeemed:
    """Take an item for points: goods become an order to this address, a coupon is held at once.

    `key` counts once for this person and item; the same again gives the first redemption again. Raises `NotFound`,
    `MallClosed`, `MallGone`, `MallShort`, `MallLimit`, `TierTooLow`, `PointsShort`, `Invalid`, `Conflict` for a key that was used for
    another quantity, and what ordering or giving a coupon raises.
    """
    item = _locked(item_id)
    own_key = f"mall:{item.public_id}:{customer.public_id}:{token_hash(key)[:32]}"
    first = db.session.scalar(select(MallRedemption).where(MallRedemption.key == own_key))
    if first is not None:
        if first.quantity != quantity:
            raise Conflict
        return _told(first, item)
    _check_input(item, quantity=quantity, address_id=address_id)
    offer = queries.offers_of(rows=[item], visitor=queries.visitor_of(customer, now=now), now=now)[0]
    _check(offer, quantity=quantity)
    _check_points(item, customer, quantity=quantity, now=now)
    _count_for_person(item, offer, customer_id=customer.customer_id, quantity=quantity, now=now)
    _count_for_all(item, offer, quantity=quantity)
    row = MallRedemption(
        public_id=new_id(),
        key=own_key,
        item_id=item.id,
        customer_id=customer.customer_id,
        quantity=quantity,
        points=item.points * quantity,
        cash=item.cash * quantity,
        month=rules.month_of(now),
        created_at=now,
    )
    try:
        if item.kind is MallKind.GOODS:
            row.order_id = _order(item, customer, quantity=quantity, address_id=address_id or "", now=now)
        else:
            row.held_coupon_id = _coupon(item, row, title=offer.title, now=now)
    except NotEnough as problem:
        _check_points(item, customer, quantity=quantity, now=now)
        raise Conflict from problem
    db.session.add(row)
    db.session.flush()
    return _told(row, item)


def _check_input(item: MallItem, *, quantity: int, address_id: str | None) -> None:
    goods = item.kind is MallKind.GOODS
    most = PIECES_MAX if goods else 1
    if not 1 <= quantity <= most:
        raise Invalid({"quantity": [_("数量须为 1 到 %(max)s。", max=most)]})
    if goods and not address_id:
        raise Invalid({"address_id": [_("请选择收货地址。")]})


def _check(offer: MallOffer, *, quantity: int) -> None:
    if offer.standing in (Standing.CLOSED, Standing.SOON):
        raise MallClosed(title=offer.title)
    if offer.standing is Standing.TIER:
        raise TierTooLow(title=offer.title, tier=offer.tier_name)
    if offer.left == 0:
        raise MallGone(title=offer.title)
    if offer.left is not None and quantity > offer.left:
        raise MallShort(title=offer.title, left=offer.left)
    if offer.standing is Standing.LIMIT or (offer.allowed is not None and quantity > offer.allowed):
        raise MallLimit(title=offer.title, left=offer.allowed or 0)


def _check_points(item: MallItem, customer: SignedIn, *, quantity: int, now: datetime) -> None:
    """Tells how many are missing; what keeps two from spending the same points is the books' own lock."""
    missing = item.points * quantity - (queries.visitor_of(customer, now=now).points or 0)
    if missing > 0:
        raise PointsShort(missing=missing)


def _locked(public_id: str) -> MallItem:
    wanted = public_id if catalogue.is_public_id(public_id) else ""
    statement = select(MallItem).where(MallItem.public_id == wanted).with_for_update()
    return found(db.session.scalar(statement.execution_options(populate_existing=True)))


def _count_for_person(
    item: MallItem, offer: MallOffer, *, customer_id: int, quantity: int, now: datetime
) -> None:
    month = rules.month_of(now)
    insert_once(MallTally, item_id=item.id, customer_id=customer_id, given=0, month=month, in_month=0)
    same = MallTally.month == month
    in_month = case((same, MallTally.in_month), else_=0) + quantity
    within = [MallTally.item_id == item.id, MallTally.customer_id == customer_id]
    if item.per_person is not None:
        if former.had_before(customer_id=customer_id, gift=queries.gift_of(item.public_id), now=now):
            raise MallLimit(title=offer.title, left=0)
        within.append(MallTally.given + quantity <= item.per_person)
    if item.per_month is not None:
        within.append(in_month <= item.per_month)
    counted = update(MallTally).values(given=MallTally.given + quantity, in_month=in_month, month=month)
    if rows_changed(counted.where(*within)) == 0:
        raise MallLimit(title=offer.title, left=0)


def _count_for_all(item: MallItem, offer: MallOffer, *, quantity: int) -> None:
    left = or_(MallItem.stock.is_(None), MallItem.given + quantity <= MallItem.stock)
    counted = update(MallItem).where(MallItem.id == item.id, left).values(given=MallItem.given + quantity)
    if rows_changed(counted) == 0:
        raise MallGone(title=offer.title)
    db.session.refresh(item)


def _order(item: MallItem, customer: SignedIn, *, quantity: int, address_id: str, now: datetime) -> int:
    order = orders.place_order(
        customer=customer,
        items=[(str(item.sku_id), quantity)],
        address_id=address_id,
        remark="",
        asked=Asked(in_mall=PointsPrice(points=item.points, cash=item.cash)),
        now=now,
    )
    return order.id


def _coupon(item: MallItem, row: MallRedemption, *, title: str, now: datetime) -> str:
    held = coupons.grant(
        coupon_id=str(item.coupon_id),
        customer_id=row.customer_id,
        key=row.key,
        source=Giving.POINTS,
        now=now,
    )
    books.spend(
        purse=points_purse(row.customer_id),
        amount=row.points,
        key=row.key,
        subject=f"mall:{row.public_id}",
        reason=title,
        now=now,
    )
    return held.id


def _told(row: MallRedemption, item: MallItem) -> Redeemed:
    return Redeemed(
        id=row.public_id,
        item_id=item.public_id,
        quantity=row.quantity,
        points=row.points,
        cash_fen=row.cash.fen,
        order_id=row.order_id,
        coupon_id=row.held_coupon_id,
    )


def give_back(*, order_id: int, now: datetime) -> bool:
    """An order of the mall came to nothing: its pieces can be taken again, and count for nobody.

    False for an order of another kind, and when told again.
    """
    row = db.session.scalar(select(MallRedemption).where(MallRedemption.order_id == order_id))
    if row is None:
        return False
    db.session.get_one(MallItem, row.item_id, with_for_update=True, populate_existing=True)
    open_still = update(MallRedemption).where(
        MallRedemption.id == row.id, MallRedemption.returned_at.is_(None)
    )
    if rows_changed(open_still.values(returned_at=now)) == 0:
        return False
    changed: dict[str, Any] = {"given": MallTally.given - row.quantity}
    changed["in_month"] = case(
        (MallTally.month == row.month, MallTally.in_month - row.quantity), else_=MallTally.in_month
    )
    mine = update(MallTally).filter_by(item_id=row.item_id, customer_id=row.customer_id)
    rows_changed(mine.values(**changed))
    rows_changed(
        update(MallItem).where(MallItem.id == row.item_id).values(given=MallItem.given - row.quantity)
    )
    return True
