"""Text messages, through a gateway that takes JSON: `POST {SMS_API_BASE}/messages {"to", "text"}` with a bearer key.

Any answer of 200 to 299 means taken. Numbers and texts are never written to logs.
"""

from __future__ import annotations

import requests
import structlog
from flask import current_app

from .db import in_transaction
from .settings import settings

log = structlog.get_logger(__name__)

EXTENSION = "sms"
CONNECT_SECONDS = 3.05
READ_SECONDS = 7


class SmsProblem(Exception):
    """The message was not taken, or nobody knows; `in_doubt` tells that it may have gone out all the same."""

    def __init__(self, text: str, *, in_doubt: bool) -> None:
        super().__init__(text)
        self.in_doubt = in_doubt


class SmsApi:
    """Sends single messages; knows nothing of codes and limits."""

    def __init__(self, *, base: str, key: str) -> None:
        self._base, self._key = base, key

    def send(self, *, phone: str, text: str) -> None:
        """Hand one message over. Raises `SmsProblem`, and `RuntimeError` inside a transaction."""
        if in_transaction():
            raise RuntimeError("no call to the network belongs inside a transaction")
        try:
            answer = requests.post(
                f"{self._base}/messages",
                json={"to": phone, "text": text},
                headers={"Authorization": f"Bearer {self._key}"},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.ConnectTimeout as problem:
            raise self._failed("ConnectTimeout", in_doubt=False) from problem
        except requests.RequestException as problem:
            raise self._failed(type(problem).__name__, in_doubt=True) from problem
        if not 200 <= answer.status_code < 300:
            raise self._failed(f"HTTP {answer.status_code}", in_doubt=answer.status_code >= 500)

    @staticmethod
    def _failed(text: str, *, in_doubt: bool) -> SmsProblem:
        log.warning("the text message was not taken", problem=text)
        return SmsProblem(text, in_doubt=in_doubt)


class FakeSms(SmsApi):
    """Remembers what it was given; fails as often as it was told to."""

    def __init__(self) -> None:
        super().__init__(base="http://fake.invalid", key="")
        self.sent: list[tuple[str, str]] = []
        self.failures: list[SmsProblem] = []

    def send(self, *, phone: str, text: str) -> None:
        if in_transaction():
            raise RuntimeError("no call to the network belongs inside a transaction")
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((phone, text))


def offered() -> bool:
    """Whether the shop can send text messages at all."""
    return bool(settings().sms_api_base)


def client() -> SmsApi:
    """The gateway of this application; call `offered` before."""
    found: SmsApi | None = current_app.extensions.get(EXTENSION)
    if found is None:
        found = SmsApi(base=settings().sms_api_base, key=settings().sms_api_key)
        current_app.extensions[EXTENSION] = found
    return found
