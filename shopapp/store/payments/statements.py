"""The statements of every payment, put into words once."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Insert, Select, Table, Update, bindparam, insert, select, update

from shopapp.kernel.prepared import Prepared

from .models import PAYMENT_MOVES, Payment, PaymentStatus
from .rules import STILL_PAYABLE

PAYMENTS = cast(Table, Payment.__table__)


def _insert(_dialect: str) -> Insert:
    return insert(PAYMENTS).returning(PAYMENTS.c.id)


def _reusable(_dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(PAYMENTS)
        .where(
            PAYMENTS.c.order_id == bindparam("order_id"),
            PAYMENTS.c.status.in_(STILL_PAYABLE),
            PAYMENTS.c.openid == bindparam("openid"),
            PAYMENTS.c.amount == bindparam("amount"),
        )
        .order_by(PAYMENTS.c.id.desc())
        .limit(1)
    )


def _by_number(_dialect: str) -> Select[*tuple[Any, ...]]:
    return select(PAYMENTS).where(PAYMENTS.c.out_trade_no == bindparam("number"))


def _renew(_dialect: str) -> Update:
    return update(PAYMENTS).where(
        PAYMENTS.c.id == bindparam("row_id"), PAYMENTS.c.status == PaymentStatus.OPEN
    )


INSERT = Prepared(_insert)
REUSABLE = Prepared(_reusable)
BY_NUMBER = Prepared(_by_number)
RENEW = Prepared(_renew)
OPEN = PAYMENT_MOVES.mover(Payment, PaymentStatus.OPEN)
PAY = PAYMENT_MOVES.mover(Payment, PaymentStatus.PAID)
