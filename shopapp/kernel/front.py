"""The outermost layer of the application: what every answer carries, and its line in the log and the metrics.

It stands below Flask because it runs for every page, where each hook and header object of Flask costs more than the
reading of a kept page.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from prometheus_client import Counter, Histogram

from config import Settings

from . import clock

REQUEST_ID = "shop.request_id"
QUIET_PATHS = ("/healthz", "/readyz", "/metrics")

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
        headers: dict[str, str],
        as_json: bool,
    ) -> None:
        self._inner = inner
        self._headers = [(name, value, name.lower()) for name, value in headers.items()]
        self._as_json = as_json

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started = clock.monotonic()
        request_id = environ[REQUEST_ID] = secrets.token_hex(8)

        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:
            there = {name.lower() for name, _value in headers}
            headers += [(name, value) for name, value, key in self._headers if key not in there]
            headers.append(("X-Request-Id", request_id))
            if not environ["PATH_INFO"].startswith(QUIET_PATHS):
                self._note(environ, status=status[:3], seconds=clock.monotonic() - started)
            return start_response(status, headers, exc_info)

        return self._inner(environ, begin)

    def _note(self, environ: Environ, *, status: str, seconds: float) -> None:
        """The path is noted without its query, which may hold what people typed."""
        request = environ.get("werkzeug.request")
        rule = request.url_rule if request is not None else None
        endpoint = rule.endpoint if rule is not None else "none"
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        REQUESTS.labels(endpoint, method, status).inc()
        SECONDS.labels(endpoint).observe(seconds)
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


def init_app(app: Flask, settings: Settings, *, headers: dict[str, str]) -> None:
    app.wsgi_app = Front(app.wsgi_app, headers=headers, as_json=settings.production)  # type: ignore[method-assign]
