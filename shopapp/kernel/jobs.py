"""Scheduled work. The schedule follows the shop's clock; each due slot of a job runs once over all workers.

A worker claims a slot by inserting its row. A claim that was not finished within its lease (its worker was killed) may
be taken again, so every job is written to be run twice: it claims its rows, works, and marks them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

import structlog
from flask import current_app
from sqlalchemy import Text, UniqueConstraint, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .db import Model, db, insert_once, rows_changed, transaction

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=15)
RUNS_KEPT = timedelta(days=2)
WORKER_SEEN_WITHIN = timedelta(seconds=60)
HEARTBEAT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Job:
    """`run` gets the time and returns how many things it did. Due `every` so often, or daily `at` a time of the shop."""

    name: str
    run: Callable[[datetime], int]
    every: timedelta | None = None
    at: time | None = None

    def slot(self, now: datetime) -> datetime:
        """The latest moment at which the job was due."""
        if self.every is not None:
            seconds = int(self.every.total_seconds())
            return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=now.tzinfo)
        local = now.astimezone(clock.SHOP_ZONE)
        at = self.at or time(0)
        due = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        return (due if due <= local else due - timedelta(days=1)).astimezone(now.tzinfo)


class RunState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobRun(Model):
    """One due slot of a job: its row is the claim."""

    __tablename__ = "job_runs"
    __table_args__ = (UniqueConstraint("name", "slot"),)

    name: Mapped[str]
    slot: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[RunState] = mapped_column(default=RunState.RUNNING)
    claimed_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)


class Worker(Model):
    """A worker process and when it was last seen, by the machine's time."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(unique=True)
    seen_at: Mapped[datetime]


@dataclass
class Shift:
    """A worker process at its work, until `stop` says so."""

    name: str
    stop: Callable[[], bool]
    beaten_at: float | None = None

    def turn(self) -> None:
        """Be seen alive, and run what is due."""
        if self.beaten_at is None or clock.monotonic() - self.beaten_at >= HEARTBEAT_SECONDS:
            heartbeat(name=self.name)
            self.beaten_at = clock.monotonic()
        run_due(now=clock.now(), stop=self.stop)


_shift: ContextVar[Shift | None] = ContextVar("shift", default=None)
_underway: ContextVar[tuple[str, ...]] = ContextVar("underway", default=())
"""Jobs that this worker is in the middle of."""


def begin_shift(shift: Shift) -> None:
    _shift.set(shift)


def breathe() -> bool:
    """Between two steps of a long job, outside of any transaction: the other jobs that are due have their turn.

    False once the worker is asked to stop: the job then leaves what it does to be taken up again. What the session held
    is stale afterwards.
    """
    shift = _shift.get()
    if shift is None:
        return True
    shift.turn()
    return not shift.stop()


def registry() -> dict[str, Job]:
    found: dict[str, Job] = current_app.extensions["jobs"]
    return found


def run_due(*, now: datetime, stop: Callable[[], bool] = lambda: False) -> int:
    """Run every job that is due and not claimed, until `stop` says so; returns how many ran."""
    ran = 0
    for job in registry().values():
        if stop():
            break
        if job.name in _underway.get():
            continue
        ran += _run_slot(job=job, slot=job.slot(now))
    return ran


def _run_slot(*, job: Job, slot: datetime) -> bool:
    real = clock.real_now()
    free = select(JobRun.id).where(
        JobRun.name == job.name,
        JobRun.slot == slot,
        or_(JobRun.state != RunState.RUNNING, JobRun.claimed_at > real - LEASE),
    )
    if db.session.scalar(free) is not None:
        return False
    with transaction():
        claimed = insert_once(
            JobRun, name=job.name, slot=slot, state=RunState.RUNNING, claimed_at=real, done=0
        ) or rows_changed(
            update(JobRun)
            .where(
                JobRun.name == job.name,
                JobRun.slot == slot,
                JobRun.state == RunState.RUNNING,
                JobRun.claimed_at <= real - LEASE,
            )
            .values(claimed_at=real)
        )
    if not claimed:
        return False
    _run_claimed(job=job, slot=slot)
    return True


def _run_claimed(*, job: Job, slot: datetime) -> None:
    values: dict[str, object] = {"state": RunState.DONE}
    outer = _underway.set((*_underway.get(), job.name))
    try:
        values["done"] = job.run(clock.now())
    except Exception as problem:
        db.session.rollback()
        log.error("job failed", job=job.name, exc_info=problem)
        values = {"state": RunState.FAILED, "error": f"{type(problem).__name__}: {problem}"[:500]}
    finally:
        _underway.reset(outer)
    with transaction():
        rows_changed(
            update(JobRun)
            .where(JobRun.name == job.name, JobRun.slot == slot)
            .values(finished_at=clock.real_now(), **values)
        )


def heartbeat(*, name: str) -> None:
    """Note that this worker is alive."""
    real = clock.real_now()
    with transaction():
        if not insert_once(Worker, name=name, seen_at=real):
            rows_changed(update(Worker).where(Worker.name == name).values(seen_at=real))


def forget_old() -> int:
    """Delete the runs and workers of days ago."""
    before = clock.real_now() - RUNS_KEPT
    with transaction():
        rows_changed(delete(Worker).where(Worker.seen_at < before))
        return rows_changed(delete(JobRun).where(JobRun.claimed_at < before))


def worker_seen() -> bool:
    """Whether some worker has been alive within the last minute."""
    since = clock.real_now() - WORKER_SEEN_WITHIN
    return db.session.scalar(select(Worker.id).where(Worker.seen_at >= since).limit(1)) is not None
