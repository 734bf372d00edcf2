"""Pages that are the same for everybody, as answers: what is personal is put in on their way out."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from flask import Response

from .i18n import language
from .kept import keep
from .pagecache import PageCache

CART_COUNT = b"<!--cart-count-->"

_made: PageCache[bytes] = PageCache()


def kept_page(
    *key: Hashable, version: Hashable, ask: Callable[[], Hashable], make: Callable[[], str]
) -> Response:
    """The page made under this key in the language of the request while its version holds, else a new one.

    `version` was read now, `ask` reads it again later, outside of any context. A browser may show the page again when
    the person goes back, and asks for it anew otherwise.
    """
    body = _made.get((*key, language()), version=version, make=lambda: make().encode())
    response = Response(body, mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-cache"
    return keep(response, version=version, ask=ask)
