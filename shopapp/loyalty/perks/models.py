"""Perks that a merchant promises, what was granted to whom, and what membership has saved people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.states import StateTable

from .rules import GrantStatus, Period, PerkKind

_G = GrantStatus
GRANT_MOVES = StateTable[GrantStatus](
    {
        _G.GRANTED: frozenset({_G.RESERVED, _G.EXPIRED, _G.REVOKED, _G.MERGED}),
        _G.RESERVED: frozenset({_G.GRANTED, _G.REDEEMED, _G.REVOKED, _G.MERGED}),
        _G.REDEEMED: frozenset(),
        _G.EXPIRED: frozenset(),
        _G.REVOKED: frozenset(),
        _G.MERGED: frozenset({_G.GRANTED, _G.RESERVED}),
    }
)
"""What was merged away comes back when the merge is undone."""


class Perk(Model):
    """A promise to members of some tiers and holders of some cards; `terms` as `rules.PerkTerms.dump`.

    `granted_through` is when its grants were last made for all.
    """

    __tablename__ = "perks"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(String(20))
    how: Mapped[str] = mapped_column(String(80), default="")
    kind: Mapped[PerkKind]
    period: Mapped[Period]
    terms: Mapped[dict[str, Any]]
    tiers: Mapped[list[str]]
    plans: Mapped[list[str]]
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    granted_through: Mapped[datetime | None]
    created_at: Mapped[datetime]


class PerkGrant(Model):
    """One perk of one person for one period, on the `terms` of the moment it was granted.

    `slot` is the perk's public id, or "birthday" for every birthday gift, of which a year has one. `key` is whose
    reservation it is or was. `automatic` ones are given without being asked for. `gave` holds what came of it: points, ids of coupons. `saved` counts in what membership saved.
    """

    __tablename__ = "perk_grants"
    __table_args__ = (
        UniqueConstraint("customer_id", "perk_id", "period"),
        UniqueConstraint("customer_id", "slot", "period"),
        CheckConstraint("saved >= 0", "saved"),
        Index("ix_perk_grants_counts", "perk_id", "status"),
        Index("ix_perk_grants_automatic", "automatic", "status", "id"),
        Index("ix_perk_grants_expiry", "status", "valid_until"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    perk_id: Mapped[int] = mapped_column(ForeignKey("perks.id"))
    slot: Mapped[str] = mapped_column(String(32))
    period: Mapped[str] = mapped_column(String(40))
    terms: Mapped[dict[str, Any]]
    automatic: Mapped[bool] = mapped_column(default=False)
    status: Mapped[GrantStatus] = mapped_column(default=GrantStatus.GRANTED)
    reason: Mapped[str] = mapped_column(String(200), default="")
    key: Mapped[str | None] = mapped_column(String(120))
    gave: Mapped[dict[str, Any]] = mapped_column(default=dict)
    saved: Mapped[Money] = mapped_column(default=ZERO)
    valid_until: Mapped[datetime | None]
    granted_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    reserved_at: Mapped[datetime | None]
    redeemed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PerkSaving(Model):
    """What membership saved on one order, and what refunds took back of it, in whichever order the two were heard of."""

    __tablename__ = "perk_savings"
    __table_args__ = (
        CheckConstraint("saved >= 0 AND taken_back >= 0", "not_negative"),
        Index("ix_perk_savings_customer", "customer_id", "at"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    saved: Mapped[Money] = mapped_column(default=ZERO)
    taken_back: Mapped[Money] = mapped_column(default=ZERO)
    at: Mapped[datetime]


class PerkMerge(Model):
    """What moved when one customer was merged into another: row ids, statuses of grants that stopped counting, cards."""

    __tablename__ = "perk_merges"

    key: Mapped[str] = mapped_column(String(120), unique=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    moved: Mapped[dict[str, Any]]
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
