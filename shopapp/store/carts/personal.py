"""The cart as part of what is known of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, rows_changed
from shopapp.store.catalogue import queries as catalogue

from .models import Cart, CartItem


def export(customer_id: int) -> list[dict[str, Any]]:
    statement = (
        select(CartItem).join(Cart, Cart.id == CartItem.cart_id).where(Cart.customer_id == customer_id)
    )
    items = db.session.scalars(statement.order_by(CartItem.id)).all()
    skus = catalogue.sellable_by_row(sku_ids={item.sku_id for item in items})
    return [
        {
            "title": skus[item.sku_id].title if item.sku_id in skus else None,
            "quantity": item.quantity,
            "added_at": item.added_at.astimezone(SHOP_ZONE).isoformat(),
        }
        for item in items
    ]


def erase(customer_id: int, _now: datetime) -> None:
    own = select(Cart.id).where(Cart.customer_id == customer_id)
    rows_changed(delete(CartItem).where(CartItem.cart_id.in_(own)))
    rows_changed(delete(Cart).where(Cart.customer_id == customer_id))
