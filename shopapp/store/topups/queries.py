"""Reading top-ups and principal on its way back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.loyalty.wallet import queries as wallet
from shopapp.loyalty.wallet.queries import WalletBalance
from shopapp.members.identity import former
from shopapp.store.orders import without_goods
from shopapp.store.orders.without_goods import Sold
from shopapp.store.payments import queries as payments

from . import rules
from .models import PartState, PrincipalRefund, PrincipalRefundPart, TopUp
from .rules import Source

SHOWN_MAX = 50


@dataclass(frozen=True, kw_only=True)
class TopUpRow:
    """A top-up with its order."""

    sold: Sold
    gift: Money
    gift_life: str


@dataclass(frozen=True, kw_only=True)
class Refundable:
    """What can go back through WeChat now: `amount` in all; `too_old` was paid too long ago for WeChat to take it back."""

    amount: Money
    sources: Sequence[Source]
    too_old: Money
    balance: WalletBalance

    @property
    def by_shop(self) -> Money:
        """What WeChat can't give back, paid too long ago or given by staff: the shop pays it out itself."""
        return self.balance.free_principal - self.amount


def of_order(*, order_id: int) -> TopUp | None:
    """The top-up that an order is for; None for every other order."""
    return db.session.scalar(select(TopUp).where(TopUp.order_id == order_id))


def with_key(*, key: str) -> TopUp | None:
    return db.session.scalar(select(TopUp).where(TopUp.key == key))


def times_taken(*, customer_id: int, plan_id: int, most: int, now: datetime) -> int:
    """How often a customer ordered a plan that they may have `most` times, cancelled orders left out; with what they had
    before they were forgotten, as far as that counts still.
    """
    before = former.times_before(customer_id=customer_id, gift=_gift_of(plan_id), most=most, now=now)
    return before + _orders_of_plans(customer_id=customer_id)[plan_id]


def given_once(*, customer_id: int, now: datetime) -> set[str]:
    """What to remember of the plans with a limit per person that a customer took."""
    return {
        gift
        for plan in wallet.all_plans()
        if plan.per_person is not None
        for gift in former.gifts_counted(
            gift=_gift_of(plan.id),
            times=times_taken(customer_id=customer_id, plan_id=plan.id, most=plan.per_person, now=now),
        )
    }


def _orders_of_plans(*, customer_id: int) -> Counter[int]:
    """How often a customer ordered each plan, by its row id."""
    statement = select(TopUp.order_id, TopUp.plan_id).where(
        TopUp.customer_id == customer_id, TopUp.plan_id.is_not(None)
    )
    plans = {row.order_id: row.plan_id or 0 for row in db.session.execute(statement)}
    orders = without_goods.sold(order_ids=plans.keys())
    return Counter(plans[one.order_id] for one in orders.values() if one.status.value != "cancelled")


def _gift_of(plan_id: int) -> str:
    """The name under which it is remembered that somebody had a plan."""
    return f"top_up:{plan_id}"


def top_ups(*, customer_id: int) -> list[TopUpRow]:
    """The customer's top-ups, the newest first."""
    rows = db.session.scalars(
        select(TopUp).filter_by(customer_id=customer_id).order_by(TopUp.id.desc())
    ).all()
    orders = without_goods.sold(order_ids=[row.order_id for row in rows])
    return [TopUpRow(sold=orders[row.order_id], gift=row.gift, gift_life=row.gift_life) for row in rows]


def refundable(*, customer_id: int, now: datetime) -> Refundable:
    """What of the customer's principal can go back the way it came."""
    balance = wallet.balance(customer_id=customer_id, now=now)
    sources = sources_of(customer_id=customer_id)
    young = [source for source in sources if source.paid_at > now - rules.REFUND_WITHIN]
    amount = rules.refundable(young, principal=balance.free_principal)
    whole = rules.refundable(sources, principal=balance.free_principal)
    return Refundable(amount=amount, sources=young, too_old=whole - amount, balance=balance)


def sources_of(*, customer_id: int) -> list[Source]:
    """The customer's top-ups of which some money was not given back yet."""
    return [
        Source(
            order_id=row.sold.order_id,
            order_no=row.sold.no,
            paid=row.sold.paid,
            left=row.sold.left,
            gift=row.gift,
            gift_life=row.gift_life,
            paid_at=row.sold.paid_at,
        )
        for row in top_ups(customer_id=customer_id)
        if row.sold.given and row.sold.left and row.sold.paid_at is not None
    ]


def refunds_of(*, customer_id: int) -> Sequence[PrincipalRefund]:
    """The customer's latest refunds of principal, the newest first."""
    statement = (
        select(PrincipalRefund)
        .filter_by(customer_id=customer_id)
        .options(selectinload(PrincipalRefund.parts))
        .order_by(PrincipalRefund.id.desc())
        .limit(SHOWN_MAX)
    )
    return db.session.scalars(statement).all()


def numbers(refunds: Iterable[PrincipalRefund]) -> dict[int, str]:
    """The numbers of the orders through which these refunds go, by row id."""
    ids = {part.order_id for refund in refunds for part in refund.parts}
    return {order_id: order.no for order_id, order in without_goods.sold(order_ids=ids).items()}


def refund_with_key(*, key: str) -> PrincipalRefund:
    return db.session.scalars(select(PrincipalRefund).where(PrincipalRefund.key == key)).one()


def part_of(*, refund_id: int) -> PrincipalRefundPart | None:
    """The part that a refund of WeChat Pay sends; None for refunds of anything else."""
    return db.session.scalar(select(PrincipalRefundPart).where(PrincipalRefundPart.refund_id == refund_id))


def failed_parts(*, now: datetime, limit: int) -> list[tuple[int, int]]:
    """(part, refund) row ids of what WeChat Pay refused to send and nobody sends any more."""
    waiting = select(PrincipalRefundPart.id, PrincipalRefundPart.refund_id).where(
        PrincipalRefundPart.state == PartState.SENT
    )
    parts = {refund_id: part_id for part_id, refund_id in db.session.execute(waiting)}
    failed = payments.failed_refunds(refund_ids=parts.keys(), now=now, limit=limit)
    return [(parts[refund_id], refund_id) for refund_id in failed]
