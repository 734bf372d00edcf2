"""Giving a reply's picture to the platform, which answers with its own copy."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel.db import transaction
from shopapp.kernel.http import found
from shopapp.store.catalogue import media as pictures
from shopapp.wechat import media

from . import queries, services


def give_picture(*, public_id: str, now: datetime) -> None:
    """Have the platform keep the picture of this rule, if it does not have it yet; the rule answers from then on.

    Opens its own transaction, since the platform is called in between. Raises `NotFound` and `PlatformError`.
    """
    rule = found(queries.rule(public_id=public_id))
    picture = rule.picture
    if not picture or rule.media_id:
        return
    kept = media.upload_picture(name=f"{public_id}.jpg", content=pictures.as_jpeg(picture), now=now)
    with transaction():
        services.note_media(public_id=public_id, picture=picture, media_id=kept.media_id, url=kept.url)
