"""Giving coupons out, and what orders do with them. All inside the caller's transaction.

Giving locks the row of the coupon first, then checks, then counts by guarded updates; a refusal has changed nothing, so
that the caller may go on. Whoever gives several kinds in one transaction gives them in the order of `queries.pushed_at`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, case, or_, select, update

from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Conflict, NotFound, ShopError
from shopapp.kernel.i18n import _l
from shopapp.members.identity import former

from . import queries, rules
from .content import CouponStatus, Giving, Moment, fold_code, period_start, validity
from .models import COUPON_MOVES, Coupon, CouponCode, CouponTally, CustomerCoupon
from .queries import Holding

REMIND_BEFORE = timedelta(days=3)
LEAST_LIFE_BEFORE_REMINDER = timedelta(days=1)
LIFE_OF_RETURNED = timedelta(days=7)
FOR_A_PERSON_ONCE = {Giving.PUSH, Giving.CLAIM, Giving.CODE}

_S = CouponStatus


class CouponClosed(ShopError):
    """Not on offer now: stopped, not begun, over, or given out in another way."""

    status, code, text = 409, "coupon_closed", _l("这张优惠券现在不能领取，没有任何改动。")


class CouponsGone(ShopError):
    status, code, text = 409, "coupons_gone", _l("这张优惠券已经领完，没有任何改动。")


class CouponTaken(ShopError):
    """The person's own limit is reached, in all or for this day, week or month."""

    status, code, text = 409, "coupon_taken", _l("您已经领过这张优惠券了，没有任何改动。")


class CodeWrong(ShopError):
    """The same words whether there is no such code, it was used, or what it leads to is not on offer."""

    status, code, text = 422, "code_wrong", _l("这个兑换码不能用，请核对后再试。没有任何改动。")


class CouponUnusable(ShopError):
    """Details: `coupon_id`, that of the customer's own coupon."""

    status, code, text = (
        409,
        "coupon_unusable",
        _l("有一张优惠券已经用掉或过期，没有任何改动。请重新选择优惠券。"),
    )


class CouponsDontStack(ShopError):
    status, code, text = (
        422,
        "coupons_dont_stack",
        _l("一张订单最多用一张商品券和一张免运费券，没有任何改动。"),
    )


def grant(
    *,
    coupon_id: str,
    customer_id: int,
    key: str,
    source: Giving,
    now: datetime,
    earned_by: str | None = None,
) -> Holding:
    """Give one piece of a coupon to a customer; `key` (at most 120 characters) names the reason, which counts once.

    The same key again gives the first one again, also when the coupon has ended since. `earned_by` is the number of the
    order that earned it: `reclaim_gift` takes it back with the order. Stock and the limits per person hold for every
    source. Raises `NotFound`, `CouponClosed`, `CouponsGone`, `CouponTaken`; `ValueError` for a key of somebody else's.
    """
    coupon = _locked(coupon_id)
    first = _by_key(key)
    if first is not None:
        if (first.coupon_id, first.customer_id) != (coupon.id, customer_id):
            raise ValueError("this key belongs to another grant")
        return _shown(first, now=now)
    return _shown(
        _give(coupon, customer_id=customer_id, key=key, source=source, now=now, earned_by=earned_by), now=now
    )


def claim(*, coupon_id: str, customer_id: int, now: datetime) -> Holding:
    """A customer takes one piece in the coupon centre. Raises what `grant` raises."""
    coupon = _locked(coupon_id)
    if coupon.giving is not Giving.CLAIM or not _claim_is_open(coupon, now=now):
        raise CouponClosed
    key = _own_key(coupon, customer_id=customer_id)
    return _shown(
        _give(coupon, customer_id=customer_id, key=key, source=Giving.CLAIM, now=now, earned_by=None), now=now
    )


def claim_by_code(*, code: str, customer_id: int, now: datetime) -> Holding:
    """A customer types a code; the tries are to be counted before (`limits.spend`), since codes can be guessed.

    Raises `CodeWrong` for every code that leads to nothing, `CouponsGone` and `CouponTaken`.
    """
    row = db.session.scalar(select(CouponCode).where(CouponCode.code == fold_code(code)[:32]))
    if row is None:
        raise CodeWrong
    coupon = db.session.get_one(Coupon, row.coupon_id, with_for_update=True, populate_existing=True)
    db.session.refresh(row)
    offered = coupon.giving is Giving.CODE and _is_open(coupon, now=now) and _claim_is_open(coupon, now=now)
    if not offered or row.used_at is not None:
        raise CodeWrong
    key = _own_key(coupon, customer_id=customer_id)
    given = _give(coupon, customer_id=customer_id, key=key, source=Giving.CODE, now=now, earned_by=None)
    if not row.shared:
        _take_code(row, now=now)
    return _shown(given, now=now)


def push(*, moment: Moment, customer_id: int, now: datetime, earned_by: str | None = None) -> list[Holding]:
    """Give a customer every coupon that waits for this moment, each once in a lifetime; what is used up or stopped is
    passed over."""
    found = []
    for coupon_id in queries.pushed_at(moment=moment):
        key = f"push:{coupon_id}:{customer_id}"
        try:
            given = grant(
                coupon_id=coupon_id,
                customer_id=customer_id,
                key=key,
                source=Giving.PUSH,
                now=now,
                earned_by=earned_by,
            )
        except (CouponClosed, CouponsGone, CouponTaken):
            continue
        found.append(given)
    return found


