"""The process dies between any two steps: around a commit, or around a call to WeChat Pay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shopapp.kernel import db as kernel_db
from shopapp.kernel.db import db
from shopapp.wechat.pay import FakePay

CALLS = (
    "prepay",
    "query",
    "close",
    "refund",
    "query_refund",
    "transfer",
    "query_transfer",
    "cancel_transfer",
)


class Killed(BaseException):
    """Nothing may catch this: the process is gone."""


@contextmanager
def killed_at(pay: FakePay, step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let the process die at the n-th border: before or after a commit, before or after a call to the platform."""
    passed: list[str] = []

    def border(name: str) -> None:
        passed.append(name)
        if len(passed) == step:
            raise Killed(name)

    session = db.session()
    commit = session.commit

    def dying_commit() -> None:
        border("before commit")
        commit()
        border("after commit")

    with monkeypatch.context() as patch:
        patch.setattr(session, "commit", dying_commit)
        for name in CALLS:
            patch.setattr(pay, name, _dying(getattr(pay, name), border, name))
        yield passed


def _dying(call: Callable[..., Any], border: Callable[[str], None], name: str) -> Callable[..., Any]:
    def die(*given: Any, **asked: Any) -> Any:
        border(f"before {name}")
        answer = call(*given, **asked)
        border(f"after {name}")
        return answer

    return die


def revive() -> None:
    """What is left after the process died: its transaction is gone."""
    db.session.rollback()
    db.session.info.pop(kernel_db.WRITING, None)
    db.session.info.pop("published", None)


def die_at(pay: FakePay, step: int, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> bool:
    """Run the act and die at the step; tells whether it got so far."""
    try:
        with killed_at(pay, step, monkeypatch):
            act()
    except Killed:
        revive()
        return True
    return False
