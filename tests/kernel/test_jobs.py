"""Scheduled work: each due slot runs once over all workers, and a killed run is taken up again."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from shopapp.kernel import clock as kernel_clock
from shopapp.kernel import jobs
from shopapp.kernel.db import db, insert_once, rows_changed, transaction
from shopapp.kernel.jobs import LEASE, Job, JobRun, RunState

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


class Sweeper:
    def __init__(self) -> None:
        self.ran: list[datetime] = []
        self.broken = False

    def sweep(self, now: datetime) -> int:
        self.ran.append(now)
        if self.broken:
            raise RuntimeError("broom broke")
        return 3


@pytest.fixture
def sweeper(app: Flask) -> Iterator[Sweeper]:
    sweeper, before = Sweeper(), app.extensions["jobs"]
    app.extensions["jobs"] = {"sweep": Job(name="sweep", every=timedelta(minutes=5), run=sweeper.sweep)}
    yield sweeper
    app.extensions["jobs"] = before


def test_a_slot_runs_once_and_the_next_one_again(sweeper: Sweeper) -> None:
    assert [jobs.run_due(now=NOON + timedelta(seconds=at)) for at in (0, 1, 299, 300)] == [1, 0, 0, 1]
    runs = db.session.scalars(select(JobRun).order_by(JobRun.slot)).all()
    assert [(run.state, run.done) for run in runs] == [(RunState.DONE, 3)] * 2


def test_workers_that_race_run_a_slot_once(app: Flask, sweeper: Sweeper) -> None:
    gate = threading.Barrier(8)

    def work() -> None:
        with app.app_context():
            gate.wait()
            jobs.run_due(now=NOON)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sweeper.ran) == 1


def test_what_a_killed_worker_left_is_taken_up_after_its_lease(sweeper: Sweeper) -> None:
    with transaction():
        insert_once(
            JobRun,
            name="sweep",
            slot=NOON,
            state=RunState.RUNNING,
            claimed_at=kernel_clock.real_now(),
            done=0,
        )
    assert jobs.run_due(now=NOON) == 0
    with transaction():
        rows_changed(update(JobRun).values(claimed_at=kernel_clock.real_now() - LEASE - timedelta(seconds=1)))
    assert jobs.run_due(now=NOON) == 1
    assert len(sweeper.ran) == 1


def test_a_failure_is_kept_and_does_not_stop_the_others(app: Flask, sweeper: Sweeper) -> None:
    sweeper.broken = True
    other = Sweeper()
    app.extensions["jobs"]["other"] = Job(name="other", every=timedelta(minutes=5), run=other.sweep)
    assert jobs.run_due(now=NOON) == 2
    failed = db.session.scalars(select(JobRun).filter_by(name="sweep")).one()
    assert (failed.state, failed.error) == (RunState.FAILED, "RuntimeError: broom broke")
    assert len(other.ran) == 1


def test_a_daily_job_is_due_at_its_hour_of_shop_time() -> None:
    job = Job(name="bill", at=time(10, 30), run=lambda now: 0)
    before, after = (datetime(2026, 11, 22, 2, minute, tzinfo=UTC) for minute in (29, 30))
    assert job.slot(before) == datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    assert job.slot(after) == datetime(2026, 11, 22, 2, 30, tzinfo=UTC)


def test_one_job_can_be_run_by_hand(app: Flask, sweeper: Sweeper) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["jobs", "run", "sweep", "--json"]).stdout == '{"name": "sweep", "done": 3}\n'
    wrong = runner.invoke(args=["jobs", "run", "fly"])
    assert (wrong.exit_code, "no job is called 'fly'" in wrong.output) == (1, True)
    assert len(sweeper.ran) == 1


def test_in_production_no_job_is_run_as_if_it_were_later(
    app: Flask, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, now = app.test_cli_runner(), kernel_clock.now()
    soon, later = (now + timedelta(**by) for by in ({"seconds": 30}, {"minutes": 5}))
    assert runner.invoke(args=["jobs", "run", "sweep", "--at", later.isoformat()]).exit_code == 0
    production = replace(app.extensions["settings"], env="production")
    monkeypatch.setitem(app.extensions, "settings", production)
    refused = runner.invoke(args=["jobs", "run", "sweep", "--at", later.isoformat()])
    assert (refused.exit_code, len(refused.output.splitlines())) == (1, 1)
    assert "later than now" in refused.output
    for moment in (soon, now - timedelta(days=1)):
        assert runner.invoke(args=["jobs", "run", "sweep", "--at", moment.isoformat()]).exit_code == 0
    assert sweeper.ran == [later, soon, now - timedelta(days=1)]


def test_a_long_job_lets_the_others_have_their_turn_and_hears_that_it_should_stop(
    app: Flask, sweeper: Sweeper
) -> None:
    """Its own next slot does not begin inside it."""
    begun: list[bool] = []
    stopping = False

    def long(_now: datetime) -> int:
        begun.append(jobs.breathe())
        nonlocal stopping
        stopping = True
        begun.append(jobs.breathe())
        return 1

    sweep = app.extensions["jobs"]["sweep"]
    first = Job(name="long", every=timedelta(seconds=1), run=long)
    app.extensions["jobs"] = {"long": first, "sweep": sweep, "again": replace(sweep, name="again")}

    def shift() -> None:
        one = jobs.Shift(name="TEST", stop=lambda: stopping)
        jobs.begin_shift(one)
        one.turn()

    contextvars.copy_context().run(shift)
    assert begun == [True, False]
    assert len(sweeper.ran) == 2, "both sweeps, in the first breath"
    assert jobs.worker_seen()
    assert jobs.breathe(), "outside of a worker nobody is asked to stop"