def _locked(public_id: str) -> Coupon:
    found = select(Coupon).where(Coupon.public_id == public_id).with_for_update()
    row = db.session.scalar(found.execution_options(populate_existing=True))
    if row is None:
        raise NotFound
    return row


def _by_key(key: str) -> CustomerCoupon | None:
    return db.session.scalar(select(CustomerCoupon).where(CustomerCoupon.grant_key == key))


def _own_key(coupon: Coupon, *, customer_id: int) -> str:
    """The key of this person's next piece: the tally only grows, and the coupon's row is locked."""
    tally = _tally(coupon, customer_id=customer_id)
    return f"own:{coupon.public_id}:{customer_id}:{tally.given + 1 if tally else 1}"


def _tally(coupon: Coupon, *, customer_id: int) -> CouponTally | None:
    found = select(CouponTally).where(
        CouponTally.coupon_id == coupon.id, CouponTally.customer_id == customer_id
    )
    return db.session.scalar(found.execution_options(populate_existing=True))


def _is_open(coupon: Coupon, *, now: datetime) -> bool:
    return coupon.active and (coupon.valid_until is None or now < coupon.valid_until)


def _claim_is_open(coupon: Coupon, *, now: datetime) -> bool:
    begun = coupon.claim_from is None or coupon.claim_from <= now
    return begun and (coupon.claim_until is None or now < coupon.claim_until)


def _take_code(row: CouponCode, *, now: datetime) -> None:
    """Like the stock, looked at under the lock of the coupon and guarded all the same."""
    unused = update(CouponCode).where(CouponCode.id == row.id, CouponCode.used_at.is_(None))
    if rows_changed(unused.values(used_at=now)) == 0:
        raise CodeWrong


def _give(
    coupon: Coupon, *, customer_id: int, key: str, source: Giving, now: datetime, earned_by: str | None
) -> CustomerCoupon:
    """One piece of a coupon whose row is locked."""
    if not _is_open(coupon, now=now):
        raise CouponClosed
    if coupon.stock is not None and coupon.given >= coupon.stock:
        raise CouponsGone
    if source in FOR_A_PERSON_ONCE and former.had_before(
        customer_id=customer_id, gift=queries.gift_of(coupon.public_id), now=now
    ):
        raise CouponTaken
    _count_for_person(coupon, customer_id=customer_id, now=now)
    _count_for_all(coupon)
    valid_from, valid_until = validity(
        valid_from=coupon.valid_from, valid_until=coupon.valid_until, valid_days=coupon.valid_days, now=now
    )
    row = CustomerCoupon(
        customer_id=customer_id,
        coupon_id=coupon.id,
        terms=queries.terms_of(coupon).dump(),
        source=source,
        grant_key=key,
        earned_by=earned_by,
        valid_from=valid_from,
        valid_until=valid_until,
        given_at=now,
        remind_at=_remind_at(valid_until, given_at=now),
    )
    db.session.add(row)
    db.session.flush()
    return row


def _remind_at(valid_until: datetime, *, given_at: datetime) -> datetime | None:
    """Three days before the end; never for what lives so briefly that the reminder would follow the gift at once."""
    moment = valid_until - REMIND_BEFORE
    return moment if moment >= given_at + LEAST_LIFE_BEFORE_REMINDER else None


def _count_for_person(coupon: Coupon, *, customer_id: int, now: datetime) -> None:
    start = period_start(coupon.period, now=now)
    insert_once(
        CouponTally, coupon_id=coupon.id, customer_id=customer_id, given=0, period_start=start, in_period=0
    )
    same = CouponTally.period_start == start
    within = [CouponTally.coupon_id == coupon.id, CouponTally.customer_id == customer_id]
    if coupon.per_person is not None:
        within.append(CouponTally.given < coupon.per_person)
    if coupon.per_period is not None:
        within.append(or_(~same, CouponTally.in_period < coupon.per_period))
    counted = update(CouponTally).values(
        given=CouponTally.given + 1,
        in_period=case((same, CouponTally.in_period + 1), else_=1),
        period_start=start,
    )
    if rows_changed(counted.where(*within)) == 0:
        raise CouponTaken


def _count_for_all(coupon: Coupon) -> None:
    """The stock was looked at under the lock; the guard is what holds if that should ever fail."""
    left = or_(Coupon.stock.is_(None), Coupon.given < Coupon.stock)
    counted = update(Coupon).where(Coupon.id == coupon.id, left).values(given=Coupon.given + 1)
    if rows_changed(counted) == 0:
        raise CouponsGone
    db.session.refresh(coupon)


