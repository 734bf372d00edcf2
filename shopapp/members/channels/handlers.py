"""Follows and scans with a scene are counted for its channel."""

from __future__ import annotations

from shopapp.events import AccountFollowed, SceneScanned
from shopapp.kernel import clock

from . import visits
from .models import TouchKind


def count_follow(event: AccountFollowed) -> None:
    if event.scene is not None:
        visits.note_visit(
            scene=event.scene, openid=event.openid, kind=TouchKind.FOLLOW, at=event.at, now=clock.now()
        )


def count_scan(event: SceneScanned) -> None:
    visits.note_visit(
        scene=event.scene, openid=event.openid, kind=TouchKind.SCAN, at=event.at, now=clock.now()
    )
