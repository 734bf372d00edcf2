"""The rules in force, and what a member has, may still earn and checked in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select

from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.queries import Balance, Expiring
from shopapp.loyalty.ledger.writing import Purse, purse

from . import rules
from .models import CapKind, CheckIn, PointsCount, PointsVersion
from .rules import PointsTerms

DEFAULT_TERMS = PointsTerms()

Categories = Callable[[], list[tuple[str, str]]]


def set_categories(app: Flask, categories: Categories) -> None:
    """Tell where the shop's categories come from, as (public id, name): the catalogue stands above this."""
    app.extensions["points_categories"] = categories


def categories() -> list[tuple[str, str]]:
    known: Categories = current_app.extensions["points_categories"]
    return known()


def points_purse(customer_id: int) -> Purse:
    return purse(customer_id=customer_id, unit=Unit.POINTS)


def task_key(task: str, *, customer_id: int) -> str:
    """The key under which the points of a task are booked."""
    return f"points:{task}:{customer_id}"


def earned_first_order(*, customer_id: int, order_no: str) -> bool:
    """Whether it was this order that brought the customer the points of a first order."""
    award = task_key("first_order", customer_id=customer_id)
    return ledger.subject_of_award(award=award) == subject_of_first_order(order_no)


def subject_of_first_order(order_no: str) -> str:
    return f"first_order:{order_no}"


def terms(now: datetime) -> PointsTerms:
    """The rules in force at `now`; those of the code while there is no version."""
    version = current_version(now)
    return DEFAULT_TERMS if version is None else PointsTerms.of_json(version.terms)


def current_version(now: datetime) -> PointsVersion | None:
    begun = select(PointsVersion).where(PointsVersion.valid_from <= now)
    return db.session.scalar(
        begun.order_by(PointsVersion.valid_from.desc(), PointsVersion.number.desc()).limit(1)
    )


def versions() -> list[PointsVersion]:
    """All versions, the newest first."""
    return list(db.session.scalars(select(PointsVersion).order_by(PointsVersion.number.desc())))


def version(number: int) -> PointsVersion | None:
    return db.session.scalar(select(PointsVersion).where(PointsVersion.number == number))


def left_to_earn(*, customer_id: int, terms: PointsTerms, now: datetime) -> int | None:
    """What the caps of the day and the month leave for orders; None for no cap. A look: `take_allowance` counts it."""
    return left_of(
        customer_id=customer_id,
        kind=CapKind.ORDERS,
        caps=(terms.earn.most_per_day, terms.earn.most_per_month),
        day=shop_day(now),
    )


def left_of(*, customer_id: int, kind: CapKind, caps: tuple[int | None, int | None], day: date) -> int | None:
    """What the caps of the day and the month leave; None if there is neither."""
    if caps == (None, None):
        return None
    counted = counts(customer_id=customer_id, kind=kind, day=day)
    left = [cap - done for cap, done in zip(caps, counted, strict=True) if cap is not None]
    return max(min(left), 0)


def periods(day: date) -> tuple[str, str]:
    """The day and its month, as counted."""
    return day.isoformat(), f"{day:%Y-%m}"


def counts(*, customer_id: int, kind: CapKind, day: date) -> tuple[int, int]:
    """How much was given on this day and in its month."""
    mine = select(PointsCount.period, PointsCount.counted).where(
        PointsCount.customer_id == customer_id,
        PointsCount.kind == kind,
        PointsCount.period.in_(periods(day)),
    )
    counted = {row.period: row.counted for row in db.session.execute(mine)}
    of_day, of_month = periods(day)
    return counted.get(of_day, 0), counted.get(of_month, 0)


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What a member has, what it is worth, and what ends when."""

    balance: Balance
    worth_fen: int
    expiring: list[Expiring]


def holding(*, customer_id: int, now: datetime) -> Holding:
    mine = points_purse(customer_id)
    balance = ledger.balance(purse=mine, now=now)
    return Holding(
        balance=balance,
        worth_fen=rules.worth(balance.available, terms(now).redeem).fen,
        expiring=ledger.expiring(purse=mine, now=now),
    )


def summary(customer_id: int, now: datetime) -> dict[str, Any]:
    """What the member's own page shows: available, pending, worth_fen, checked_in today, streak, check_in_points."""
    balance = ledger.balance(purse=points_purse(customer_id), now=now)
    in_force = terms(now)
    today = streak(customer_id=customer_id, today=shop_day(now))
    coming = today.days if today.checked_in else today.days + 1
    return {
        "available": balance.available,
        "pending": balance.pending,
        "worth_fen": rules.worth(balance.available, in_force.redeem).fen,
        "checked_in": today.checked_in,
        "streak": today.days,
        "check_in_points": in_force.tasks.of_streak(coming),
    }


@dataclass(frozen=True, kw_only=True)
class Streak:
    """How many days in a row a member checked in up to today or yesterday."""

    days: int
    checked_in: bool
    points: int = 0


def streak(*, customer_id: int, today: date) -> Streak:
    latest = db.session.scalar(
        select(CheckIn).where(CheckIn.customer_id == customer_id).order_by(CheckIn.day.desc()).limit(1)
    )
    if latest is None or latest.day < today - timedelta(days=1):
        return Streak(days=0, checked_in=False)
    done = latest.day == today
    return Streak(days=latest.streak, checked_in=done, points=latest.points if done else 0)


def check_ins(*, customer_id: int, first: date, last: date) -> dict[date, int]:
    """Points by the day of each check-in of a span, both ends included."""
    mine = select(CheckIn.day, CheckIn.points).where(
        CheckIn.customer_id == customer_id, CheckIn.day >= first, CheckIn.day <= last
    )
    return {row.day: row.points for row in db.session.execute(mine.order_by(CheckIn.day))}
