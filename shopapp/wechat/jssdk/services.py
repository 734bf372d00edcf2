"""Signatures that let our own pages use the JS-SDK."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.settings import settings
from shopapp.wechat import calls, crypto, tokens
from shopapp.wechat.api import failure

URL_LENGTH_MAX = 2048
TICKET_PATH = "/cgi-bin/ticket/getticket"
DEFAULT_PORTS = {"http": 80, "https": 443}


class ForeignPage(ShopError):
    status, code, text = 403, "foreign_page", _l("只能为本店自己的页面签名。")


@dataclass(frozen=True, kw_only=True)
class PageSignature:
    """What `wx.config` needs besides the list of functions; `timestamp` in seconds."""

    app_id: str
    timestamp: int
    nonce: str
    signature: str


def sign_page(*, url: str, now: datetime) -> PageSignature:
    """Sign a page of ours by its whole address, what follows `#` left out.

    Not inside a transaction, since the ticket may have to be fetched. Raises `ForeignPage` for an address elsewhere, which
    would make us sign for others, and `PlatformError`.
    """
    if not is_own_page(url, base_url=settings().base_url):
        raise ForeignPage
    ticket = tokens.jsapi_ticket(now=now, fetch=lambda: fetch_ticket(now=now))
    nonce, timestamp = secrets.token_hex(8), int(now.timestamp())
    return PageSignature(
        app_id=settings().wx_appid,
        timestamp=timestamp,
        nonce=nonce,
        signature=crypto.sign_page(ticket=ticket, nonce=nonce, timestamp=str(timestamp), url=url),
    )


def is_own_page(url: str, *, base_url: str) -> bool:
    """Whether this is an http(s) address on the host and port of the shop."""
    if len(url) > URL_LENGTH_MAX or any(char <= " " or char in '\\"<>\x7f' for char in url):
        return False
    return _place(url) is not None and _place(url) == _place(base_url)


def _place(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.hostname, port or DEFAULT_PORTS[parts.scheme]


def fetch_ticket(*, now: datetime) -> tuple[str, int]:
    """Ask the platform for the ticket and its life in seconds. Raises `PlatformError`."""
    answer = calls.ask("GET", TICKET_PATH, query={"type": "jsapi"}, now=now)
    value, life = answer.get("ticket"), answer.get("expires_in")
    if not isinstance(value, str) or not isinstance(life, int) or not value:
        raise failure(path=TICKET_PATH, text="no ticket in the answer", in_doubt=False)
    return value, life
