"""Logs without personal data, health and metrics."""

from __future__ import annotations

import ipaddress
import logging
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Response, abort, jsonify, request
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from . import migrations
from .db import db
from .jobs import worker_seen

PERSONAL = {
    "name",
    "phone",
    "address",
    "detail",
    "openid",
    "unionid",
    "nickname",
    "content",
    "token",
    "password",
}


def hide_personal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of the log: values under the names of personal data never reach it."""
    for name in PERSONAL & event.keys():
        event[name] = "***"
    return event


def configure_logs(*, production: bool) -> None:
    """To the error output: what a command prints for programs stays whole."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if production
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            hide_personal,
            structlog.processors.StackInfoRenderer(),
            *([structlog.processors.format_exc_info] if production else []),
            renderer,
        ],
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


log = structlog.get_logger(__name__)


def healthz() -> Response:
    return jsonify(ok=True)


def readyz() -> tuple[Response, int]:
    """Ready when the database answers, its migrations are current and a worker was seen within a minute."""
    checks: dict[str, bool] = {"database": False, "migrations": False, "worker": False}
    try:
        db.session.execute(text("SELECT 1"))
        checks["database"] = True
        checks["migrations"] = migrations.current()
        checks["worker"] = worker_seen()
    except SQLAlchemyError as problem:
        db.session.rollback()
        log.error("not ready", exc_info=problem)
    ready = all(checks.values())
    return jsonify(ready=ready, checks=checks), 200 if ready else 503


def metrics() -> Response:
    """Prometheus text; only for callers on this machine or a private network that did not come through a proxy."""
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - an unknown caller, not a bind
    if not address.is_private or "X-Forwarded-For" in request.headers:
        abort(404)
    registry = REGISTRY
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder and Path(folder).is_dir():
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), mimetype="text/plain")


def init_app(app: Flask, *, production: bool) -> None:
    configure_logs(production=production)
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", view_func=metrics)
