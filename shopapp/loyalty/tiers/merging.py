"""Whose growth goes along has one tier with it: that of the merged customer is worked out anew, and again when it is undone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from shopapp.kernel import merging
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.merging import Kept, Merge, MergePart

from . import services
from .models import MemberTier, TierOverride, TierStep
from .queries import CARD


def merge(of: Merge) -> Kept:
    """Tiers given by staff go along; those of cards are given anew where the cards go."""
    joined_at = db.session.scalar(
        select(MemberTier.joined_at).where(MemberTier.customer_id == of.source_id).with_for_update()
    )
    by_staff = TierOverride.actor.not_like(f"{CARD}%")
    kept: Kept = {
        "joined_at": None if joined_at is None else joined_at.isoformat(),
        "overrides": merging.move(TierOverride, of, by_staff),
    }
    rows_changed(delete(TierStep).where(TierStep.customer_id == of.source_id))
    rows_changed(delete(MemberTier).where(MemberTier.customer_id == of.source_id))
    services.evaluate_member(customer_id=of.target_id, now=of.now)
    return kept


def forget_override(*, customer_id: int, override_id: str, now: datetime) -> None:
    """A tier that was given because of a merge which was a mistake was never given."""
    mine = (TierOverride.customer_id == customer_id, TierOverride.public_id == override_id)
    rows_changed(delete(TierOverride).where(*mine))
    services.evaluate_member(customer_id=customer_id, now=now)


def undo(of: Merge, kept: Kept) -> None:
    merging.move_back(TierOverride, of, kept["overrides"])
    if kept["joined_at"] is not None:
        services.place(joined={of.source_id: datetime.fromisoformat(kept["joined_at"])}, now=of.now)
    services.evaluate_member(customer_id=of.target_id, now=of.now)


PART = MergePart(
    name="tiers",
    tables=frozenset({"member_tiers", "tier_steps", "tier_overrides"}),
    merge=merge,
    undo=undo,
)
