"""New versions of the rules, points for what members do, and the count that caps are held to.

Whatever gives points to a member first locks their account of points, so that caps and "once" hold also when two come at
the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update

from shopapp.kernel.access import current_actor
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Conflict
from shopapp.loyalty.ledger import queries as books
from shopapp.loyalty.ledger import services as ledger
from shopapp.loyalty.ledger import writing
from shopapp.members.identity import former

from . import queries
from .models import CapKind, CheckIn, PointsCount, PointsVersion
from .queries import points_purse
from .rules import PointsTerms, TaskTerms


def publish(*, terms: PointsTerms, valid_from: datetime, now: datetime) -> int:
    """Write a new version of the rules, which those before it stay beside; its number. Raises `Conflict` in a race."""
    number = (db.session.scalar(select(func.max(PointsVersion.number))) or 0) + 1
    fresh = insert_once(
        PointsVersion,
        number=number,
        terms=terms.as_json(),
        valid_from=valid_from,
        made_by=current_actor().name[:80],
        created_at=now,
    )
    if not fresh:
        raise Conflict
    return number


def take_allowance(*, customer_id: int, wanted: int, terms: PointsTerms, now: datetime) -> int:
    """Count what an order is about to earn against the caps of the day and the month; how much of it they allow.

    Locks the member's account of points. The answer is the `left_today` with which the order is awarded.
    """
    writing.lock(points_purse(customer_id))
    caps = (terms.earn.most_per_day, terms.earn.most_per_month)
    return _count(customer_id=customer_id, kind=CapKind.ORDERS, wanted=wanted, caps=caps, day=shop_day(now))


def _count(
    *, customer_id: int, kind: CapKind, wanted: int, caps: tuple[int | None, int | None], day: date
) -> int:
    left = queries.left_of(customer_id=customer_id, kind=kind, caps=caps, day=day)
    allowed = wanted if left is None else min(wanted, left)
    if not allowed:
        return 0
    for period in queries.periods(day):
        mine = {"customer_id": customer_id, "kind": kind, "period": period}
        if not insert_once(PointsCount, **mine, counted=allowed):
            again = update(PointsCount).filter_by(**mine)
            rows_changed(again.values(counted=PointsCount.counted + allowed))
    return allowed


def grant_joining(*, customer_id: int, now: datetime) -> int:
    """The points of becoming a member, once per person; how many that were now."""
    terms = queries.terms(now)
    return _grant(customer_id=customer_id, task="joining", wanted=terms.tasks.joining, terms=terms, now=now)


def grant_profile(*, customer_id: int, now: datetime) -> int:
    """The points of a complete profile, once; how many that were now."""
    terms = queries.terms(now)
    return _grant(customer_id=customer_id, task="profile", wanted=terms.tasks.profile, terms=terms, now=now)


def grant_first_order(*, customer_id: int, order_no: str, now: datetime) -> int:
    """The points of the first order whose after-sales window has closed, once per member; how many that were now."""
    terms = queries.terms(now)
    return _grant(
        customer_id=customer_id,
        task="first_order",
        wanted=terms.tasks.first_order,
        terms=terms,
        subject=queries.subject_of_first_order(order_no),
        now=now,
    )


def take_back_first_order(
    *, customer_id: int, order_no: str, order_subject: str, refunded: int, paid: int, now: datetime
) -> None:
    """Take back the share of the first order's points that `refunded` of `paid` fen stands for; told again nothing more.

    Nothing for an order that did not bring them. They are not given anew for a later order: who sends the first one back
    after its time for returns had the points to spend meanwhile, and could repeat it order by order.
    """
    if not refunded or not queries.earned_first_order(customer_id=customer_id, order_no=order_no):
        return
    award = queries.task_key("first_order", customer_id=customer_id)
    ledger.take_back(
        award=award,
        refunded=refunded,
        paid=paid,
        shortfall=queries.terms(now).shortfall,
        key=f"{award}:refund:{refunded}",
        reason=order_no,
        also=[order_subject],
        now=now,
    )


def grant_review(*, customer_id: int, review_id: str, now: datetime) -> int:
    """The points of one review, once each; how many that were now."""
    terms = queries.terms(now)
    return _grant(
        customer_id=customer_id,
        task=f"review:{review_id}",
        wanted=terms.tasks.review,
        terms=terms,
        subject=f"review:{review_id}",
        now=now,
    )


def _grant(
    *,
    customer_id: int,
    task: str,
    wanted: int,
    terms: PointsTerms,
    subject: str | None = None,
    now: datetime,
) -> int:
    """Give what the caps of tasks leave of `wanted`. If they leave nothing, it may be asked for on another day.

    Nothing for who had it before they were forgotten.
    """
    mine = points_purse(customer_id)
    writing.lock(mine)
    key = queries.task_key(task, customer_id=customer_id)
    if not wanted or books.booked(key=key):
        return 0
    if former.had_before(customer_id=customer_id, gift=f"points:{task}", now=now):
        return 0
    amount = _count_task(customer_id=customer_id, wanted=wanted, tasks=terms.tasks, day=shop_day(now))
    if amount:
        ledger.earn(
            purse=mine, amount=amount, key=key, subject=subject or f"task:{task}", life=terms.life, now=now
        )
    return amount


def _count_task(*, customer_id: int, wanted: int, tasks: TaskTerms, day: date) -> int:
    caps = (tasks.most_per_day, tasks.most_per_month)
    return _count(customer_id=customer_id, kind=CapKind.TASKS, wanted=wanted, caps=caps, day=day)


@dataclass(frozen=True, kw_only=True)
class CheckedIn:
    """A day's check-in; `repeated` if it was made before."""

    day: date
    streak: int
    points: int
    repeated: bool = False


def check_in(*, customer_id: int, now: datetime) -> CheckedIn:
    """Check a member in for the day of `now` and give its points; told again it changes nothing."""
    mine, today = points_purse(customer_id), shop_day(now)
    writing.lock(mine)
    before = queries.streak(customer_id=customer_id, today=today)
    if before.checked_in:
        return CheckedIn(day=today, streak=before.days, points=before.points, repeated=True)
    terms = queries.terms(now)
    days = before.days + 1
    points = _count_task(
        customer_id=customer_id, wanted=terms.tasks.of_streak(days), tasks=terms.tasks, day=today
    )
    insert_once(CheckIn, customer_id=customer_id, day=today, streak=days, points=points, checked_at=now)
    if points:
        ledger.earn(
            purse=mine,
            amount=points,
            key=f"points:check_in:{customer_id}:{today.isoformat()}",
            subject=f"check_in:{today.isoformat()}",
            life=terms.life,
            now=now,
        )
    return CheckedIn(day=today, streak=days, points=points)
