"""What an order earns: pending from its payment on, to be spent once the time for returns is over.

Each line's award was worked out when the order was placed; a refund takes back its part of what was stored.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shopapp.events import MembershipSaved, OrderCompleted, OrderFinal, OrderPaid
from shopapp.kernel import clock, preferences
from shopapp.kernel.money import Money
from shopapp.kernel.outbox import publish
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.coupons.rules import Slot
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.points import queries as points
from shopapp.loyalty.points import services as point_services
from shopapp.loyalty.points.rules import PointsTerms
from shopapp.members.identity.members import member_of

from . import services
from .models import Order, OrderLine, OrderStatus, RefundStatus


def earn(event: OrderPaid) -> None:
    """Book what the lines of a paid order earn, less what was refunded before this ran."""
    order = services.lock(order_id=event.order_id)
    now = clock.now()
    terms = points.terms(now)
    _hold_to_caps(order, terms=terms, now=now)
    for line in order.lines:
        for unit, amount, life in _awards(line, life=terms.life):
            books.earn(
                purse=purse(customer_id=order.customer_id, unit=unit),
                amount=amount,
                key=_award_key(order, line, unit),
                subject=order.subject,
                reason=order.no,
                life=life,
                pending=True,
                now=now,
            )
    take_back(order=order)
    if order.status is OrderStatus.CANCELLED:
        close(order=order, now=now)
    elif order.completed_at is not None:
        _activate(order)
    _tell_saved(order, fen=_saved(order, refunds=False), now=now)


def _hold_to_caps(order: Order, *, terms: PointsTerms, now: datetime) -> None:
    """Count the points against the member's caps; orders placed side by side may have promised more than these leave."""
    promised = [line.award for line in order.lines]
    if not any(promised):
        return
    allowed = point_services.take_allowance(
        customer_id=order.customer_id, wanted=sum(promised), terms=terms, now=now
    )
    if allowed < sum(promised):
        for line, part in zip(order.lines, Money(allowed).split(promised), strict=True):
            line.award = part.fen


def activate(event: OrderCompleted) -> None:
    """From receipt on the time for returns runs; then what the order earned is the customer's."""
    _activate(services.lock(order_id=event.order_id))


def close(*, order: Order, now: datetime) -> None:
    """Nothing of a closed order can come back any more: what a lowered refund left of its awards is final."""
    books.activate_by(subject=order.subject, at=now)


def reward_first(event: OrderFinal) -> None:
    """A member's first order that was kept brings the points of a first order; one of the points mall is none.

    What was refunded of it, before or later, takes its part of them back, see `take_back`.
    """
    order, now = services.lock(order_id=event.order_id), clock.now()
    if order.in_mall or order.refund_status is RefundStatus.ALL:
        return
    if member_of(order.customer_id) is not None:
        point_services.grant_first_order(customer_id=order.customer_id, order_no=order.no, now=now)
        _take_back_first(order, now=now)


def take_back(*, order: Order) -> None:
    """Take back the part of each line's awards that its refunds so far stand for; told again it changes nothing.

    The order is locked. What is not booked yet is left to `earn`, which ends with this.
    """
    now = clock.now()
    shortfall = points.terms(now).shortfall
    _take_back_first(order, now=now)
    for line in order.lines:
        if not line.refunded:
            continue
        for unit, _amount, _life in _awards(line, life=None):
            key = _award_key(order, line, unit)
            if ledger.was_earned(award=key):
                books.take_back(
                    award=key,
                    refunded=line.refunded.fen,
                    paid=line.pay.fen,
                    shortfall=shortfall,
                    key=f"{key}:refund:{line.refunded.fen}",
                    reason=order.no,
                    also=[points.subject_of_first_order(order.no)],
                    now=now,
                )


def _take_back_first(order: Order, *, now: datetime) -> None:
    """The part of the first order's points that is refunded of what was paid for goods; all once nothing is kept."""
    paid = Money.total(line.pay for line in order.lines).fen or 1
    refunded = Money.total(line.refunded for line in order.lines).fen
    whole = order.refund_status is RefundStatus.ALL
    if order.final_at is not None:
        point_services.take_back_first_order(
            customer_id=order.customer_id,
            order_no=order.no,
            order_subject=order.subject,
            refunded=paid if whole else refunded,
            paid=paid,
            now=now,
        )


def saved(order: Order) -> int:
    """Fen that membership saves on what is left of an order: tier prices, free freight, and a coupon that was a perk."""
    return _saved(order, refunds=True)


def _saved(order: Order, *, refunds: bool) -> int:
    kinds = {"tier", "coupon"} if _by_perk(order) else {"tier"}
    found = 0
    for line in order.lines:
        own = sum(kept["fen"] for kept in line.reductions if kept["kind"] in kinds)
        gone = line.refunded_quantity if refunds else 0
        found += own * (line.quantity - gone) // line.quantity
    left = not refunds or any(line.refunded_quantity < line.quantity for line in order.lines)
    return found + (order.freight_saved.fen if left and _free_by_membership(order) else 0)


def tell_saved(order: Order, *, was: int, now: datetime) -> None:
    """Tell by how much less membership saves on this order after a refund. What it saved in all is told by `earn`."""
    _tell_saved(order, fen=saved(order) - was, now=now)


def _tell_saved(order: Order, *, fen: int, now: datetime) -> None:
    if fen:
        publish(MembershipSaved(customer_id=order.customer_id, order_id=order.id, fen=fen, at=now))


def _free_by_membership(order: Order) -> bool:
    """Whether freight was free by the tier, or by a coupon that was a perk; one that staff gave is no merit of it."""
    if not order.freight_saved or not order.tier_name or any(line.in_mall for line in order.lines):
        return False
    held = coupons.of_order(order_no=order.no, now=order.created_at) if order.coupon_ids else []
    freight = [one for one in held if one.terms.slot is Slot.FREIGHT]
    return all(one.source is Giving.PERK for one in freight)


def _by_perk(order: Order) -> bool:
    if not order.coupon_ids:
        return False
    held = coupons.of_order(order_no=order.no, now=order.created_at)
    return any(one.source is Giving.PERK and one.terms.slot is Slot.GOODS for one in held)


def _activate(order: Order) -> None:
    if order.completed_at is not None:
        window = timedelta(days=preferences.read("orders.aftersales_days"))
        books.activate_by(subject=order.subject, at=order.completed_at + window)


def _awards(line: OrderLine, *, life: Life | None) -> list[tuple[Unit, int, Life | None]]:
    """Unit, amount and life of what a line earns; points before growth, as accounts are locked."""
    found = [(Unit.POINTS, line.award, life), (Unit.GROWTH, line.growth, None)]
    return [award for award in found if award[1]]


def _award_key(order: Order, line: OrderLine, unit: Unit) -> str:
    return f"{order.subject}:{line.public_id}:{unit.value}"
