"""A follow that only the nightly list told of was not welcomed."""

from __future__ import annotations

from shopapp.events import FollowFound
from shopapp.kernel import clock

from . import services, welcomes


def miss_welcome(event: FollowFound) -> None:
    if services.welcome_words(scene=None):
        welcomes.miss(openid=event.openid, at=event.at, now=clock.now())
