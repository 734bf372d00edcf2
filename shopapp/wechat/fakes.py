"""A platform that remembers what it was asked and answers what it was told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .api import Attachment, Outcome, PlatformApi, PlatformError, outcome_of

Answer = dict[str, Any] | Exception | Callable[["Call"], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call as it was made."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    file: Attachment | None = None

    @property
    def token(self) -> str:
        return self.query.get("access_token", "")


def refusal(code: int, text: str = "refused") -> PlatformError:
    return PlatformError(outcome=outcome_of(code), code=code, text=text, path="fake")


def silence(*, in_doubt: bool = True) -> PlatformError:
    """No answer in time."""
    return PlatformError(outcome=Outcome.RETRY, code=None, text="Timeout", path="fake", in_doubt=in_doubt)


class FakePlatform(PlatformApi):
    """Answers each path with what is queued for it, else with its lasting answer, else with success.

    Tokens are numbered: the first is `token-1`, and stays until a forced call makes the next.
    """

    def __init__(self) -> None:
        super().__init__(base="http://fake.invalid")
        self.calls: list[Call] = []
        self.queued: dict[str, list[Answer]] = {}
        self.lasting: dict[str, Answer] = {}
        self.pages: dict[str, tuple[int, str]] = {}
        self.tokens_made = 1

    def answer(self, path: str, *answers: Answer) -> None:
        """Answer the next calls of this path with these, one each."""
        self.queued.setdefault(path, []).extend(answers)

    def always(self, path: str, answer: Answer) -> None:
        self.lasting[path] = answer

    def made(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path]

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        file: Attachment | None = None,
    ) -> dict[str, Any]:
        call = Call(method=method, path=path, query=dict(query or {}), body=dict(body or {}), file=file)
        self.calls.append(call)
        answer = self.queued[path].pop(0) if self.queued.get(path) else self.lasting.get(path)
        if isinstance(answer, PlatformError):
            answer.path = path
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(call)
        return self._usual(call) if answer is None else answer

    def fetch(self, url: str) -> tuple[int, str]:
        return self.pages.get(url, (404, ""))

    def _usual(self, call: Call) -> dict[str, Any]:
        if call.path == "/cgi-bin/stable_token":
            self.tokens_made += bool(call.body.get("force_refresh"))
            return {"access_token": f"token-{self.tokens_made}", "expires_in": 7200}
        if call.path == "/cgi-bin/ticket/getticket":
            return {"ticket": "ticket-1", "expires_in": 7200}
        if call.path == "/cgi-bin/qrcode/create":
            scene = call.body["action_info"]["scene"]["scene_str"]
            return {"ticket": f"gQ+/{scene}==", "url": f"http://weixin.qq.com/q/{scene}"}
        if call.path == "/cgi-bin/material/add_material":
            return {"media_id": f"media-{len(self.calls)}", "url": f"https://mmbiz.invalid/{len(self.calls)}"}
        if call.path == "/cgi-bin/message/template/send":
            return {"errcode": 0, "msgid": 4_000_000_000_000_000_000 + len(self.calls)}
        return {"errcode": 0, "errmsg": "ok"}
