"""What happens to claims by time and by imports. Each claim has a transaction of its own: cut off, all goes on where it
stopped, and told twice nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, func, select, update

from shopapp.kernel import clock
from shopapp.kernel.db import db, insert_once, rows_changed, transaction
from shopapp.kernel.errors import ShopError
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace.queries import MarketplaceOrderFacts

from . import claiming, growth, services, standing
from .models import CashbackCampaign, CashbackClaim, OrderCursor
from .states import CLAIM_MOVES, COUNTED, INSIDE, WAITING, ClaimReason, ClaimStatus

log = structlog.get_logger(__name__)

BATCH = 200
ORDERS = 500
LOOK_AGAIN = timedelta(hours=6)
TRY_AGAIN = timedelta(hours=1)
OVERLAP = timedelta(minutes=3)
CURSOR = "orders"
NOTE_MAX = 200

_S = ClaimStatus


def match_claims(now: datetime) -> int:
    """Follow what imports changed, then look for the orders of claims that wait; how many claims moved."""
    return follow_orders(now) + look_for_orders(now)


def follow_orders(now: datetime) -> int:
    """Have claims and growth follow the orders that changed since the last time; how many claims changed."""
    changed, after = 0, _cursor(now)
    while orders := marketplace.changed_since(after=after, limit=ORDERS):
        changed += _follow(orders, now=now)
        after = (orders[-1].changed_at, orders[-1].id)
        with transaction():
            _keep_cursor(min(after, (clock.now() - OVERLAP, 0)))
    return changed


def _cursor(now: datetime) -> tuple[datetime, int]:
    """Where to go on, at first at the first claim: it looked at what there was before by itself."""
    place = select(OrderCursor.changed_at, OrderCursor.order_id).where(OrderCursor.name == CURSOR)
    kept = db.session.execute(place).first()
    if kept is not None:
        return kept.changed_at, kept.order_id
    first = db.session.scalar(select(func.min(CashbackClaim.submitted_at)))
    return (first or now) - OVERLAP, 0


def _keep_cursor(after: tuple[datetime, int]) -> None:
    """An import writes its time when it begins a batch: what changed within the last minutes is read again."""
    values = {"changed_at": after[0], "order_id": after[1]}
    if not insert_once(OrderCursor, name=CURSOR, **values):
        rows_changed(update(OrderCursor).where(OrderCursor.name == CURSOR).values(**values))


def _follow(orders: Sequence[MarketplaceOrderFacts], *, now: datetime) -> int:
    numbers = [order.order_no for order in orders]
    waits = (CashbackClaim.order_no.in_(numbers), CashbackClaim.status.in_(WAITING))
    bound = [order.id for order in orders if order.customer_id is not None]
    with transaction():
        rows_changed(update(CashbackClaim).where(*waits).values(next_look_at=now))
    for order_id in bound:
        with transaction():
            growth.follow(order_id=order_id, now=now)
    has_order = (CashbackClaim.order_id.in_(bound), CashbackClaim.status.in_(COUNTED))
    claims = select(CashbackClaim.id).where(*has_order).order_by(CashbackClaim.id)
    changed = 0
    for claim_id in db.session.scalars(claims).all() if bound else []:
        with transaction():
            changed += services.follow_refund(services.lock(claim_id=claim_id), now=now)
    return changed


def look_for_orders(now: datetime) -> int:
    """Look for the order of each waiting claim that is due, and end those that waited long enough."""
    return _all(
        _due(now).where(CashbackClaim.status.in_(WAITING)), lambda claim_id: _look(claim_id, now=now), now=now
    )


def _look(claim_id: int, *, now: datetime) -> bool:
    with transaction():
        claim = services.lock(claim_id=claim_id)
        was = claim.status
        reason = claiming.look(claim, now=now)
        if claim.status not in WAITING:
            return claim.status is not was
        if reason is not None:
            services.reject(claim, reason=reason, now=now)
        elif claim.expires_at <= now:
            services.end(claim, _S.EXPIRED, reason=ClaimReason.NOT_FOUND, now=now)
        else:
            claim.next_look_at = min(now + LOOK_AGAIN, claim.expires_at)
            CLAIM_MOVES.try_move(claim, _S.NOT_FOUND)
        return claim.status is not was


def pay_claims(now: datetime) -> int:
    """Approve claims whose hold is over, and pay those approved to wallet, points or coupon; how many were paid."""
    approve_due(now)
    due = _running(now).where(CashbackClaim.status == _S.APPROVED, CashbackCampaign.payout.in_(INSIDE))
    return _all(due, lambda claim_id: _pay(claim_id, now=now), now=now)


def _pay(claim_id: int, *, now: datetime) -> bool:
    with transaction():
        paid = services.pay_inside(claim_id=claim_id, now=now)
        if not paid:
            _put_off(claim_id, now=now)
        return paid


def approve_due(now: datetime) -> int:
    """Approve held claims whose time has come and that nobody has to look at first."""
    due = _running(now).where(CashbackClaim.status == _S.ON_HOLD, CashbackClaim.review.is_(False))
    return _all(due, lambda claim_id: _approve(claim_id, now=now), now=now)


def _approve(claim_id: int, *, now: datetime) -> bool:
    with transaction():
        claim = services.lock(claim_id=claim_id)
        services.follow_refund(claim, now=now)
        if claim.status is not _S.ON_HOLD or claim.review:
            return False
        if services.campaign_of(claim).require_follow and not standing.follows(customer_id=claim.customer_id):
            _put_off(claim_id, now=now)
            return False
        services.approve(claim, now=now)
        return True


def _put_off(claim_id: int, *, now: datetime, note: str | None = None) -> None:
    """Try again in a while, so that what cannot be done yet does not stand in the way of the others."""
    values: dict[str, object] = {"next_look_at": now + TRY_AGAIN}
    if note is not None:
        values["note"] = note[:NOTE_MAX]
    rows_changed(update(CashbackClaim).where(CashbackClaim.id == claim_id).values(**values))


def _due(now: datetime) -> Select[int]:
    in_turn = (CashbackClaim.next_look_at, CashbackClaim.id)
    statement = select(CashbackClaim.id).where(CashbackClaim.next_look_at <= now)
    return statement.order_by(*in_turn).limit(BATCH)


def _running(now: datetime) -> Select[int]:
    """What is due of campaigns that nobody stopped."""
    joined = _due(now).join(CashbackCampaign, CashbackCampaign.id == CashbackClaim.campaign_id)
    return joined.where(CashbackCampaign.active)


def _all(due: Select[int], work: Callable[[int], bool], *, now: datetime) -> int:
    """Do the work for all that is due, a transaction each; how many times it did something."""
    done = 0
    while True:
        ids = db.session.scalars(due).all()
        db.session.rollback()
        if not ids:
            return done
        done += sum(_one(claim_id, work, now=now) for claim_id in ids)


def _one(claim_id: int, work: Callable[[int], bool], *, now: datetime) -> bool:
    """A claim that cannot go on must not keep the others waiting: it is tried again in a while."""
    try:
        return work(claim_id)
    except Exception as problem:
        log.error("a claim could not go on", claim_id=claim_id, exc_info=problem)
        with transaction():
            _put_off(claim_id, now=now, note=problem.message if isinstance(problem, ShopError) else None)
        return False
