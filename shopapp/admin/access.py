"""Who a request to the console or the merchant API is from."""

from __future__ import annotations

from flask import g, request

from shopapp.kernel import clock
from shopapp.kernel.access import ROLES, SCOPES, Actor, Permission
from shopapp.kernel.db import transaction

from . import queries, services
from .queries import StaffSignIn

COOKIE = "console"


def signed_in_staff() -> StaffSignIn | None:
    """The staff member of this request, looked up once."""
    if "staff" not in g:
        token = request.cookies.get(COOKIE)
        now = clock.now()
        g.staff = queries.by_session_token(token=token, now=now) if token else None
        if g.staff is not None and now - g.staff.seen_at > services.SEEN_EVERY:
            with transaction():
                services.session_seen(session_id=g.staff.session_id, now=now)
    found: StaffSignIn | None = g.staff
    return found


def load_staff() -> Actor | None:
    staff = signed_in_staff()
    if staff is None:
        return None
    return Actor(kind="staff", id=staff.public_id, name=staff.name, permissions=ROLES[staff.role])


def load_token() -> Actor | None:
    """The holder of the merchant token in the Authorization header."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = queries.by_api_token(text=text) if scheme == "Bearer" and text else None
    if token is None:
        return None
    now = clock.now()
    if token.last_used_at is None or now - token.last_used_at > services.SEEN_EVERY:
        with transaction():
            services.token_used(token_id=token.id, now=now)
    permissions: frozenset[Permission] = frozenset().union(
        *(SCOPES.get(scope, frozenset()) for scope in token.scopes)
    )
    return Actor(kind="token", id=token.public_id, name=token.name, permissions=permissions)
