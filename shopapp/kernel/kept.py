"""Whole answers that look the same to everybody, kept in the process and given again below Flask.

What a kept answer was made from has a version, read from the database at each request in one small statement; so a
change is seen by every process at once, and an unchanged answer costs little more than that statement. Flask's own way
to a view costs several times as much (docs/adr/0009-kept-answers-below-flask.md).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.http import parse_cookie

from .i18n import LANGUAGE_COOKIE, best_language

BYTES_MAX = 16 * 1024 * 1024
QUERY_LENGTH_MAX = 300
OK = "200 OK"
BEARER = "bearer"
"""Under this name readers of `Personal` find the token of the request, if it has one; no cookie of ours is called so."""

Environ = dict[str, Any]
Headers = list[tuple[str, str]]


@dataclass(kw_only=True)
class Personal:
    """What of an answer is a person's own: how to read it from the request's cookies, and what was read this time.

    `read` is called outside of any context.
    """

    read: Callable[[dict[str, str]], Hashable]
    shown: Hashable


@dataclass(kw_only=True)
class Draft:
    """An answer under way that may be kept. `version` was read before the answer was made, `ask` reads it again."""

    version: Hashable
    ask: Callable[[], Hashable]
    personal: Personal | None = None


class Again(NamedTuple):
    """A kept answer that still holds."""

    endpoint: str
    headers: Headers
    body: bytes


@dataclass(kw_only=True)
class _Entry:
    version: Hashable
    ask: Callable[[], Hashable]
    endpoint: str
    read: Callable[[dict[str, str]], Hashable] | None
    answers: dict[Hashable, Again] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(len(answer.body) for answer in self.answers.values())


def keep(
    response: Response,
    *,
    version: Hashable,
    ask: Callable[[], Hashable],
    personal: Personal | None = None,
) -> Response:
    """Have this answer kept, for as long as `ask` says `version`.

    It must be the same for everybody for whom `personal` reads the same, in one language.
    """
    g.draft = Draft(version=version, ask=ask, personal=personal)
    return response


def draft() -> Draft | None:
    """The answer to this request, if it may be kept."""
    found: Draft | None = g.get("draft")
    return found


class KeptAnswers:
    """As many as fit into the bytes allowed, the least used forgotten first."""

    def __init__(self, *, bytes_max: int = BYTES_MAX) -> None:
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes_max = bytes_max
        self._bytes = 0

    def again(self, environ: Environ) -> Again | None:
        """The kept answer to this request, if there is one and it still holds."""
        if environ["REQUEST_METHOD"] != "GET" or environ.get("CONTENT_LENGTH"):
            return None
        cookies = asking(environ)
        question = _question(environ, cookies)
        with self._lock:
            entry = self._entries.get(question)
            if entry is None:
                return None
            self._entries.move_to_end(question)
        try:
            if entry.ask() != entry.version:
                return None
            return entry.answers.get(None if entry.read is None else entry.read(cookies))
        except SQLAlchemyError:
            return None

    def put(self, response: Response) -> Response:
        """Keep the finished answer to the present request, if it was said to be kept."""
        made = draft()
        if (
            made is None
            or request.method != "GET"
            or response.status != OK
            or "Set-Cookie" in response.headers
            or len(request.query_string) > QUERY_LENGTH_MAX
        ):
            return response
        question = _question(request.environ, asking(request.environ))
        again = Again(request.endpoint or "none", list(response.headers), response.get_data())
        shown, read = (made.personal.shown, made.personal.read) if made.personal else (None, None)
        with self._lock:
            entry = self._entries.pop(question, None)
            if entry is not None:
                self._bytes -= entry.size
            if entry is None or entry.version != made.version:
                entry = _Entry(version=made.version, ask=made.ask, endpoint=again.endpoint, read=read)
            entry.answers[shown] = again
            self._entries[question] = entry
            self._bytes += entry.size
            while self._bytes > self._bytes_max:
                _oldest, gone = self._entries.popitem(last=False)
                self._bytes -= gone.size
        return response


def asking(environ: Environ) -> dict[str, str]:
    """What says whose request it is: the cookies, and the bearer token among them."""
    sent = environ.get("HTTP_COOKIE")
    cookies = dict(parse_cookie(sent)) if sent else {}
    scheme, _space, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme == "Bearer" and token:
        cookies[BEARER] = token
    return cookies


def _question(environ: Environ, cookies: Any) -> Hashable:
    """All that an answer for everybody may depend on."""
    query = environ.get("QUERY_STRING", "")
    chosen = _language(query, cookies.get(LANGUAGE_COOKIE), environ.get("HTTP_ACCEPT_LANGUAGE"))
    return environ["PATH_INFO"], query, chosen, "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")


@lru_cache(maxsize=1024)
def _language(query: str, cookie: str | None, accepted: str | None) -> str:
    asked = parse_qs(query).get(LANGUAGE_COOKIE, [None])[0] if LANGUAGE_COOKIE in query else None
    return best_language(asked=asked, cookie=cookie, accepted=accepted)


def init_app(app: Flask) -> KeptAnswers:
    """The answers of this application; other functions that run after a request must be added later than this."""
    answers = KeptAnswers()
    app.after_request(answers.put)
    return answers
