"""Money into a wallet and back out of it; plans. Accounts are locked in the order principal, gift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shopapp.kernel import audit, preferences
from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Unit, restoring, writing
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.writing import NotEnough, purse

from . import rules
from .models import TopUpPlan
from .queries import limit_of
from .rules import FreeAmount, PlanContent, WalletInUse


@dataclass(frozen=True, kw_only=True)
class RefundPart:
    """What a refund gives back of one top-up: `amount` now, `refunded` of its `paid` in all with it; `gift` came with it.

    `key` names it among all parts of all refunds.
    """

    key: str
    order_no: str
    amount: Money
    refunded: Money
    paid: Money
    gift: Money


def credit_top_up(
    *, customer_id: int, order_no: str, principal: Money, gift: Money, gift_life: str, now: datetime
) -> None:
    """Put a paid top-up into the wallet, once for its order."""
    _earn(customer_id, Unit.PRINCIPAL, principal, order_no=order_no, life=None, now=now)
    _earn(customer_id, Unit.GIFT, gift, order_no=order_no, life=Life.parse(gift_life), now=now)


def has_room(*, customer_id: int, amount: Money) -> bool:
    """Whether so much principal may come to what is there, which stays so until the transaction ends."""
    account = writing.lock(purse(customer_id=customer_id, unit=Unit.PRINCIPAL))
    return account.active + account.pending + amount.fen <= limit_of(customer_id=customer_id).fen


def _earn(
    customer_id: int, unit: Unit, amount: Money, *, order_no: str, life: Life | None, now: datetime
) -> None:
    if amount:
        books.earn(
            purse=purse(customer_id=customer_id, unit=unit),
            amount=amount.fen,
            key=_award(order_no, unit),
            subject=f"topup:{order_no}",
            reason=order_no,
            life=life,
            now=now,
        )


def debit_refund(*, customer_id: int, parts: Sequence[RefundPart], now: datetime) -> list[Money]:
    """Take the principal of a refund out of the wallet, and the gifts that came with it as far as they are there.

    Of each gift goes what the refunded part of its payment stands for; what of it was spent already is not charged. The
    answer is what was taken of each part's gift, spent or not. Raises `NotEnough`, and `WalletInUse` while a gift that
    would go is held by an order.
    """
    own = purse(customer_id=customer_id, unit=Unit.PRINCIPAL)
    writing.lock(own)
    if ledger.balance(purse=own, now=now).available < Money.total(part.amount for part in parts).fen:
        raise NotEnough
    for part in parts:
        _take(part, Unit.PRINCIPAL, shortfall=Shortfall.OTHER_LOTS, now=now)
    held = writing.lock(purse(customer_id=customer_id, unit=Unit.GIFT)).held
    if held and any(part.gift for part in parts):
        raise WalletInUse
    return [
        _take(part, Unit.GIFT, shortfall=Shortfall.WAIVE, now=now) if part.gift else Money(0)
        for part in parts
    ]


def _take(part: RefundPart, unit: Unit, *, shortfall: Shortfall, now: datetime) -> Money:
    taken = books.take_back(
        award=_award(part.order_no, unit),
        refunded=part.refunded.fen,
        paid=part.paid.fen,
        shortfall=shortfall,
        key=_refund_key(part.key, unit),
        reason=part.order_no,
        now=now,
    )
    return Money(taken.amount)


def put_refund_back(*, key: str, order_no: str, gift: Money, now: datetime) -> None:
    """The money of one part could not be sent: principal and gift are as if it had never been asked for.

    `gift` is what was taken of it.
    """
    for unit in (Unit.PRINCIPAL, *([Unit.GIFT] if gift else [])):
        taken_with = _refund_key(key, unit)
        restoring.restore(taken_with=taken_with, key=f"{taken_with}:back", reason=order_no, now=now)


def _award(order_no: str, unit: Unit) -> str:
    return f"topup:{order_no}:{unit.value}"


def _refund_key(key: str, unit: Unit) -> str:
    return f"principal_refund:{key}:{unit.value}"


def save_plan(*, row: TopUpPlan | None, content: PlanContent, now: datetime) -> TopUpPlan:
    """Write a plan, a new one without a `row`. Orders placed before keep what they were promised. Raises `Invalid`."""
    rules.check_content(content)
    action = "top_up_plan.create" if row is None else "top_up_plan.update"
    if row is None:
        row = TopUpPlan(created_at=now)
        db.session.add(row)
    row.pay, row.gift, row.life = content.pay, content.gift, content.life if content.gift else ""
    row.active, row.position, row.per_person = content.active, content.position, content.per_person
    row.starts_at, row.ends_at = content.starts_at, content.ends_at
    db.session.flush()
    audit.record(
        action=action,
        subject_kind="top_up_plan",
        subject_id=row.public_id,
        changes={"pay_fen": row.pay.fen, "gift_fen": row.gift.fen, "active": row.active},
    )
    return row


def set_free_amount(*, free: FreeAmount) -> None:
    """Which amounts people may top up beside the plans. Raises `Invalid`."""
    rules.check_free_amount(free)
    preferences.write("wallet.free_from_fen", free.least.fen)
    preferences.write("wallet.free_to_fen", free.most.fen)
    audit.record(
        action="top_up_plan.free_amount",
        subject_kind="preferences",
        subject_id="wallet",
        changes={"from_fen": free.least.fen, "to_fen": free.most.fen},
    )
