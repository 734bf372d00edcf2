"""The statements of every purchase, put into words once."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Insert, Table, Update, bindparam, insert, update

from shopapp.kernel.prepared import Prepared

from .models import StockLevel, StockMovement

LEVELS, MOVEMENTS = (cast(Table, model.__table__) for model in (StockLevel, StockMovement))


def _change(_dialect: str) -> Update:
    """Both numbers stay at or above zero, the free ones at or below a bound."""
    free, held = LEVELS.c.free + bindparam("more_free"), LEVELS.c.held + bindparam("more_held")
    guards = (LEVELS.c.sku_id == bindparam("of_sku"), free >= 0, held >= 0, free <= bindparam("most"))
    return update(LEVELS).where(*guards).values(free=free, held=held).returning(LEVELS.c.free)


def _insert_movements(_dialect: str) -> Insert:
    return insert(MOVEMENTS)


CHANGE = Prepared(_change)
INSERT_MOVEMENTS = Prepared(_insert_movements)
