"""Tells a long story to the books in processes that die by SIGKILL. Run as a program this is a foreman who has the shop
loaded and lets a child tell the story from its start: a line `border 70`, `after 0.4` or `live` in, a line `done` or
`killed` out.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from shopapp.kernel.db import db, dispose_engines
from tests.loyalty.ledger_script import Step, script

LENGTH, SEED = 1000, 11


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_border(number: int) -> None:
    """The n-th time that a statement is sent, a commit begins, or a commit is done."""
    left = number

    def border(*_told: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            die()

    event.listen(Engine, "before_cursor_execute", border)
    event.listen(Session, "before_commit", border)
    event.listen(Session, "after_commit", border)


def tell(steps: list[Step], wish: str) -> None:
    kind, _, value = wish.partition(" ")
    if kind == "border":
        die_at_border(int(value))
    elif kind == "after":
        threading.Timer(float(value), die).start()
    for step in steps:
        step()
    os._exit(0)


def lead() -> None:
    from wsgi import app

    steps = script(LENGTH, seed=SEED)
    with app.app_context():
        db.session.remove()
        dispose_engines()
        print("ready", flush=True)
        for line in sys.stdin:
            child = os.fork()
            if child == 0:
                tell(steps, line.strip())
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            words = {0: "done", -signal.SIGKILL: "killed"}
            print(words.get(status, f"failed {status}"), flush=True)


if __name__ == "__main__":
    lead()
