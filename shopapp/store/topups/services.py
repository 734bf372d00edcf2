"""Topping up, and having principal back. Rows are locked in the order refunds, orders, quota, principal, gift."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel import audit
from shopapp.kernel.access import current_actor
from shopapp.kernel.db import db, insert_once
from shopapp.kernel.errors import Conflict, ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.wallet import queries as wallet_queries
from shopapp.loyalty.wallet import rules as wallet_rules
from shopapp.loyalty.wallet import services as wallet
from shopapp.loyalty.wallet import wording as wallet_words
from shopapp.loyalty.wallet.rules import AmountNotOffered
from shopapp.loyalty.wallet.services import RefundPart
from shopapp.members.identity.membership import NotMember
from shopapp.members.identity.queries import SignedIn
from shopapp.store.orders import services as orders
from shopapp.store.orders import without_goods
from shopapp.store.payments import refunds

from . import queries, rules
from .models import PART_MOVES, PartState, PrincipalRefund, PrincipalRefundPart, TopUp
from .rules import NothingToRefund, Source

REASON = "退还本金"
NO_ROOM = "余额超过规定上限，充值原路退回"


class PlanUsedUp(ShopError):
    status, code, text = (
        409,
        "plan_used_up",
        _l("这个方案每人限 %(count)s 次，您已经用过了，没有任何改动。请选别的方案。"),
    )


def place(*, customer: SignedIn, plan_id: str | None, amount: Money | None, key: str, now: datetime) -> int:
    """Order a top-up, by plan or of a free amount; the row id of the order. The same key again gives the same order.

    Raises `NotMember`, `AmountNotOffered`, `PlanUsedUp`, `OverLimit`, `TooManyUnpaid`, and `Conflict` if another call with
    this key came between.
    """
    if not customer.is_member:
        raise NotMember
    own_key = f"{customer.customer_id}:{key}"
    before = queries.with_key(key=own_key)
    if before is not None:
        return before.order_id
    pay, gift, life, plan_row, most = _offer(plan_id=plan_id, amount=amount, now=now)
    # Placing it takes the customer's turn, so that what is read from here on stays true until the end.
    order = without_goods.place(
        customer=customer,
        kind=without_goods.TOP_UP,
        title=wallet_words.offer(pay=pay, gift=gift),
        amount=pay,
        now=now,
    )
    _check_room(customer_id=customer.customer_id, pay=pay, now=now)
    if plan_row is not None and most is not None:
        taken = queries.times_taken(customer_id=customer.customer_id, plan_id=plan_row, most=most, now=now)
        if taken >= most:
            raise PlanUsedUp(count=most)
    inserted = insert_once(
        TopUp,
        order_id=order.id,
        customer_id=customer.customer_id,
        plan_id=plan_row,
        gift=gift,
        gift_life=life,
        key=own_key,
    )
    if not inserted:
        raise Conflict
    return order.id


def _offer(
    *, plan_id: str | None, amount: Money | None, now: datetime
) -> tuple[Money, Money, str, int | None, int | None]:
    """What is paid, what is given on top for how long, by which plan, and how often one person may."""
    if plan_id is not None:
        plan = wallet_queries.plan_on_offer(public_id=plan_id, now=now)
        if plan is None:
            raise AmountNotOffered
        return plan.pay, plan.gift, plan.life, plan.id, plan.per_person
    if amount is None or not wallet_queries.free_amount().allows(amount):
        raise AmountNotOffered
    return amount, ZERO, "", None, None


def _check_room(*, customer_id: int, pay: Money, now: datetime) -> None:
    wallet_rules.check_room(
        amount=pay,
        principal=wallet_queries.balance(customer_id=customer_id, now=now).principal,
        coming=without_goods.unpaid_total(customer_id=customer_id, kind=without_goods.TOP_UP) - pay,
        limit=wallet_queries.limit_of(customer_id=customer_id),
    )


def fulfil(*, order_id: int, now: datetime) -> bool:
    """Put what a paid order promised into the wallet and complete the order, once; False if it is no such order.

    If the wallet has no room for it any more, since principal came by hand or the phone went, the money goes back whole.
    """
    promised = queries.of_order(order_id=order_id)
    if promised is None:
        return False
    order = orders.lock(order_id=order_id)
    if order.status.value != "paid":
        return False
    fits = wallet.has_room(customer_id=order.customer_id, amount=order.paid)
    if fits:
        wallet.credit_top_up(
            customer_id=order.customer_id,
            order_no=order.no,
            principal=order.paid,
            gift=promised.gift,
            gift_life=promised.gift_life,
            now=now,
        )
    without_goods.complete(order=order, now=now)
    if not fits:
        without_goods.send_back(order=order, amount=order.paid, now=now)
        refunds.queue_principal(order_id=order.id, amount=order.paid, reason=NO_ROOM, now=now)
    return True


def refund_principal(
    *, customer_id: int, amount: Money | None, reason: str, key: str, now: datetime
) -> PrincipalRefund:
    """Send principal back to WeChat, all that can go or `amount` of it; the same key again gives the same refund.

    It leaves the wallet at once, with the gifts that came with it as far as they are there. Raises `NothingToRefund`,
    `RefundByShop`, `TooMuch`, `NotEnough`, `WalletInUse`.
    """
    own_key = f"{customer_id}:{key}"
    fresh = insert_once(
        PrincipalRefund,
        customer_id=customer_id,
        amount=Money(1) if amount is None else amount,
        reason=reason,
        key=own_key,
        created_at=now,
    )
    refund = queries.refund_with_key(key=own_key)
    if not fresh:
        return refund
    for source in sorted(queries.sources_of(customer_id=customer_id), key=lambda one: one.order_id):
        orders.lock(order_id=source.order_id)
    found = queries.refundable(customer_id=customer_id, now=now)
    if not found.amount and found.by_shop:
        raise rules.RefundByShop(by_shop=str(found.by_shop))
    if not found.amount:
        raise NothingToRefund
    refund.amount = found.amount if amount is None else amount
    if refund.amount > found.amount and found.by_shop:
        raise rules.TooMuchForWeChat(most=str(found.amount), by_shop=str(found.by_shop))
    if refund.amount > found.amount:
        raise rules.TooMuch(most=str(found.amount))
    _send(refund, rules.spread(refund.amount, found.sources), now=now)
    if current_actor().kind in ("staff", "token"):
        audit.record(
            action="wallet.refund",
            subject_kind="principal_refund",
            subject_id=refund.public_id,
            changes={"fen": refund.amount.fen, "reason": reason},
        )
    return refund


def _send(refund: PrincipalRefund, parts: list[tuple[Source, Money]], *, now: datetime) -> None:
    for source, amount in parts:
        order = orders.lock(order_id=source.order_id)
        without_goods.send_back(order=order, amount=amount, now=now)
    taken = wallet.debit_refund(
        customer_id=refund.customer_id,
        parts=[
            RefundPart(
                key=_part_key(refund, order_no=source.order_no),
                order_no=source.order_no,
                amount=amount,
                refunded=source.paid - source.left + amount,
                paid=source.paid,
                gift=source.gift,
            )
            for source, amount in parts
        ],
        now=now,
    )
    for (source, amount), gift in zip(parts, taken, strict=True):
        refund_id = refunds.queue_principal(
            order_id=source.order_id, amount=amount, reason=refund.reason or REASON, now=now
        )
        refund.parts.append(
            PrincipalRefundPart(order_id=source.order_id, refund_id=refund_id, amount=amount, gift=gift)
        )
    db.session.flush()


def note_arrived(*, refund_id: int, now: datetime) -> None:
    """WeChat Pay says that the money of a refund has arrived; other refunds than of principal are none of ours."""
    part = queries.part_of(refund_id=refund_id)
    if part is not None:
        PART_MOVES.try_move(part, PartState.DONE, ended_at=now)


def put_back(*, part_id: int, number: str, now: datetime) -> bool:
    """WeChat Pay has no money of this part on its way and will get no further word of it: the wallet has it again.

    `number` is the refund's, as the platform was asked about it. False if it has been sent anew since.
    """
    part = db.session.get_one(PrincipalRefundPart, part_id, populate_existing=True)
    if not refunds.give_up(refund_id=part.refund_id, number=number):
        return False
    order = orders.lock(order_id=part.order_id)
    PART_MOVES.move(part, PartState.PUT_BACK, ended_at=now)
    without_goods.take_again(order=order, amount=part.amount, now=now)
    refund = db.session.get_one(PrincipalRefund, part.principal_refund_id)
    key = _part_key(refund, order_no=order.no)
    wallet.put_refund_back(key=key, order_no=order.no, gift=part.gift, now=now)
    return True


def _part_key(refund: PrincipalRefund, *, order_no: str) -> str:
    return f"{refund.public_id}:{order_no}"
