"""Cards follow their holder into another customer, and back. What is still to come is added behind what the other has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from shopapp.kernel.db import db, rows_changed
from shopapp.loyalty.tiers.merging import forget_override

from . import services
from .models import Card, CardHolder

Kept = dict[str, Any]


def move(*, source_id: int, target_id: int, now: datetime) -> list[Kept]:
    """Give all cards of `source_id` to `target_id` (row ids); returns what `move_back` needs to know, for JSON."""
    mine = select(Card).where(Card.customer_id == source_id)
    cards = db.session.scalars(mine.order_by(Card.starts_at, Card.id)).all()
    holders = _locked({(owner, card.plan_id) for card in cards for owner in (source_id, target_id)}, now=now)
    moved = [_kept(card) for card in cards]
    for card in cards:
        card.customer_id = target_id
        if card.ends_at <= now:
            continue
        card.override_id = None
        theirs = holders[target_id, card.plan_id]
        if theirs.until > now:
            left = card.ends_at - max(card.starts_at, now)
            card.starts_at, card.ends_at = theirs.until, theirs.until + left
        theirs.until = card.ends_at
        holders[source_id, card.plan_id].until = now
    db.session.flush()
    services.place_joined(customer_id=target_id, now=now)
    return moved


def move_back(*, source_id: int, target_id: int, moved: list[Kept], now: datetime) -> None:
    """The inverse for the cards that `move` gave: they are as they were, and the tier they gave to the other was never given."""
    rows = db.session.scalars(select(Card).where(Card.id.in_([one["id"] for one in moved])))
    cards = {card.id: card for card in rows}
    keys = {(owner, card.plan_id) for card in cards.values() for owner in (source_id, target_id)}
    holders = _locked(keys, now=now)
    for one in moved:
        card = cards[one["id"]]
        if card.override_id is not None and card.override_id != one["override_id"]:
            forget_override(customer_id=target_id, override_id=card.override_id, now=now)
        card.customer_id = source_id
        card.override_id = one["override_id"]
        card.starts_at = datetime.fromisoformat(one["starts_at"])
        card.ends_at = datetime.fromisoformat(one["ends_at"])
    db.session.flush()
    for owner, plan_id in holders:
        ends = select(Card.ends_at).where(Card.customer_id == owner, Card.plan_id == plan_id)
        latest = db.session.scalar(ends.order_by(Card.ends_at.desc()).limit(1))
        holder = update(CardHolder).where(CardHolder.customer_id == owner, CardHolder.plan_id == plan_id)
        rows_changed(holder.values(until=latest or now))


def _kept(card: Card) -> Kept:
    return {
        "id": card.id,
        "starts_at": card.starts_at.isoformat(),
        "ends_at": card.ends_at.isoformat(),
        "override_id": card.override_id,
    }


def _locked(keys: set[tuple[int, int]], *, now: datetime) -> dict[tuple[int, int], CardHolder]:
    return {
        (owner, plan_id): services.locked_holder(customer_id=owner, plan_id=plan_id, now=now)
        for owner, plan_id in sorted(keys)
    }
