"""What the shop asked of the platform, and what was refused and why."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask, Response, g, request

from . import clock, store

store.register(
    """
    CREATE TABLE IF NOT EXISTS journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, face TEXT NOT NULL, method TEXT NOT NULL,
        path TEXT NOT NULL, status INTEGER NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL,
        sent TEXT NOT NULL, answered TEXT NOT NULL, took_ms INTEGER NOT NULL
    )
    """
)

FACES = (
    ("/v3/", "pay"),
    ("/cgi-bin/showqrcode", "page"),
    ("/cgi-bin/", "oa"),
    ("/sns/", "oa"),
    ("/wxaapi/", "oa"),
    ("/customservice/", "oa"),
    ("/connect/", "page"),
    ("/mmpaymkttransfers/", "pay"),
    ("/sms/", "sms"),
)
EXCERPT = 2000
KEEP = 2000


def refuse(reason: str) -> None:
    """Mark the request being served as refused, with the reason in words for the control page."""
    g.journal_reason = reason


def record(
    *,
    face: str,
    method: str,
    path: str,
    verdict: str,
    reason: str = "",
    sent: str = "",
    answered: str = "",
    status: int = 200,
    took_ms: int = 0,
) -> None:
    """Write one entry; `verdict` is ok or refused, texts are cut to an excerpt."""
    number = store.insert(
        "journal",
        at=clock.timestamp(),
        face=face,
        method=method,
        path=path,
        status=status,
        verdict=verdict,
        reason=reason,
        sent=sent[:EXCERPT],
        answered=answered[:EXCERPT],
        took_ms=took_ms,
    )
    if number % 100 == 0:
        store.run("DELETE FROM journal WHERE id <= ?", (number - KEEP,))


def listing(*, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """Newest entries first, ids above `after`."""
    found = store.rows("SELECT * FROM journal WHERE id > ? ORDER BY id DESC LIMIT ?", (after, limit))
    return [dict(entry) for entry in found]


def install(app: Flask) -> None:
    """Write an entry for every request that reaches a face of the platform."""

    @app.before_request
    def start_watch() -> None:
        g.journal_start = time.monotonic()

    @app.after_request
    def write_entry(response: Response) -> Response:
        face = next((face for prefix, face in FACES if request.path.startswith(prefix)), None)
        if face is None:
            return response
        reason = getattr(g, "journal_reason", "")
        refused = bool(reason) or response.status_code >= 400
        record(
            face=face,
            method=request.method,
            path=request.full_path.rstrip("?"),
            status=response.status_code,
            verdict="refused" if refused else "ok",
            reason=reason,
            sent=_sent(),
            answered=_answered(response),
            took_ms=round((time.monotonic() - g.journal_start) * 1000),
        )
        return response


def _sent() -> str:
    if request.mimetype.startswith("multipart/"):
        return f"（上传 {request.content_length or 0} 字节）"
    return request.get_data(cache=True).decode("utf-8", "replace")


def _answered(response: Response) -> str:
    binary = (response.mimetype or "").startswith(("image/", "application/octet-stream"))
    if response.is_streamed or response.direct_passthrough or binary:
        return f"（{response.mimetype}）"
    return response.get_data(as_text=True)
