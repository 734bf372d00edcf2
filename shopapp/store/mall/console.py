"""The merchant's reads: the items of the mall and what was taken of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, and_, select

from shopapp.kernel.db import db

from .models import MallItem, MallRedemption

STATES = ("active", "stopped", "over")


def items_statement(*, state: str, kind: str, now: datetime) -> Select[MallItem]:
    """Items for a list, as the mall orders them; `state` is one of `STATES` or empty, `kind` a kind or empty."""
    over = and_(MallItem.ends_at.is_not(None), MallItem.ends_at <= now)
    statement = select(MallItem)
    if state:
        wanted = {"active": and_(MallItem.active, ~over), "stopped": ~MallItem.active, "over": over}
        statement = statement.where(wanted[state])
    if kind:
        statement = statement.where(MallItem.kind == kind)
    return statement.order_by(MallItem.position, MallItem.id)


def item(*, public_id: str) -> MallItem | None:
    return db.session.scalar(select(MallItem).where(MallItem.public_id == public_id))


def items_after(*, before: str | None, limit: int) -> tuple[list[MallItem], str | None]:
    """All items, the newest first, with the id to go on from; an unknown `before` is the end of the list."""
    statement = select(MallItem).order_by(MallItem.id.desc()).limit(limit + 1)
    if before is not None:
        last = select(MallItem.id).where(MallItem.public_id == before).scalar_subquery()
        statement = statement.where(MallItem.id < last)
    rows = list(db.session.scalars(statement))
    return rows[:limit], rows[limit - 1].public_id if len(rows) > limit else None


def redemptions_statement(*, item_id: int, state: str) -> Select[MallRedemption]:
    """What was taken of an item, the newest first; `state` is kept, returned or empty."""
    statement = select(MallRedemption).where(MallRedemption.item_id == item_id)
    if state:
        gone = MallRedemption.returned_at.is_not(None)
        statement = statement.where(gone if state == "returned" else ~gone)
    return statement.order_by(MallRedemption.id.desc())
