"""Customers who were made one, and pairs of which somebody is to say whether they are."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.states import StateTable

from .rules import Evidence

OPEN = text("undone_at IS NULL")
NEW = text("gathered_at IS NULL AND undone_at IS NULL")


class CustomerMerge(Model):
    """`source_id` turned out to be `target_id`. `kept` is what each feature needs to undo it, by the feature's name, and
    `late` the same of what was gathered at `gathered_at`: it was being written for the source when they were merged.

    `actor` is who did it as "staff:<public id>", "customer:<public id>" or "system:system", with a name beside for staff;
    `undone_*` is the same of its undoing.
    """

    __tablename__ = "customer_merges"
    __table_args__ = (
        CheckConstraint("source_id <> target_id", "two_people"),
        Index("ix_customer_merges_open", "source_id", unique=True, postgresql_where=OPEN, sqlite_where=OPEN),
        Index("ix_customer_merges_target", "target_id", "id"),
        Index("ix_customer_merges_new", "merged_at", postgresql_where=NEW, sqlite_where=NEW),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    source_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    evidence: Mapped[Evidence]
    reason: Mapped[str] = mapped_column(String(200), default="")
    kept: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(80))
    actor_name: Mapped[str] = mapped_column(String(80))
    merged_at: Mapped[datetime]
    late: Mapped[dict[str, Any]] = mapped_column(default=dict)
    gathered_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(80))
    undone_name: Mapped[str | None] = mapped_column(String(80))
    undone_reason: Mapped[str | None] = mapped_column(String(200))


class PairStatus(StrEnum):
    """proposed: waits for a word; merged: they are one; distinct: two people, never to be asked about again."""

    PROPOSED = "proposed"
    MERGED = "merged"
    DISTINCT = "distinct"


_P = PairStatus
PAIR_MOVES = StateTable[PairStatus](
    {
        _P.PROPOSED: frozenset({_P.MERGED, _P.DISTINCT}),
        _P.MERGED: frozenset({_P.DISTINCT}),
        _P.DISTINCT: frozenset({_P.MERGED}),
    }
)
"""Staff may change their mind: what was said to be two people can be made one by hand, and taken apart again."""


class MergePair(Model):
    """Two customers, the older row first, who may be one for these `reasons` (`rules.Reason`)."""

    __tablename__ = "merge_pairs"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id"),
        CheckConstraint("first_id < second_id", "in_order"),
        Index("ix_merge_pairs_waiting", "status", "id"),
        Index("ix_merge_pairs_second", "second_id"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    first_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    second_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    reasons: Mapped[list[str]]
    status: Mapped[PairStatus] = mapped_column(default=PairStatus.PROPOSED)
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_name: Mapped[str | None] = mapped_column(String(80))
