"""What is in one customer's cart goes into another's, and back. Goods that are in both count once, as the other has them."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update

from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.merging import Kept, Merge, MergePart, batches
from shopapp.store.fields import LINES_MAX

from .models import Cart, CartItem


def merge(of: Merge) -> Kept:
    giver = _cart_of(of.source_id)
    if giver is None:
        return {}
    fresh = insert_once(Cart, customer_id=of.target_id, updated_at=of.now)
    taker = _cart_of(of.target_id)
    theirs = select(CartItem.sku_id).where(CartItem.cart_id == taker)
    room = LINES_MAX - (db.session.scalar(select(func.count()).select_from(theirs.subquery())) or 0)
    wanted = select(CartItem.id).where(CartItem.cart_id == giver, CartItem.sku_id.not_in(theirs))
    items = list(db.session.scalars(wanted.order_by(CartItem.id.desc()).limit(max(room, 0))))
    _put(items, into=taker, out_of=giver)
    return {"giver": giver, "taker": taker, "fresh": fresh, "items": items}


def undo(of: Merge, kept: Kept) -> None:
    """What was ordered or thrown out meanwhile is gone; what was put in meanwhile stays."""
    if not kept:
        return
    giver, taker = kept["giver"], kept["taker"]
    _put(kept["items"], into=giver, out_of=taker)
    if kept["fresh"] and not db.session.scalar(select(func.count()).where(CartItem.cart_id == taker)):
        rows_changed(delete(Cart).where(Cart.id == taker, Cart.customer_id == of.target_id))


def _cart_of(customer_id: int) -> int | None:
    """The row id of the customer's cart, locked."""
    return db.session.scalar(select(Cart.id).where(Cart.customer_id == customer_id).with_for_update())


def _put(items: list[int], *, into: int | None, out_of: int | None) -> None:
    for batch in batches(items):
        mine = update(CartItem).where(CartItem.id.in_(batch), CartItem.cart_id == out_of)
        rows_changed(mine.values(cart_id=into))


PART = MergePart(name="cart", tables=frozenset({"carts"}), merge=merge, undo=undo)
