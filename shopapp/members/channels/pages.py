"""The short link: counts who comes by it, then leads into the shop. It works for everybody, follower or not."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock, limits
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import TooManyRequests
from shopapp.kernel.http import found
from shopapp.kernel.ids import new_token, token_hash
from shopapp.kernel.settings import settings
from shopapp.members.identity.queries import signed_in

from . import queries, rules, visits
from .queries import LinkTarget

VISITOR_COOKIE = "visitor"
COOKIE_SECONDS = 180 * 24 * 3600
COUNTED_PER_HOUR = 2000
"""From one address; a mobile network has thousands of people behind one."""

MACHINES = re.compile(r"bot\b|bot/|spider|crawl|preview|curl/|wget/|python-", re.IGNORECASE)

blueprint = Blueprint("short_links", __name__)


@blueprint.get("/l/<code>")
def follow_link(code: str) -> Response:
    """The way on is made of the channel's own fields, never of the address asked for."""
    target = found(queries.link_target(short_code=code))
    token = request.cookies.get(VISITOR_COOKIE, "")
    if not 20 <= len(token) <= 64:
        token = new_token()
    if request.method == "GET" and not MACHINES.search(request.headers.get("User-Agent", "")):
        _count(target, visitor=token_hash(token))
    response = redirect(target.path)
    secure = settings().base_url.startswith("https://")
    response.set_cookie(
        VISITOR_COOKIE, token, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=secure
    )
    return response


def _count(target: LinkTarget, *, visitor: str) -> None:
    now, serial = clock.now(), rules.clean_serial(request.args.get("s", ""))
    if queries.is_counted(channel_id=target.channel_id, visitor=visitor, serial=serial, now=now):
        return
    try:
        limits.spend(
            what="short-link",
            who=request.remote_addr or "",
            limit=COUNTED_PER_HOUR,
            window=timedelta(hours=1),
        )
    except TooManyRequests:
        return
    customer = signed_in()
    with transaction():
        visits.note_link_visit(
            channel_id=target.channel_id,
            visitor=visitor,
            serial=serial,
            customer_id=customer.customer_id if customer else None,
            now=now,
        )


def bring_visits_along(*, customer_id: int) -> None:
    """What this browser visited before its owner signed in."""
    token = request.cookies.get(VISITOR_COOKIE)
    if not token:
        return
    with transaction():
        visits.adopt_visits(customer_id=customer_id, visitor=token_hash(token), now=clock.now())
