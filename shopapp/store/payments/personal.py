"""Payments as part of what is known of a person: erased, the sums stay and the payer goes."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update

from shopapp.kernel.db import db, rows_changed
from shopapp.wechat.worklist import services as worklist

from .models import Payment, Refund, RefundState


def erase(*, order_ids: Collection[int]) -> None:
    """Forget who paid these orders, in the platform's own words too."""
    mine = Payment.order_id.in_(order_ids)
    numbers = select(Payment.out_trade_no).where(mine)
    refund_numbers = select(Refund.out_refund_no).where(Refund.order_id.in_(order_ids))
    worklist.forget_words(numbers=(numbers, refund_numbers))
    rows_changed(update(Payment).where(mine).values(openid=""))


def has_unsettled_refund(*, order_ids: Collection[int]) -> bool:
    """Whether money of these orders is still on its way back."""
    statement = select(Refund.id).where(
        Refund.order_id.in_(order_ids), Refund.state.not_in((RefundState.DONE, RefundState.GIVEN_UP))
    )
    return db.session.scalar(statement.limit(1)) is not None
