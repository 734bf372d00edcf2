"""What points do when something happened."""

from __future__ import annotations

from shopapp.events import MemberJoined, ProfileCompleted
from shopapp.kernel import clock

from . import services


def reward_joining(event: MemberJoined) -> None:
    services.grant_joining(customer_id=event.customer_id, now=clock.now())


def reward_profile(event: ProfileCompleted) -> None:
    services.grant_profile(customer_id=event.customer_id, now=clock.now())
