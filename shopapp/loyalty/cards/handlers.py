"""A card gives its tier to members alone: from joining on, and anew to who left and joined again."""

from __future__ import annotations

from shopapp.events import MemberJoined, MemberLeft
from shopapp.kernel import clock

from . import services


def place_joined(event: MemberJoined) -> None:
    services.place_joined(customer_id=event.customer_id, now=clock.now())


def note_left(event: MemberLeft) -> None:
    services.note_left(customer_id=event.customer_id, now=clock.now())
