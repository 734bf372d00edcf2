"""The HTTP interface of the official account: one small class, and what its answers mean.

The platform answers HTTP 200 even when it refuses; a refusal is an `errcode` other than 0. JSON goes out as raw UTF-8, since
escapes would be shown to people as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import requests
from flask import current_app

from shopapp.kernel.db import in_transaction
from shopapp.kernel.settings import settings

EXTENSION = "wechat_api"
CONNECT_SECONDS = 3.05
READ_SECONDS = 7
ANSWER_BYTES_MAX = 4 * 1024 * 1024


class Outcome(StrEnum):
    """What to do about a refusal.

    retry: later, it is busy; token: get another token; quota: not before midnight, shop time; configuration: the merchant
    must set something right first; permanent: the same call will never succeed.
    """

    RETRY = "retry"
    TOKEN = "token"  # noqa: S105 - a kind of refusal
    QUOTA = "quota"
    CONFIGURATION = "configuration"
    PERMANENT = "permanent"


OUTCOMES: dict[int, Outcome] = {
    **dict.fromkeys((-1, 45011), Outcome.RETRY),
    **dict.fromkeys((40001, 40014, 42001), Outcome.TOKEN),
    **dict.fromkeys((45009, 45028), Outcome.QUOTA),
    **dict.fromkeys(
        (40002, 40013, 40037, 40125, 40164, 41002, 41004, 48001, 48004, 50001, 50002, 61024, 89503),
        Outcome.CONFIGURATION,
    ),
}

NOT_FOLLOWING = 43004
NOTHING_LEFT = 43101
WINDOW_CLOSED = 45015
WINDOW_USED_UP = 45047
NO_MENU = 46003
FIELD_INVALID = 47003
CODE_INVALID = 40029
CODE_USED = 40163


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a call."""

    name: str
    kind: str
    content: bytes


class PlatformError(Exception):
    """A refusal or a failure. `code` is the errcode, None when no answer could be read.

    `in_doubt` tells that the call may have taken effect although it seems to have failed.
    """

    def __init__(
        self, *, outcome: Outcome, code: int | None, text: str, path: str, in_doubt: bool = False
    ) -> None:
        super().__init__(f"{path}: {code} {text}")
        self.outcome, self.code, self.text, self.path, self.in_doubt = outcome, code, text, path, in_doubt


def outcome_of(code: int) -> Outcome:
    return OUTCOMES.get(code, Outcome.PERMANENT)


def failure(*, path: str, text: str, in_doubt: bool) -> PlatformError:
    return PlatformError(outcome=Outcome.RETRY, code=None, text=text, path=path, in_doubt=in_doubt)


class PlatformApi:
    """Makes single calls; knows nothing of tokens, quotas and repeats."""

    def __init__(self, *, base: str) -> None:
        self._base = base
        self._session = requests.Session()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        file: Attachment | None = None,
    ) -> dict[str, Any]:
        """The answer's fields. Raises `PlatformError`, and `RuntimeError` inside a transaction."""
        if in_transaction():
            raise RuntimeError("no call to the network belongs inside a transaction")
        return read_answer(self._send(method, path, query=query, body=body, file=file), path=path)

    def fetch(self, url: str) -> tuple[int, str]:
        """Status and text of any address, for checking that we can be reached. Raises `PlatformError`."""
        try:
            answer = self._session.get(url, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False)
        except requests.RequestException as problem:
            raise failure(path=url, text=type(problem).__name__, in_doubt=False) from problem
        return answer.status_code, answer.content[:ANSWER_BYTES_MAX].decode("utf-8", "replace")

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        file: Attachment | None,
    ) -> bytes:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {} if data is None else {"Content-Type": "application/json; charset=utf-8"}
        try:
            with self._session.request(
                method,
                self._base + path,
                params=query,
                data=data,
                headers=headers,
                files=None if file is None else {"media": (file.name, file.content, file.kind)},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer:
                content, status = _read(answer), answer.status_code
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as problem:
            raise failure(path=path, text=type(problem).__name__, in_doubt=False) from problem
        except (requests.RequestException, OSError) as problem:
            raise failure(path=path, text=type(problem).__name__, in_doubt=_sent(problem)) from problem
        if status != 200:
            raise failure(path=path, text=f"HTTP {status}", in_doubt=status >= 500)
        if len(content) > ANSWER_BYTES_MAX:
            raise failure(path=path, text="the answer is too large", in_doubt=True)
        return content


def _read(answer: requests.Response) -> bytes:
    """The body, but never much more than the most that is taken."""
    content = bytearray()
    for chunk in answer.iter_content(64 * 1024):
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            break
    return bytes(content)


def _sent(problem: Exception) -> bool:
    """Whether the request may have reached the platform before this happened."""
    return "NewConnectionError" not in repr(problem) and "NameResolutionError" not in repr(problem)


def read_answer(content: bytes, *, path: str) -> dict[str, Any]:
    """The fields of an answer. Raises `PlatformError` for a refusal and for what is no answer."""
    try:
        fields = json.loads(content.decode("utf-8"), strict=False)
    except ValueError as problem:
        raise failure(path=path, text="not JSON", in_doubt=True) from problem
    if not isinstance(fields, dict):
        raise failure(path=path, text="not a JSON object", in_doubt=True)
    code = fields.get("errcode", 0)
    if code != 0:
        code = code if isinstance(code, int) else -1
        text = str(fields.get("errmsg", ""))[:300]
        raise PlatformError(outcome=outcome_of(code), code=code, text=text, path=path)
    return fields


def client() -> PlatformApi:
    """The application's one client; tests put a fake in its place."""
    found = cast("PlatformApi | None", current_app.extensions.get(EXTENSION))
    if found is None:
        found = PlatformApi(base=settings().wx_api_base)
        current_app.extensions[EXTENSION] = found
    return found
