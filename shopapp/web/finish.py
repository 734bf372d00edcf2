"""The last touch to every page: the number on the cart, which is personal, and packing for the way."""

from __future__ import annotations

import gzip

from flask import Blueprint, Response, request

from shopapp.kernel.pagecache import PageCache
from shopapp.kernel.pages import CART_COUNT, kept_under
from shopapp.store.carts import queries as carts

PACKING_LEVEL = 5
WORTH_PACKING_BYTES = 1000
BADGE_MAX = 99

blueprint = Blueprint("finish", __name__)
_ready: PageCache[bytes] = PageCache(entries_max=1000)


@blueprint.after_app_request
def finish(response: Response) -> Response:
    if response.mimetype != "text/html" or response.is_streamed or response.direct_passthrough:
        return response
    body = response.get_data()
    badge = cart_badge() if response.status_code < 400 and CART_COUNT in body else b""
    packs = len(body) > WORTH_PACKING_BYTES and "gzip" in request.headers.get("Accept-Encoding", "")
    response.set_data(finished(body, badge=badge, packs=packs))
    response.headers.add("Vary", "Accept-Encoding")
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    return response


def cart_badge() -> bytes:
    owner = carts.owner()
    count = carts.cart_count(customer_id=owner.customer_id, guest_hash=owner.guest_hash)
    return b"%d+" % BADGE_MAX if count > BADGE_MAX else b"%d" % count if count else b""


def finished(body: bytes, *, badge: bytes, packs: bool) -> bytes:
    """Pages that are kept are made ready once for each number on the cart."""

    def make() -> bytes:
        whole = body.replace(CART_COUNT, badge)
        return gzip.compress(whole, PACKING_LEVEL) if packs else whole

    kept = kept_under()
    if kept is None:
        return make()
    key, version = kept
    return _ready.get((key, badge, packs), version=version, make=make)
