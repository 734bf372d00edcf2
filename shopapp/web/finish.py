"""The last touch to every page: the number on the cart, which is personal, and packing for the way."""

from __future__ import annotations

import gzip

from flask import Blueprint, Response, request

from shopapp.kernel import kept
from shopapp.kernel.kept import Personal
from shopapp.kernel.pages import CART_COUNT
from shopapp.store.viewers import viewer, viewer_reader

PACKING_LEVEL = 5
WORTH_PACKING_BYTES = 1000
BADGE_MAX = 99

blueprint = Blueprint("finish", __name__)


@blueprint.after_app_request
def finish(response: Response) -> Response:
    if response.mimetype != "text/html" or response.is_streamed or response.direct_passthrough:
        return response
    body = response.get_data()
    if CART_COUNT in body:
        body = body.replace(CART_COUNT, cart_badge() if response.status_code < 400 else b"")
    packs = len(body) > WORTH_PACKING_BYTES and "gzip" in request.headers.get("Accept-Encoding", "")
    response.set_data(gzip.compress(body, PACKING_LEVEL) if packs else body)
    response.headers.add("Vary", "Accept-Encoding")
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    return response


def cart_badge() -> bytes:
    """The number as it is shown; a kept page is given again to those only who see the same one at the same prices."""
    seen = viewer()
    count = seen.pieces
    draft = kept.draft()
    if draft is not None:
        draft.personal = Personal(read=viewer_reader(), shown=seen)
    return b"%d+" % BADGE_MAX if count > BADGE_MAX else b"%d" % count if count else b""
