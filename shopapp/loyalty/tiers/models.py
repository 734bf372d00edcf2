"""Rule versions, the tier of each member with its steps, and tiers given by staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model, RowId
from shopapp.kernel.ids import new_id

from .line import Why


class TierVersion(Model):
    """One version of the rules, never changed; in force from `starts_at` until the next. `terms` as `TierTerms.to_json`."""

    __tablename__ = "tier_versions"

    number: Mapped[int] = mapped_column(unique=True)
    terms: Mapped[dict[str, Any]]
    starts_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    actor_name: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(200), default="")


class MemberTier(Model):
    """What `rules.evaluate` came to at `evaluated_at`, by rules `version`; it holds until `next_look_at`, if no growth comes.

    `level` counts from 0; `steps` is how many there are of this member, 0 until the first evaluation.
    """

    __tablename__ = "member_tiers"
    __table_args__ = (
        CheckConstraint("level >= 0 AND steps >= 0", "in_bounds"),
        Index("ix_member_tiers_due", "next_look_at", "id"),
        Index("ix_member_tiers_version", "version"),
        Index("ix_member_tiers_code", "code"),
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), unique=True)
    joined_at: Mapped[datetime]
    code: Mapped[str] = mapped_column(String(16))
    level: Mapped[int]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    grace_until: Mapped[datetime | None]
    version: Mapped[int]
    steps: Mapped[int]
    evaluated_at: Mapped[datetime]
    next_look_at: Mapped[datetime | None]


class TierStep(Model):
    """One step of a member's history; `got` of `needed` growth decided it, `award` is the key of what tipped it."""

    __tablename__ = "tier_steps"
    __table_args__ = (UniqueConstraint("customer_id", "number"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    number: Mapped[int]
    code: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    why: Mapped[Why]
    version: Mapped[int]
    got: Mapped[int] = mapped_column(RowId)
    needed: Mapped[int] = mapped_column(RowId)
    award: Mapped[str] = mapped_column(String(160), default="")


class TierOverride(Model):
    """A tier that staff gave to a customer for a time, with the reason; `actor` is `card:<id>` if it comes with a card."""

    __tablename__ = "tier_overrides"
    __table_args__ = (
        CheckConstraint("until > since", "ends"),
        Index("ix_tier_overrides_customer_id", "customer_id"),
        Index("ix_tier_overrides_until", "until"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    code: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
