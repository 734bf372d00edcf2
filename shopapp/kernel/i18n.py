"""Words: Simplified Chinese is the source text, English is a catalogue."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from babel.dates import format_skeleton
from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale
from flask_babel import gettext as _gettext
from markupsafe import escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from .clock import SHOP_ZONE

LANGUAGES = {"zh": "zh_Hans_CN", "en": "en"}
LANGUAGE_COOKIE = "lang"
LANGUAGE_PREFIX = "/language/"
TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"


def _(text: str, **values: Any) -> str:
    """This text in the language of the request; the source text itself outside of one."""
    if not has_request_context():
        return text % values if values else text
    words: str = _gettext(text, **values)
    return words


def _l(text: str, **values: Any) -> Any:
    """Like `_`, put into words only when shown."""
    return _LazyText(text, values)


class _LazyText:
    """Works outside a request too, unlike flask_babel's own, since errors are shown on the command line as well."""

    __slots__ = ("text", "values")

    def __init__(self, text: str, values: dict[str, Any]) -> None:
        self.text = text
        self.values = values

    def __str__(self) -> str:
        return _(self.text, **self.values)

    def __html__(self) -> str:
        return str(escape(str(self)))

    def __mod__(self, values: object) -> str:
        return str(self) % values


def choose_language() -> str:
    """The locale of this request, else Chinese."""
    if not has_request_context():
        return LANGUAGES["zh"]
    return LANGUAGES[
        best_language(
            asked=request.args.get(LANGUAGE_COOKIE),
            cookie=request.cookies.get(LANGUAGE_COOKIE),
            accepted=request.headers.get("Accept-Language"),
        )
    ]


@lru_cache(maxsize=1024)
def best_language(*, asked: str | None, cookie: str | None, accepted: str | None) -> str:
    """`zh` or `en`: what the address asks for, else the cookie's choice, else the browser's `Accept-Language`."""
    chosen = asked or cookie
    if chosen in LANGUAGES:
        return chosen
    wanted = parse_accept_header(accepted, LanguageAccept)
    return "en" if wanted.best_match(["zh-CN", "zh", "zh-TW", "en"]) == "en" else "zh"


def language() -> str:
    """`zh` or `en`: the language of this request."""
    if not has_request_context():
        return "zh"
    return "en" if str(get_locale()) == "en" else "zh"


class OtherLanguage(NamedTuple):
    """The way to the language that is not shown: its own name, its tag for `lang`, and the address that chooses it."""

    name: str
    tag: str
    url: str


def other_language() -> OtherLanguage:
    """Leads back to the page shown; after a form was sent, whose address may not be asked for, to the front."""
    name, tag, code = ("中文", "zh-CN", "zh") if language() == "en" else ("English", "en", "en")
    if request.method == "GET":
        kept = [(key, value) for key, value in request.args.items(multi=True) if key != LANGUAGE_COOKIE]
        back = f"{request.path}?{urlencode(kept)}" if kept else request.path
    else:
        back = "/admin" if request.path.startswith("/admin") else "/"
    return OtherLanguage(name, tag, f"{LANGUAGE_PREFIX}{code}?{urlencode({'next': back})}")


def day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(SHOP_ZONE):%Y-%m-%d}"


def last_day(end: datetime | None) -> str:
    """The day before which it is not over yet: `end` is the first moment at which it is."""
    return day(None if end is None else end - timedelta(seconds=1))


def daytime(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(SHOP_ZONE):%Y-%m-%d %H:%M}"


def month_day(moment: datetime) -> str:
    """11月22日, Nov 22"""
    return format_skeleton("MMMd", moment.astimezone(SHOP_ZONE), locale=LANGUAGES[language()])


def init_app(app: Flask) -> None:
    app.config.update(
        BABEL_DEFAULT_LOCALE=LANGUAGES["zh"],
        BABEL_DEFAULT_TIMEZONE=str(SHOP_ZONE),
        BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS),
    )
    Babel(app, locale_selector=choose_language)
    app.jinja_env.globals.update(_=_, language=language, other_language=other_language)
    app.jinja_env.filters.update(day=day, last_day=last_day, daytime=daytime)
