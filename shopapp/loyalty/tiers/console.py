"""Reads of the console's screens of tiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from shopapp.kernel.db import db

from .models import MemberTier, TierVersion

VERSIONS_SHOWN = 50
SORTS: dict[str, Any] = {
    "-since": MemberTier.since.desc(),
    "until": MemberTier.until.asc().nulls_last(),
}


def saved_versions() -> Sequence[TierVersion]:
    """The newest first."""
    statement = select(TierVersion).order_by(TierVersion.number.desc()).limit(VERSIONS_SHOWN)
    return db.session.scalars(statement).all()


def members_statement(*, code: str, sort: str) -> Select[Any]:
    """Members of one tier, or of all."""
    statement = select(MemberTier.__table__)
    if code:
        statement = statement.where(MemberTier.code == code)
    return statement.order_by(SORTS[sort], MemberTier.id.desc())
