"""Processes that live and end together."""

from __future__ import annotations

import os
import sys
import time

import psutil
import pytest

from scripts.family import Family

SLEEPS = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
FAILS = [sys.executable, "-c", "print('the disk is full'); raise SystemExit(3)"]


@pytest.fixture
def family() -> Family:
    return Family(environment=os.environ, prefixed=True)


def test_one_that_dies_is_named_with_its_last_words_and_the_others_end(
    family: Family, capfd: pytest.CaptureFixture[str]
) -> None:
    family.start("web", SLEEPS)
    family.start("worker", FAILS)
    fallen = family.wait()
    assert fallen is not None
    family.tell_of(fallen)
    family.stop()
    told = capfd.readouterr().err
    assert "worker ended (exit 3)" in told
    assert "the disk is full" in told
    assert [child.process.poll() is None for child in family.children] == [False, False]


def test_a_wish_to_stop_ends_all_and_blames_nobody(family: Family) -> None:
    family.start("web", SLEEPS)
    family.stopping.set()
    assert family.wait() is None
    family.stop()
    assert family.children[0].process.returncode == -15


def test_every_line_says_whose_it_is(family: Family, capfd: pytest.CaptureFixture[str]) -> None:
    family.start("sandbox", FAILS)
    family.wait()
    family.stop()
    assert "sandbox  the disk is full" in capfd.readouterr().out


def test_grandchildren_do_not_outlive_the_family(family: Family, capfd: pytest.CaptureFixture[str]) -> None:
    parent = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    family.start("web", [sys.executable, "-c", parent + "print(p.pid, flush=True)"])
    assert family.wait() is family.children[0]
    family.stop()
    grandchild = int(capfd.readouterr().out.split()[1])
    assert gone(grandchild)


def gone(process_id: int) -> bool:
    """Killed and no longer running; who reaps it afterwards is the machine's affair."""
    for _ in range(40):
        if not psutil.pid_exists(process_id) or psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False
