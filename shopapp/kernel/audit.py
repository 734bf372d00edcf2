"""Who did what, when, to what: written in the transaction of the act itself, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import has_request_context, request
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .access import current_actor
from .db import Model, db


class AuditEntry(Model):
    """One act. `changes` maps a field to [before, after] or holds plain facts; never personal data."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject", "subject_kind", "subject_id"),)

    at: Mapped[datetime] = mapped_column(index=True)
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    actor_name: Mapped[str]
    action: Mapped[str] = mapped_column(index=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    changes: Mapped[dict[str, Any]]
    address: Mapped[str | None]


def record(*, action: str, subject_kind: str, subject_id: str, changes: dict[str, Any] | None = None) -> None:
    """Add an entry for the current actor, e.g. `record(action="order.ship", subject_kind="order", subject_id=no)`.

    Where a customer's machine stands is not kept.
    """
    actor = current_actor()
    inside = has_request_context() and actor.kind != "customer"
    db.session.add(
        AuditEntry(
            at=clock.now(),
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            action=action,
            subject_kind=subject_kind,
            subject_id=subject_id,
            changes=changes or {},
            address=request.remote_addr if inside else None,
        )
    )
