"""Cookies of the shop by user, so that one browser can stand in for many phones.

Browsers don't keep cookies of two ports of one host apart, so the shop's are seen here when both run on the
same host name.
"""

from __future__ import annotations

import json

from flask import Response, request

from .. import store

OWN = "sandbox_"
LIFE_SECONDS = 30 * 86400


def change_hands(response: Response, *, holder: str, chosen: str) -> None:
    """Put the present cookies away for `holder` and hand out those kept for `chosen`."""
    if holder == chosen:
        return
    present = {name: value for name, value in request.cookies.items() if not name.startswith(OWN)}
    if holder:
        store.set_setting(f"jar:{holder}", json.dumps(present))
    kept: dict[str, str] = json.loads(store.setting(f"jar:{chosen}", "{}"))
    for name in present.keys() - kept.keys():
        response.delete_cookie(name)
    for name, value in kept.items():
        response.set_cookie(name, value, max_age=LIFE_SECONDS, httponly=True, samesite="Lax")
