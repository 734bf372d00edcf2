"""The outermost layer of the application: what every answer carries, its line in the log and the metrics, and answers
that were given before.

It stands below Flask because it runs for every page, where each hook and header object of Flask costs more than the
reading of a kept page.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from flask import Flask
from prometheus_client import Counter, Histogram

from config import Settings

from . import clock, kept
from .kept import OK, KeptAnswers

REQUEST_ID = "shop.request_id"
QUIET_PATHS = ("/healthz", "/readyz", "/metrics")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

REQUESTS = Counter("shop_requests_total", "Answered requests.", ["endpoint", "method", "status"])
SECONDS = Histogram(
    "shop_request_seconds",
    "Time to answer.",
    ["endpoint"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]


class Front:
    """Adds the headers that an answer has not set itself, and notes how it went."""

    def __init__(
        self,
        inner: Callable[[Environ, StartResponse], Iterable[bytes]],
        *,
        kept: KeptAnswers,
        headers: dict[str, str],
        as_json: bool,
    ) -> None:
        self._inner = inner
        self._kept = kept
        self._headers = [(name, value, name.lower()) for name, value in headers.items()]
        self._as_json = as_json

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started = clock.monotonic()
        request_id = environ[REQUEST_ID] = secrets.token_hex(8)
        again = self._kept.again(environ)
        if again is not None:
            self._note(environ, endpoint=again.endpoint, status="200", seconds=clock.monotonic() - started)
            start_response(OK, self._complete(again.headers, request_id))
            return [again.body]

        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:
            if not environ["PATH_INFO"].startswith(QUIET_PATHS):
                took = clock.monotonic() - started
                self._note(environ, endpoint=_endpoint(environ), status=status[:3], seconds=took)
            return start_response(status, self._complete(headers, request_id), exc_info)

        return self._inner(environ, begin)

    def _complete(self, headers: Headers, request_id: str) -> Headers:
        there = {name.lower() for name, _value in headers}
        more = [(name, value) for name, value, key in self._headers if key not in there]
        return [*headers, *more, ("X-Request-Id", request_id)]

    def _note(self, environ: Environ, *, endpoint: str, status: str, seconds: float) -> None:
        """The path is noted without its query, which may hold what people typed."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        requests, took = _counters(endpoint, method if method in METHODS else "other", status)
        requests.inc()
        took.observe(seconds)
        milliseconds = round(seconds * 1000, 1)
        if self._as_json:
            line = (
                f'{{"event": "request", "method": "{method}", "path": {json.dumps(path)}, "status": {status}, '
                f'"milliseconds": {milliseconds}, "request_id": "{environ[REQUEST_ID]}", '
                f'"timestamp": "{clock.real_now().isoformat()}"}}\n'
            )
        else:
            line = f"{method:6} {status} {milliseconds:7.1f} ms  {path!r}\n"
        sys.stdout.write(line)
        sys.stdout.flush()


def _endpoint(environ: Environ) -> str:
    request = environ.get("werkzeug.request")
    rule = request.url_rule if request is not None else None
    return "none" if rule is None else str(rule.endpoint)


@lru_cache(maxsize=1024)
def _counters(endpoint: str, method: str, status: str) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(endpoint, method, status), SECONDS.labels(endpoint)


def init_app(app: Flask, settings: Settings, *, headers: dict[str, str]) -> None:
    front = Front(app.wsgi_app, kept=kept.init_app(app), headers=headers, as_json=settings.production)
    app.wsgi_app = front  # type: ignore[method-assign]
