"""Writes to carts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Delete, Table, bindparam, delete, func, select, update

from shopapp.kernel.db import db, insert_once, rows_changed, transaction
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.prepared import Prepared
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.fields import LINES_MAX, PIECES_MAX

from .models import Cart, CartItem
from .queries import CartOwner

GUEST_CART_KEPT = timedelta(days=60)
FORGET_BATCH = 500


class CartFull(ShopError):
    status, code, text = 409, "cart_full", _l("购物车最多放 %(max)s 种商品，这件没有放进去。请先清理购物车。")


class NotOnSale(ShopError):
    status, code, text = 409, "not_on_sale", _l("这件商品已经下架，购物车没有改动。")


def put_item(
    *, of: CartOwner, sku_public_id: str, quantity: int, selected: bool = True, now: datetime
) -> None:
    """Have this many pieces of a SKU in the cart, at the price it has now.

    Raises `NotFound` for an unknown SKU, `NotOnSale`, `Invalid` above the limit per customer, `CartFull`.
    """
    sku = catalogue.sellable(sku_ids=[sku_public_id]).get(sku_public_id)
    if sku is None:
        raise NotFound
    if not sku.on_sale:
        raise NotOnSale
    if quantity > (sku.limit_per_customer or PIECES_MAX):
        most = sku.limit_per_customer or PIECES_MAX
        raise Invalid({"quantity": [_("这件商品每人最多买 %(max)s 件。", max=most)]})
    cart_id = _lock_cart(of=of, now=now)
    values = {"quantity": quantity, "selected": selected, "price_seen": sku.price}
    mine = update(CartItem).where(CartItem.cart_id == cart_id, CartItem.sku_id == sku.sku_id)
    if rows_changed(mine.values(values)) == 0:
        _refuse_when_full(cart_id=cart_id)
        insert_once(CartItem, cart_id=cart_id, sku_id=sku.sku_id, added_at=now, **values)


def remove_item(*, of: CartOwner, sku_public_id: str) -> None:
    """Take a SKU out of the cart; nothing happens if it is not there."""
    sku = catalogue.sellable(sku_ids=[sku_public_id]).get(sku_public_id)
    if sku is not None:
        _delete_items(of=of, sku_ids=[sku.sku_id])


def remove(*, customer_id: int, sku_ids: Collection[int]) -> None:
    """Take SKUs, by row id, out of a customer's cart: they were ordered."""
    _delete_items(of=CartOwner(customer_id=customer_id), sku_ids=sku_ids)


def adopt_guest_cart(*, customer_id: int, guest_hash: str, now: datetime) -> None:
    """Move what a guest put in their cart to the customer they turned out to be; pieces of the same SKU add up.

    What goes beyond the bounds of a line or a cart is left out. The guest's cart is gone afterwards.
    """
    guest_id = db.session.scalar(select(Cart.id).filter_by(guest_hash=guest_hash))
    if guest_id is None:
        return
    cart_id = _lock_cart(of=CartOwner(customer_id=customer_id), now=now)
    brought = _items_of(guest_id)
    own = {item.sku_id: item for item in _items_of(cart_id)}
    limits = catalogue.sellable_by_row(sku_ids=[item.sku_id for item in brought])
    room = LINES_MAX - len(own)
    for item in brought:
        most = limits[item.sku_id].limit_per_customer or PIECES_MAX
        known = own.get(item.sku_id)
        if known is not None:
            known.quantity = max(known.quantity, min(known.quantity + item.quantity, most))
            known.selected, known.price_seen = item.selected or known.selected, item.price_seen
        elif room > 0:
            room -= 1
            insert_once(
                CartItem,
                cart_id=cart_id,
                sku_id=item.sku_id,
                quantity=item.quantity,
                selected=item.selected,
                price_seen=item.price_seen,
                added_at=item.added_at,
            )
    db.session.flush()
    rows_changed(delete(CartItem).where(CartItem.cart_id == guest_id))
    rows_changed(delete(Cart).where(Cart.id == guest_id))


def forget_old(*, now: datetime) -> int:
    """Delete guests' carts that nobody touched for a long time; returns how many, a bounded number a time."""
    with transaction():
        old = select(Cart.id).where(Cart.guest_hash.is_not(None), Cart.updated_at < now - GUEST_CART_KEPT)
        cart_ids = db.session.scalars(old.limit(FORGET_BATCH)).all()
        rows_changed(delete(CartItem).where(CartItem.cart_id.in_(cart_ids)))
        return rows_changed(delete(Cart).where(Cart.id.in_(cart_ids)))


def _lock_cart(*, of: CartOwner, now: datetime) -> int:
    """The row id of the owner's cart, made if need be; writing to it lets one change of a cart happen at a time."""
    owner = {"customer_id": of.customer_id, "guest_hash": None if of.customer_id else of.guest_hash}
    insert_once(Cart, **owner, updated_at=now)
    mine = update(Cart).filter_by(**owner).values(updated_at=now).returning(Cart.id)
    return db.session.execute(mine, execution_options={"synchronize_session": False}).scalar_one()


def _items_of(cart_id: int) -> list[CartItem]:
    return list(db.session.scalars(select(CartItem).filter_by(cart_id=cart_id).order_by(CartItem.id)))


def _refuse_when_full(*, cart_id: int) -> None:
    count = db.session.scalar(select(func.count()).select_from(CartItem).filter_by(cart_id=cart_id)) or 0
    if count >= LINES_MAX:
        raise CartFull(max=LINES_MAX)


def _delete_items(*, of: CartOwner, sku_ids: Collection[int]) -> None:
    if of.customer_id is not None:
        DELETE_OWN.changed(owner=of.customer_id, sku_ids=list(sku_ids))
    elif of.guest_hash is not None:
        cart = select(Cart.id).filter_by(guest_hash=of.guest_hash)
        rows_changed(delete(CartItem).where(CartItem.cart_id.in_(cart), CartItem.sku_id.in_(sku_ids)))


def _delete_own(_dialect: str) -> Delete:
    carts, items = cast(Table, Cart.__table__), cast(Table, CartItem.__table__)
    cart = select(carts.c.id).where(carts.c.customer_id == bindparam("owner"))
    goods = items.c.sku_id.in_(bindparam("sku_ids", expanding=True))
    return delete(items).where(items.c.cart_id.in_(cart), goods)


DELETE_OWN = Prepared(_delete_own)
