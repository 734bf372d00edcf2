"""SIGKILL at any point of a thousand movements, told again from the start each time: it comes to the same."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade

from config import ROOT, load_settings
from shopapp import create_app
from shopapp.kernel.db import db, dispose_engines
from shopapp.loyalty.ledger.verify import verify
from tests.loyalty.ledger_script import script, state_of_books
from tests.loyalty.mortal_books import LENGTH, SEED
from tests.support.databases import spare_database
from tests.support.keys import test_environment

LIVES = 8
BORDERS = 3500


@contextmanager
def foreman(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.loyalty.mortal_books"],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == "ready", log.read_text()[-3000:]
        yield process
    finally:
        process.stdin.close()
        process.wait(30)


def ask(process: subprocess.Popen[str], wish: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{wish}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def wishes() -> Iterator[str]:
    """Half of the deaths at a counted border, half by the clock: in the middle of anything."""
    chance = random.Random(SEED)
    for number in range(LIVES):
        yield (
            f"after {chance.uniform(0.2, 1.5):.3f}" if number % 2 else f"border {chance.randint(1, BORDERS)}"
        )


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """What the books say when nobody dies, on SQLite: the other database must say the same."""
    folder = tmp_path_factory.mktemp("unharmed")
    with books("sqlite", folder) as (unharmed, _environment), unharmed.app_context():
        for step in script(LENGTH, seed=SEED):
            step()
        assert verify().problems == []
        return state_of_books()


@contextmanager
def books(kind: str, folder: Path) -> Iterator[tuple[Flask, dict[str, str]]]:
    """Empty books of their own, and what a process that writes them is started with. No server keeps a commit waiting
    for its disk here: it is not the server that dies."""
    with spare_database(kind, folder) as url:
        hurry = "" if kind == "sqlite" else "?options=-csynchronous_commit%3Doff"
        environment = {**test_environment(folder), "DATABASE_URL": url + hurry, "FLASK_SKIP_DOTENV": "1"}
        app = create_app(load_settings(environment, dotenv=None))
        with app.app_context():
            upgrade()
            db.session.remove()
            dispose_engines()
        yield app, environment
        with app.app_context():
            db.session.remove()
            dispose_engines()


def test_books_whose_writer_is_killed_again_and_again_come_to_the_same(
    database: str, wanted: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    with books(database, tmp_path) as (app, environment), foreman(environment, tmp_path / "log") as process:
        ended = [ask(process, wish) for wish in wishes()]
        assert set(ended) <= {"done", "killed"}, (tmp_path / "log").read_text()[-3000:]
        assert ended.count("killed") >= LIVES * 2 // 3
        for _ in range(2):
            assert ask(process, "live") == "done", (tmp_path / "log").read_text()[-3000:]
            with app.app_context():
                assert verify().problems == []
                assert state_of_books() == wanted
                db.session.remove()
