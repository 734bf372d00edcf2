"""What an order is paid with beside WeChat Pay: coupons, points and the wallet, kept, used, freed and given back.

Always inside the transaction that moves the order, whose row is locked first; then coupons, points, principal, gift.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons import services as coupons
from shopapp.loyalty.ledger import Unit, holds, writing
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.points import queries as points
from shopapp.members.identity import queries as customers

from .models import Order, subject_of


@dataclass(frozen=True, kw_only=True)
class Used:
    """What of an order came from the books, in points and fen, and which coupons."""

    no: str
    coupon_ids: Collection[str] = ()
    points: int = 0
    principal: Money = ZERO
    gift: Money = ZERO

    def amounts(self) -> list[tuple[Unit, int]]:
        """Those above zero, in the order in which accounts are locked."""
        all_of_them = [
            (Unit.POINTS, self.points),
            (Unit.PRINCIPAL, self.principal.fen),
            (Unit.GIFT, self.gift.fen),
        ]
        return [(unit, amount) for unit, amount in all_of_them if amount]


def split_wallet(*, customer_id: int, wallet: Money, now: datetime) -> tuple[Money, Money]:
    """Principal first, then gift. What both lack is missing from the second, so that holding it is refused."""
    if not wallet:
        return ZERO, ZERO
    own = ledger.balance(purse=purse(customer_id=customer_id, unit=Unit.PRINCIPAL), now=now)
    principal = min(wallet, Money(own.available))
    return principal, wallet - principal


def keep(*, customer_id: int, used: Used, now: datetime) -> None:
    """Keep all of it for this order. Raises `NotEnough`, and what `coupons.hold` raises."""
    if used.coupon_ids:
        coupons.hold(coupon_ids=list(used.coupon_ids), customer_id=customer_id, order_no=used.no, now=now)
    for unit, amount in used.amounts():
        holds.hold(
            purse=purse(customer_id=customer_id, unit=unit),
            amount=amount,
            key=_key(used.no, unit),
            subject=subject_of(used.no),
            now=now,
        )


def use(*, used: Used, now: datetime) -> None:
    """The order is paid: what was kept is spent."""
    if used.coupon_ids:
        coupons.use(order_no=used.no, now=now)
    for unit, _amount in used.amounts():
        holds.commit(key=_key(used.no, unit), now=now)


def free(*, used: Used, now: datetime) -> None:
    """The order was cancelled unpaid: what was kept is free again."""
    if used.coupon_ids:
        coupons.release(order_no=used.no)
    for unit, _amount in used.amounts():
        holds.release(key=_key(used.no, unit), now=now)


def lock_books(*, order: Order) -> None:
    """Lock every account that a refund of this order may move, in the one order, before any of them is moved."""
    for unit in _movable(order):
        writing.lock(purse(customer_id=order.customer_id, unit=unit))


def _movable(order: Order) -> list[Unit]:
    wallet = bool(order.wallet)
    wanted = [
        (
            Unit.POINTS,
            order.points or any(line.award for line in order.lines) or _brought_first_points(order),
        ),
        (Unit.PRINCIPAL, wallet),
        (Unit.GIFT, wallet),
        (Unit.GROWTH, any(line.growth for line in order.lines)),
    ]
    return [unit for unit, moved in wanted if moved]


def _brought_first_points(order: Order) -> bool:
    return order.final_at is not None and points.earned_first_order(
        customer_id=order.customer_id, order_no=order.no
    )


def give_back(*, order: Order, points: int, wallet: Money, now: datetime) -> None:
    """Return points and wallet money of a locked order's refund; the order says already how much went back in all.

    The wallet's part is split as it was paid, in any split of refunds to exactly what it was.
    """
    if points:
        done = sum(line.points_returned for line in order.lines)
        _return(order, Unit.POINTS, points, done=done, now=now)
    if wallet:
        after = _principal_share(order, order.wallet_refunded)
        before = _principal_share(order, order.wallet_refunded - wallet)
        _return(order, Unit.PRINCIPAL, (after - before).fen, done=after.fen, now=now)
        gift = wallet - (after - before)
        _return(order, Unit.GIFT, gift.fen, done=(order.wallet_refunded - after).fen, now=now)


def forfeit_of_nobody(*, order: Order, now: datetime) -> None:
    """What a refund moved in the points and the gift of somebody who was forgotten meanwhile ends there: nobody has it.

    Principal stays for the shop to pay out.
    """
    if customers.is_erased(customer_id=order.customer_id):
        for unit in (Unit.POINTS, Unit.GIFT):
            if unit in _movable(order):
                books.forfeit(purse=purse(customer_id=order.customer_id, unit=unit), now=now)


def give_coupons_back(*, order: Order, now: datetime) -> None:
    """The last piece of the order is gone: its coupons can be used again."""
    if order.coupon_ids:
        coupons.give_back(order_no=order.no, now=now)


def reclaim_coupons(*, order: Order, now: datetime) -> None:
    """The whole order went back: coupons that it brought and that are not used yet go with it."""
    coupons.reclaim_gift(order_no=order.no, now=now)


def used_by(order: Order) -> Used:
    return Used(
        no=order.no,
        coupon_ids=order.coupon_ids,
        points=order.points,
        principal=order.principal,
        gift=order.gift,
    )


def _principal_share(order: Order, returned: Money) -> Money:
    return order.principal.share(done=returned.fen, of=order.wallet.fen)


def _return(order: Order, unit: Unit, amount: int, *, done: int, now: datetime) -> None:
    if amount:
        key = _key(order.no, unit)
        books.give_back(spent_with=key, amount=amount, key=f"{key}:back:{done}", now=now)


def _key(no: str, unit: Unit) -> str:
    return f"{subject_of(no)}:{unit.value}"
