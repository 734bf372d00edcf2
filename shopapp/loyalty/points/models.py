"""Versions of the rules, days on which members checked in, and what counts against their caps."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model


class PointsVersion(Model):
    """One version of the rules, never changed. In force is the one that began last, of several the newest."""

    __tablename__ = "points_versions"

    number: Mapped[int] = mapped_column(unique=True)
    terms: Mapped[dict[str, Any]]
    valid_from: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class CheckIn(Model):
    """A day of shop time on which a member checked in, with how many days in a row that made."""

    __tablename__ = "check_ins"
    __table_args__ = (
        UniqueConstraint("customer_id", "day"),
        CheckConstraint("streak >= 1 AND points >= 0", "in_bounds"),
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    day: Mapped[date]
    streak: Mapped[int]
    points: Mapped[int]
    checked_at: Mapped[datetime]


class CapKind(StrEnum):
    """What a cap is on: what orders earn, or what tasks give."""

    ORDERS = "orders"
    TASKS = "tasks"


class PointsCount(Model):
    """How much of one kind a member was given in one day ("2026-11-26") or month ("2026-11") of shop time."""

    __tablename__ = "points_counts"
    __table_args__ = (
        UniqueConstraint("customer_id", "kind", "period"),
        CheckConstraint("counted >= 0", "not_negative"),
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    kind: Mapped[CapKind]
    period: Mapped[str] = mapped_column(String(10))
    counted: Mapped[int] = mapped_column(default=0)
