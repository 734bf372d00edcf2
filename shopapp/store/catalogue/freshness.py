"""When a kept answer about the goods is stale.

A product's version grows with everything its page shows, that of all lists with what goods there are, in which order,
at what price, and whether they are sold out. What asks for them is called outside of any context, in one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import bindparam, func, select

from shopapp.kernel.glance import Glance
from shopapp.kernel.pagecache import FRAME, Version

from .listing import ProductRecord
from .models import Product
from .services import LISTS

Ask = Callable[[], tuple[Any, ...] | None]

_lists, _frame = (
    func.coalesce(select(Version.number).where(Version.name == name).scalar_subquery(), 0)
    for name in (LISTS, FRAME)
)
_LISTS = Glance(select(_lists, _frame))
_PRODUCT = Glance(
    select(Product.version, Product.status, _lists, _frame).where(Product.public_id == bindparam("public_id"))
)


def ask_lists() -> Ask:
    """(lists, frame): of every list that shows products without their numbers of pieces."""
    return _LISTS.again()


def ask_product(*, public_id: str) -> Ask:
    """(version, status, lists, frame) of one product's page; None if there is no such product."""
    return _PRODUCT.again(public_id=public_id)


def ask_list_of(products: Sequence[ProductRecord]) -> Ask:
    """(lists, frame, sum of the versions of these products): of a list that shows their numbers of pieces.

    Versions only grow, so the sum over the same products changes when one of them does.
    """
    total = func.coalesce(
        select(func.sum(Product.version))
        .where(Product.id.in_([product.row_id for product in products]))
        .scalar_subquery(),
        0,
    )
    return Glance(select(_lists, _frame, total), constants=True).again()
