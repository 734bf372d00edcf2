"""QR codes with a scene: whoever follows or scans through one, the push names its scene."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from shopapp.kernel.settings import settings

from . import calls
from .api import failure

CREATE_PATH = "/cgi-bin/qrcode/create"
SCENE_LENGTH_MAX = 64
SECONDS_MIN, SECONDS_MAX = 60, 2_592_000


@dataclass(frozen=True, kw_only=True)
class QrCode:
    """`url` is what the code holds; `ticket` leads to the platform's picture of it."""

    ticket: str
    url: str


def permanent(*, scene: str, now: datetime) -> QrCode:
    """A code that never ends and cannot be deleted; an account has 100,000, so keep what you get. The same scene gives the
    same code. Not inside a transaction. Raises `ValueError` for a scene that is not 1 to 64 characters, `PlatformError`."""
    return _create({"action_name": "QR_LIMIT_STR_SCENE"}, scene=scene, now=now)


def temporary(*, scene: str, seconds: int, now: datetime) -> QrCode:
    """A code that lives 60 seconds to 30 days. Raises as `permanent` does, and `ValueError` for another life."""
    if not SECONDS_MIN <= seconds <= SECONDS_MAX:
        raise ValueError(f"a code cannot live {seconds} seconds")
    return _create({"action_name": "QR_STR_SCENE", "expire_seconds": seconds}, scene=scene, now=now)


def picture_url(*, ticket: str) -> str:
    """Where the platform shows the code's picture, without a token."""
    return f"{settings().wx_mp_base}/cgi-bin/showqrcode?ticket={quote(ticket, safe='')}"


def _create(kind: dict[str, Any], *, scene: str, now: datetime) -> QrCode:
    if not 1 <= len(scene) <= SCENE_LENGTH_MAX:
        raise ValueError("a scene has 1 to 64 characters")
    body = {**kind, "action_info": {"scene": {"scene_str": scene}}}
    answer = calls.ask("POST", CREATE_PATH, body=body, now=now)
    ticket, url = answer.get("ticket"), answer.get("url")
    if not isinstance(ticket, str) or not isinstance(url, str):
        raise failure(path=CREATE_PATH, text="no code in the answer", in_doubt=False)
    return QrCode(ticket=ticket, url=url)
