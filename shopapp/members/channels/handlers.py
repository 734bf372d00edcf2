"""Follows and scans with a scene are counted for its channel."""

from __future__ import annotations

from shopapp.events import AccountFollowed, SceneScanned

from . import services


def count_follow(event: AccountFollowed) -> None:
    if event.scene is not None:
        services.note_visit(scene=event.scene, openid=event.openid, kind=services.FOLLOW, at=event.at)


def count_scan(event: SceneScanned) -> None:
    services.note_visit(scene=event.scene, openid=event.openid, kind=services.SCAN, at=event.at)
