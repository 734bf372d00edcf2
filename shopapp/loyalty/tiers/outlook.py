"""What a tier would be: for a member with more growth, and for somebody made up. Reads only."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from shopapp.kernel.db import db

from . import queries
from .line import Growth
from .models import MemberTier
from .queries import TierView
from .rules import History, evaluate

SUPPOSED = "supposed"
"""The award that growth stands under which nobody earned."""


def of_member(*, customer_id: int, growth: int, at: datetime) -> History | None:
    """The history of a member at this time if so much growth came then; None for who is no member."""
    row = db.session.execute(
        select(MemberTier.__table__).where(MemberTier.customer_id == customer_id)
    ).first()
    if row is None:
        return None
    own = queries.inputs_of(rows=[row], now=at)[customer_id]
    with_it = replace(own, growth=[*own.growth, *_growth(growth, at=own.now)])
    return queries.histories_from({customer_id: with_it}, among=queries.versions())[customer_id]


def of_newcomer(*, code: str, growth: int, since: datetime, at: datetime) -> History:
    """The history of somebody who joined at `since` with just the growth that reaches this tier, and earned more later."""
    versions = queries.versions()
    level = versions[-1].terms.level(code)
    came = [*_growth(level.entry if level else 0, at=since), *_growth(growth, at=at)]
    return evaluate(growth=came, versions=versions, joined_at=since, now=at)


def _growth(amount: int, *, at: datetime) -> list[Growth]:
    return [Growth(amount=amount, at=at, award=SUPPOSED)] if amount > 0 else []


def view_of(*, code: str, since: datetime) -> TierView | None:
    """A tier as somebody has it who reached it at `since`; None for one that is not in the rules."""
    terms = queries.terms_now()
    level, rank = terms.level(code), terms.rank(code)
    if level is None or rank is None:
        return None
    return TierView(
        code=level.code,
        name=level.name,
        level=rank,
        benefits=level.benefits,
        since=since,
        until=terms.end(since) if rank else None,
        grace_until=None,
    )
