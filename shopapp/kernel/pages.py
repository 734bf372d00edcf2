"""Pages that are the same for everybody, as answers: what is personal is put in on their way out."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from flask import Response, g

from .i18n import language
from .pagecache import PageCache

CART_COUNT = b"<!--cart-count-->"

_kept: PageCache[bytes] = PageCache()


def kept_page(*key: Hashable, version: Hashable, make: Callable[[], str]) -> Response:
    """The page kept under this key in the language of the request while its version holds, else a new one.

    A browser may show it again when the person goes back, and asks for it anew otherwise.
    """
    name = (*key, language())
    body = _kept.get(name, version=version, make=lambda: make().encode())
    response = Response(body, mimetype="text/html")
    g.kept_page = (name, version)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def kept_under() -> tuple[Hashable, Hashable] | None:
    """Key and version of the page that answers this request, if it is a kept one."""
    found: tuple[Hashable, Hashable] | None = g.get("kept_page")
    return found
