"""Follows and unfollows become known accounts."""

from __future__ import annotations

from shopapp.events import AccountFollowed, AccountUnfollowed
from shopapp.kernel import clock
from shopapp.kernel.settings import settings

from . import services


def remember_follow(event: AccountFollowed) -> None:
    services.note_following(
        appid=settings().wx_appid, openid=event.openid, following=True, at=event.at, now=clock.now()
    )


def remember_unfollow(event: AccountUnfollowed) -> None:
    services.note_following(
        appid=settings().wx_appid, openid=event.openid, following=False, at=event.at, now=clock.now()
    )
