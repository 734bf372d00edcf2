"""Pictures that the platform keeps for us, for replies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import calls
from .api import Attachment, failure

PATH = "/cgi-bin/material/add_material"


@dataclass(frozen=True, kw_only=True)
class KeptMedia:
    """`media_id` is what a picture reply names, `url` what an article shows."""

    media_id: str
    url: str


def upload_picture(*, name: str, content: bytes, now: datetime) -> KeptMedia:
    """Have the platform keep a JPEG for good; not inside a transaction. Raises `PlatformError`."""
    file = Attachment(name=name, kind="image/jpeg", content=content)
    answer = calls.ask("POST", PATH, query={"type": "image"}, file=file, now=now)
    media_id, url = answer.get("media_id"), answer.get("url", "")
    if not isinstance(media_id, str) or not media_id or not isinstance(url, str):
        raise failure(path=PATH, text="no media_id", in_doubt=True)
    return KeptMedia(media_id=media_id, url=url)
