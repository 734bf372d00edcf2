"""The night of a million customers: what expires and whose tier is looked at, in one process that is killed once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from config import ROOT
from shopapp.kernel import clock
from shopapp.kernel.db import db
from shopapp.kernel.jobs import registry
from shopapp.loyalty.ledger.models import Kind, Lot, LotState, Posting
from shopapp.loyalty.ledger.verify import verify
from tests.support.keys import test_environment

from . import crowd
from .books import empty_shop
from .report import Figure, Report

CUSTOMERS, QUICK = 1_000_000, 50_000
JOBS = ("expire-points", "evaluate-tiers")
SECONDS_MOST, MEMORY_MOST = 300, 500
LOOK_SECONDS = 0.2


@dataclass
class Night:
    """Runs of one process after the other: how long they took, the most memory that any had."""

    environment: dict[str, str]
    seconds: float = 0
    busy: float = 0
    memory_mib: float = 0

    def run(self, job: str, *, killed_when: int | None = None) -> None:
        """Run a job; killed as soon as no more lots than that are over and not booked, if that is asked for."""
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.nightly", job], cwd=ROOT, env=os.environ | self.environment
        )
        while killed_when is not None and left() > killed_when and process.poll() is None:
            time.sleep(LOOK_SECONDS)
        if killed_when is not None:
            process.send_signal(signal.SIGKILL)
        _pid, status, used = os.wait4(process.pid, 0)
        ended = process.returncode = os.waitstatus_to_exitcode(status)
        if ended not in (0, -signal.SIGKILL):
            raise RuntimeError(f"{job} ended with {ended}")
        self.seconds += time.perf_counter() - began
        self.busy += used.ru_utime + used.ru_stime
        self.memory_mib = max(self.memory_mib, used.ru_maxrss / 1024)


def measure(report: Report, *, folder: Path, customers: int) -> None:
    with empty_shop("postgres", folder) as url:
        began = time.perf_counter()
        over = crowd.fill(url, customers=customers, now=clock.now())
        filled = time.perf_counter() - began
        entries = report_size(report, customers=customers, seconds=filled)
        night = Night({**test_environment(folder), "DATABASE_URL": url, "FLASK_SKIP_DOTENV": "1"})
        known = [name for name in JOBS if name in registry()]
        spans = {}
        for name in known:
            before = night.seconds
            if name == "expire-points":
                night.run(name, killed_when=over // 2)
            night.run(name)
            spans[name] = night.seconds - before
        told = [f"{name} {seconds:.0f} s" for name, seconds in spans.items()]
        note = ", ".join([*told, f"its processor busy {night.busy:.0f} s"])
        name = f"the night of {customers} customers, {entries} entries"
        report.tell(Figure(name=name, value=night.seconds, unit="s", most=SECONDS_MOST, note=note))
        report.tell(Figure(name="its memory at most", value=night.memory_mib, unit="MiB", most=MEMORY_MOST))
        report.tell(
            Figure(
                name="accounts with something over, not booked once",
                value=abs(over - expired()) + left(),
                most=0,
            )
        )
        began = time.perf_counter()
        checked = verify()
        report.tell(
            Figure(
                name="faults found by verifying it all",
                value=len(checked.problems),
                most=0,
                note=f"{checked.checked} entries in {time.perf_counter() - began:.0f} s",
            )
        )


def report_size(report: Report, *, customers: int, seconds: float) -> int:
    entries = customers * 5 + customers // crowd.SLICES * 3
    report.tell(Figure(name="writing them in bulk", value=seconds, unit="s"))
    return entries


def expired() -> int:
    """How many postings booked what was over: one an account."""
    db.session.rollback()
    found = db.session.scalar(select(func.count()).select_from(Posting).where(Posting.kind == Kind.EXPIRE))
    db.session.rollback()
    return found or 0


def left() -> int:
    """Lots that are over and still not booked."""
    db.session.rollback()
    over = (Lot.state == LotState.ACTIVE, Lot.remaining > 0, Lot.expires_at <= clock.now())
    return db.session.scalar(select(func.count()).select_from(Lot).where(*over)) or 0


def main(names: Sequence[str]) -> None:
    from wsgi import app

    with app.app_context():
        for name in names:
            registry()[name].run(clock.now())


if __name__ == "__main__":
    main(sys.argv[1:])
