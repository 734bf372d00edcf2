"""The choice between Chinese and English, kept by the browser for the storefront and the console alike."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from shopapp.kernel.errors import NotFound
from shopapp.kernel.i18n import LANGUAGE_COOKIE, LANGUAGE_PREFIX, LANGUAGES
from shopapp.kernel.settings import settings
from shopapp.members.identity.services import safe_path

KEPT_SECONDS = 365 * 24 * 3600

pages = Blueprint("language", __name__)


@pages.get(f"{LANGUAGE_PREFIX}<code>")
def choose(code: str) -> Response:
    """Raises `NotFound` for a language that the shop does not speak."""
    if code not in LANGUAGES:
        raise NotFound
    response = redirect(safe_path(request.args.get("next")))
    response.set_cookie(
        LANGUAGE_COOKIE,
        code,
        max_age=KEPT_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings().base_url.startswith("https://"),
    )
    return response