def hold(*, coupon_ids: Sequence[str], customer_id: int, order_no: str, now: datetime) -> list[Holding]:
    """Bind the customer's own coupons of these public ids to an order that is being placed; calling again changes nothing.

    Returns them in the order given. Raises `CouponsDontStack`, and `CouponUnusable` for one that is not theirs, is not
    available or not valid now; the transaction must then be given up.
    """
    found = select(CustomerCoupon).where(
        CustomerCoupon.public_id.in_(coupon_ids), CustomerCoupon.customer_id == customer_id
    )
    rows = {row.public_id: row for row in _lock_all(found)}
    for coupon_id in coupon_ids:
        row = rows.get(coupon_id)
        mine_already = row is not None and row.status is _S.HELD and row.order_no == order_no
        if row is None or not (mine_already or _hold(row, order_no=order_no, now=now)):
            raise CouponUnusable(coupon_id=coupon_id)
    held = queries.of_order(order_no=order_no, now=now)
    if rules.stack_problem([one.terms for one in held]) is not None:
        raise CouponsDontStack
    by_id = {one.id: one for one in held}
    return [by_id[coupon_id] for coupon_id in coupon_ids]


def _hold(row: CustomerCoupon, *, order_no: str, now: datetime) -> bool:
    valid = row.valid_from <= now < row.valid_until
    return valid and COUPON_MOVES.try_move(row, _S.HELD, order_no=order_no, held_at=now)


def use(*, order_no: str, now: datetime) -> int:
    """The order is paid: what it holds is used. Returns how many coupons; 0 when there were none left to use."""
    return sum(COUPON_MOVES.try_move(row, _S.USED, used_at=now) for row in _of_order(order_no, _S.HELD))


def release(*, order_no: str) -> int:
    """The unpaid order is gone: what it holds is available again, with the dates that it had."""
    free = {"order_no": None, "held_at": None}
    return sum(COUPON_MOVES.try_move(row, _S.AVAILABLE, **free) for row in _of_order(order_no, _S.HELD))


def give_back(*, order_no: str, now: datetime) -> int:
    """The last line of a paid order is gone: what it used is available again.

    It keeps its dates; one that is over by now lives another seven days.
    """
    count = 0
    for row in _of_order(order_no, _S.USED):
        until = row.valid_until if now < row.valid_until else now + LIFE_OF_RETURNED
        values = {"order_no": None, "held_at": None, "used_at": None, "valid_until": until}
        count += COUPON_MOVES.try_move(row, _S.AVAILABLE, **values, remind_at=_remind_at(until, given_at=now))
    return count


def reclaim_gift(*, order_no: str, now: datetime) -> int:
    """The order that earned them is gone: the coupons given for it and not yet spent are taken back."""
    earned = select(CustomerCoupon).where(
        CustomerCoupon.earned_by == order_no, CustomerCoupon.status == _S.AVAILABLE
    )
    return sum(COUPON_MOVES.try_move(row, _S.REVOKED, ended_at=now) for row in _lock_all(earned))


def revoke(*, public_id: str, now: datetime) -> Holding:
    """Staff take a coupon back. An order that holds it keeps its price. Raises `NotFound`, `IllegalMove`."""
    rows = _lock_all(select(CustomerCoupon).where(CustomerCoupon.public_id == public_id))
    if not rows:
        raise NotFound
    COUPON_MOVES.move(rows[0], _S.REVOKED, ended_at=now)
    return _shown(rows[0], now=now)


def expire(*, ids: Collection[int], now: datetime) -> int:
    """Write the end of these coupons (row ids) that are over by the clock, dated when it came. Returns how many."""
    over = select(CustomerCoupon).where(
        CustomerCoupon.id.in_(ids),
        CustomerCoupon.status == _S.AVAILABLE,
        CustomerCoupon.valid_until <= now,
    )
    return sum(
        COUPON_MOVES.try_move(row, _S.EXPIRED, ended_at=row.valid_until, remind_at=None)
        for row in _lock_all(over)
    )


def take_reminders(*, customer_id: int, now: datetime) -> list[Holding]:
    """A customer's coupons whose end is to be announced now, the first to end first; each is given out once."""
    due = select(CustomerCoupon).where(
        CustomerCoupon.customer_id == customer_id,
        CustomerCoupon.status == _S.AVAILABLE,
        CustomerCoupon.remind_at <= now,
        CustomerCoupon.valid_until > now,
    )
    rows = _lock_all(due)
    for row in rows:
        row.remind_at = None
    db.session.flush()
    return [_shown(row, now=now) for row in sorted(rows, key=lambda row: (row.valid_until, row.id))]


def _of_order(order_no: str, status: CouponStatus) -> list[CustomerCoupon]:
    """Locked, so that a coupon cannot come into another order between the look and the move."""
    return _lock_all(
        select(CustomerCoupon).where(CustomerCoupon.order_no == order_no, CustomerCoupon.status == status)
    )


def _lock_all(statement: Select[CustomerCoupon]) -> list[CustomerCoupon]:
    locked = statement.order_by(CustomerCoupon.id).with_for_update()
    return list(db.session.scalars(locked.execution_options(populate_existing=True)))


def _shown(row: CustomerCoupon, *, now: datetime) -> Holding:
    found = queries.holding(public_id=row.public_id, now=now)
    if found is None:
        raise Conflict
    return found
