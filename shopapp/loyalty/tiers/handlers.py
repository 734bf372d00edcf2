"""Membership and growth change tiers at once."""

from __future__ import annotations

from shopapp.events import GrowthChanged, MemberJoined, MemberLeft
from shopapp.kernel import clock

from . import services


def begin(event: MemberJoined) -> None:
    services.enter(customer_id=event.customer_id, at=event.at, now=clock.now())


def end(event: MemberLeft) -> None:
    services.leave(customer_id=event.customer_id, now=clock.now())


def follow_growth(event: GrowthChanged) -> None:
    services.evaluate_member(customer_id=event.customer_id, now=clock.now())
