"""The statements of every purchase, put into words once."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Executable, Insert, Select, Table, Update, bindparam, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shopapp.kernel.prepared import Prepared

from .models import ORDER_MOVES, Order, OrderLine, OrderQuota, OrderStatus, OrderStep

ORDERS, LINES, QUOTAS, STEPS = (
    cast(Table, model.__table__) for model in (Order, OrderLine, OrderQuota, OrderStep)
)


def _one_more_unpaid(dialect: str) -> Executable:
    new = sqlite.insert(QUOTAS) if dialect == "sqlite" else postgresql.insert(QUOTAS)
    return new.on_conflict_do_update(
        index_elements=[QUOTAS.c.customer_id],
        set_={"unpaid": QUOTAS.c.unpaid + 1},
        where=QUOTAS.c.unpaid < bindparam("most"),
    ).returning(literal(1))


def _one_less_unpaid(_dialect: str) -> Update:
    mine = update(QUOTAS).where(QUOTAS.c.customer_id == bindparam("of_customer"), QUOTAS.c.unpaid > 0)
    return mine.values(unpaid=QUOTAS.c.unpaid - 1)


def _insert_step(_dialect: str) -> Insert:
    return insert(STEPS)


def _lock_own(_dialect: str) -> Select[*tuple[Any, ...]]:
    columns = (ORDERS.c.id, ORDERS.c.status, ORDERS.c.total, ORDERS.c.expires_at)
    mine = (ORDERS.c.no == bindparam("no"), ORDERS.c.customer_id == bindparam("customer_id"))
    return select(*columns).where(*mine).with_for_update()


def _lines(_dialect: str) -> Select[*tuple[Any, ...]]:
    columns = (LINES.c.title, LINES.c.quantity, LINES.c.sku_id)
    return select(*columns).where(LINES.c.order_id == bindparam("order_id")).order_by(LINES.c.id)


ONE_MORE_UNPAID = Prepared(_one_more_unpaid)
ONE_LESS_UNPAID = Prepared(_one_less_unpaid)
INSERT_STEP = Prepared(_insert_step)
LOCK_OWN = Prepared(_lock_own)
LINES_OF = Prepared(_lines)
PAY = ORDER_MOVES.mover(
    Order, OrderStatus.PAID, "no", "customer_id", "coupon_ids", "points", "principal", "gift"
)
