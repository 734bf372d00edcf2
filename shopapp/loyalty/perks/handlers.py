"""What makes perks due at once, and what membership saved."""

from __future__ import annotations

from shopapp.events import CardStarted, MemberJoined, MemberLeft, MembershipSaved, TierChanged
from shopapp.kernel import clock

from . import granting, queries, savings, services


def grant_joined(event: MemberJoined) -> None:
    _grant(event.customer_id)


def grant_in_tier(event: TierChanged) -> None:
    _grant(event.customer_id)


def grant_with_card(event: CardStarted) -> None:
    _grant(event.customer_id)


def _grant(customer_id: int) -> None:
    now = clock.now()
    granting.grant_to(customer_id=customer_id, now=now)
    for grant_id in queries.automatic_of(customer_id=customer_id):
        services.redeem_automatic(grant_id=grant_id, now=now)


def end_left(event: MemberLeft) -> None:
    """Perks are for members: what one who leaves has not taken is theirs no more."""
    services.end_left(customer_id=event.customer_id, now=clock.now())


def note_saved(event: MembershipSaved) -> None:
    savings.note(customer_id=event.customer_id, order_id=event.order_id, fen=event.fen, at=event.at)
