"""Processes of the shop that die by SIGKILL at a chosen border: around a commit, or around a call to the platform.

Run as a program this is a foreman who has the shop loaded and lets a child run one job at a time: a line `name` in, a line
`done` or `killed` out.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from shopapp.kernel import clock
from shopapp.kernel.db import db, dispose_engines
from shopapp.kernel.jobs import registry
from shopapp.wechat import pay

JOBS = ("close-unpaid-orders", "query-payments", "send-refunds", "deliver-events")
WEB_ORDER, JOB_ORDER = "MORTAL_WEB", "MORTAL_JOB"


def watch(order: Path) -> None:
    """From now on this process dies at the n-th border after `n` was written into this file, which is gone then."""

    def border() -> None:
        try:
            left = int(order.read_text())
        except (FileNotFoundError, ValueError):
            return
        if left > 1:
            order.write_text(str(left - 1))
            return
        order.unlink()
        os.kill(os.getpid(), signal.SIGKILL)

    def call(self: requests.Session, request: requests.PreparedRequest, **told: Any) -> requests.Response:
        border()
        answer = send(self, request, **told)
        border()
        return answer

    send = requests.Session.send
    requests.Session.send = call  # type: ignore[method-assign]
    event.listen(Session, "before_commit", lambda _session: border())
    event.listen(Session, "after_commit", lambda _session: border())


def run_job(app: Flask, name: str) -> None:
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    watch(Path(os.environ[JOB_ORDER]))
    with app.app_context():
        registry()[name].run(clock.now())


def warmed() -> Flask:
    """The shop with all that a job needs loaded, but no connection open: children must not share one."""
    from wsgi import app

    with app.app_context():
        for name in JOBS:
            registry()[name].run(clock.now())
        pay.client()
        db.session.remove()
        dispose_engines()
    clock.follow_file(os.environ["SHOP_CLOCK_FILE"])
    return app


def lead() -> None:
    app = warmed()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run_job(app, line.strip())
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        words = {0: "done", -signal.SIGKILL: "killed"}
        print(words.get(status, f"failed {status}"), flush=True)


if __name__ == "__main__":
    lead()
