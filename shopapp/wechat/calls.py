"""Calls that need the access token: with the shared token, a bounded number of repeats, and respect for quotas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import structlog

from shopapp.kernel.db import transaction

from . import problems, quotas, tokens
from .api import Attachment, Outcome, PlatformError, client

log = structlog.get_logger(__name__)


def ask(
    method: str,
    path: str,
    *,
    now: datetime,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    file: Attachment | None = None,
) -> dict[str, Any]:
    """Call the platform with the shared token; not inside a transaction. Raises `PlatformError`.

    An interface whose quota of the day is used up is not called again before midnight, shop time.
    """
    if quotas.is_blocked(api=path, now=now):
        raise PlatformError(outcome=Outcome.QUOTA, code=None, text="used up for today", path=path)

    def call(token: str) -> dict[str, Any]:
        asked = {**(query or {}), "access_token": token}
        return client().call(method, path, query=asked, body=body, file=file)

    try:
        answer = _with_token(call, now=now)
    except PlatformError as problem:
        with transaction():
            used_up = problem.outcome is Outcome.QUOTA and problem.path == path
            quotas.note_use(api=path, now=now, blocked=used_up)
            if problem.outcome in (Outcome.QUOTA, Outcome.CONFIGURATION):
                _keep_problem(problem, now=now)
        raise
    with transaction():
        quotas.note_use(api=path, now=now)
        problems.clear(code=path)
    return answer


def _with_token(call: Callable[[str], dict[str, Any]], *, now: datetime) -> dict[str, Any]:
    """Raises `PlatformError`; when every token is refused, it is a matter for people."""
    refused: PlatformError | None = None
    for token in _tokens_to_try(now=now):
        try:
            return call(token)
        except PlatformError as problem:
            if problem.outcome is not Outcome.TOKEN:
                raise
            refused = problem
    raise _given_up(refused, now=now)


def _tokens_to_try(*, now: datetime) -> Iterator[str]:
    """Each is asked for only when the one before was refused: the shared one, what somebody else put in its place, one
    fetched, and last one that the platform is forced to make. Never more."""
    token = tokens.access_token(now=now)
    yield token
    stored = tokens.stored_access_token()
    if stored is not None and stored != token:
        yield (token := stored)
    yield (token := tokens.another_access_token(failed=token, force=False, now=now))
    yield tokens.another_access_token(failed=token, force=True, now=now)


def _given_up(refused: PlatformError | None, *, now: datetime) -> PlatformError:
    code, path, text = (None, "", "") if refused is None else (refused.code, refused.path, refused.text)
    with transaction():
        facts = {"code": code, "path": path, "answer": text}
        problems.record(code=tokens.PROBLEM, problem="token_refused", facts=facts, now=now)
    log.error("the platform refuses every access token", code=code, path=path)
    return PlatformError(outcome=Outcome.CONFIGURATION, code=code, text=text, path=path)


def _keep_problem(problem: PlatformError, *, now: datetime) -> None:
    facts = {"code": problem.code, "path": problem.path, "answer": problem.text}
    problems.record(code=problem.path, problem=problem.outcome.value, facts=facts, now=now)
