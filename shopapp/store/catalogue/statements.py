"""The statements of every purchase, put into words once."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Select, Table, Update, bindparam, select, update

from shopapp.kernel.prepared import Prepared

from .models import Product, Sku

PRODUCTS, SKUS = (cast(Table, model.__table__) for model in (Product, Sku))


def _products_of(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(SKUS.c.id, SKUS.c.product_id).where(SKUS.c.id.in_(bindparam("sku_ids", expanding=True)))


def _touch(_dialect: str) -> Update:
    mine = update(PRODUCTS).where(PRODUCTS.c.id == bindparam("of_product"))
    return mine.values(version=PRODUCTS.c.version + 1)


def _count_sold(_dialect: str) -> Update:
    sold = PRODUCTS.c.sold + bindparam("more")
    mine = update(PRODUCTS).where(PRODUCTS.c.id == bindparam("of_product"))
    return mine.values(sold=sold, version=PRODUCTS.c.version + 1).returning(PRODUCTS.c.sold)


PRODUCTS_OF = Prepared(_products_of)
TOUCH = Prepared(_touch)
COUNT_SOLD = Prepared(_count_sold)
