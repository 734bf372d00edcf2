"""The style sheet of the merchant's colour. Its address names the colour, so browsers keep it for good."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort

from shopapp.kernel.templating import THEME_PREFIX, THEME_VERSION

from .colors import from_hex, theme_of, to_hex

KEPT_SECONDS = 365 * 24 * 3600
_NAME = re.compile(r"([0-9a-f]{6})-([0-9]{1,4})")

pages = Blueprint("theme", __name__)


@pages.get(f"{THEME_PREFIX}<name>.css")
def style(name: str) -> Response:
    match = _NAME.fullmatch(name)
    if match is None or int(match[2]) != THEME_VERSION:
        abort(404)
    response = Response(css(match[1]), mimetype="text/css")
    response.cache_control.public = True
    response.cache_control.max_age = KEPT_SECONDS
    response.cache_control.immutable = True
    return response


def css(color: str) -> str:
    """For a colour in six hex digits: the custom properties of `shop.css` that follow from it."""
    theme = theme_of(from_hex(color))
    light = {
        "brand": theme.brand,
        "brand-press": theme.press,
        "on-brand": theme.on_brand,
        "brand-ink": theme.ink,
        "brand-soft": theme.soft,
    }
    dark = {"brand-ink": theme.dark_ink, "brand-soft": theme.dark_soft}
    return (
        f":root{{{_properties(light)}}}\n@media (prefers-color-scheme:dark){{:root{{{_properties(dark)}}}}}\n"
    )


def _properties(colors: dict[str, tuple[int, int, int]]) -> str:
    return ";".join(f"--{name}:{to_hex(color)}" for name, color in colors.items())
