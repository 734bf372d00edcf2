"""Command line of the kernel: the worker, and jobs by hand."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from datetime import datetime, timedelta
from typing import Any

import click
import structlog
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from . import clock, jobs, preferences
from .db import db
from .settings import settings

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.5
# Clocks of two machines may differ by as much.
LATER_MOST = timedelta(minutes=1)


@click.command("work")
@with_appcontext
def work() -> None:
    """Run scheduled jobs until stopped; what is being worked on when SIGTERM comes is ended first."""
    stop = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: stop.set())
    name = f"{socket.gethostname()}-{os.getpid()}"
    shift = jobs.Shift(name=name, stop=stop.is_set)
    jobs.begin_shift(shift)
    log.info("worker started", worker=name, jobs=len(jobs.registry()))
    while not stop.is_set():
        try:
            preferences.forget_read()
            shift.turn()
        except OperationalError as problem:
            db.session.rollback()
            log.error("database unavailable", exc_info=problem)
        db.session.remove()
        stop.wait(PAUSE_SECONDS)
    log.info("worker stopped", worker=name)


@click.group("jobs")
def jobs_group() -> None:
    """Scheduled jobs."""


@jobs_group.command("list")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def list_jobs(as_json: bool) -> None:
    """Every job, how often it is due, and its last run."""
    rows = [_describe(job) for job in jobs.registry().values()]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['name']:24} {row['due']:16} {row['last_slot'] or '-':28} {row['last_state'] or ''}")


def _describe(job: jobs.Job) -> dict[str, Any]:
    newest = select(jobs.JobRun).filter_by(name=job.name).order_by(jobs.JobRun.slot.desc()).limit(1)
    last = db.session.scalar(newest)
    return {
        "name": job.name,
        "due": f"every {job.every}" if job.every else f"daily at {job.at:%H:%M}",
        "last_slot": last.slot.isoformat() if last else None,
        "last_state": last.state.value if last else None,
        "last_done": last.done if last else None,
    }


@jobs_group.command("run")
@click.argument("name")
@click.option("--at", "at_time", help="RFC 3339; the present without it")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def run_job(name: str, at_time: str | None, as_json: bool) -> None:
    """Run one job now, or in production as of a time that was: as of a later one it would end what is not over."""
    job = jobs.registry().get(name)
    if job is None:
        raise click.ClickException(f"no job is called {name!r}; see: jobs list")
    try:
        now = datetime.fromisoformat(at_time) if at_time else clock.now()
    except ValueError:
        raise click.BadParameter("must be a time like 2026-01-31T08:00:00+08:00", param_hint="--at") from None
    if now.tzinfo is None:
        now = now.replace(tzinfo=clock.SHOP_ZONE)
    if settings().production and now > clock.now() + LATER_MOST:
        raise click.ClickException("--at is later than now; in production a job runs as of now or earlier")
    done = job.run(now)
    click.echo(json.dumps({"name": name, "done": done}) if as_json else f"{name}: {done}")
