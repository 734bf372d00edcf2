"""A whole shop on this machine: web server, worker and sandbox as processes of their own, on free loopback ports."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import requests
from flask import Flask

from config import ROOT, load_settings
from scripts import commands
from scripts.dev_settings import development_settings
from shopapp import create_app

READY_SECONDS = 40
STOP_SECONDS = 15
LOG_TAIL = 3000
COMMANDS = {"web": commands.WEB, "worker": commands.WORKER, "sandbox": commands.SANDBOX}
OWN_SETTINGS = ("WX", "SHOP_", "SANDBOX_", "DATABASE_URL", "REDIS_URL")


@dataclass
class Process:
    """One of the processes; what it says goes into a file."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:]

    def kill(self) -> None:
        """SIGKILL to it and its children: no chance to tidy up."""
        os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(STOP_SECONDS)

    def ask_to_stop(self) -> None:
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGTERM)

    def stop(self) -> None:
        self.ask_to_stop()
        try:
            self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass
class Town:
    """The running shop. `app` is the same shop in the process of the test: to prepare goods and to look at rows."""

    folder: Path
    environment: dict[str, str]
    app: Flask
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def shop(self) -> str:
        return self.environment["SHOP_BASE_URL"]

    @property
    def sandbox(self) -> str:
        return self.environment["SANDBOX_PUBLIC_URL"]

    def start(self, name: str, command: Sequence[str] = ()) -> None:
        """Start `web`, `worker` or `sandbox`, also again after it was killed; `command` stands in for the usual one."""
        command = command or COMMANDS[name]
        log = self.folder / f"{name}.log"
        with log.open("ab") as said:
            popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes[name] = Process(name, popen, log)

    def control(self, act: str, /, **told: Any) -> dict[str, Any]:
        """One call of the sandbox's control panel."""
        answer = requests.post(f"{self.sandbox}/control/api/{act}", json=told, timeout=30)
        assert answer.status_code == 200, (act, answer.text)
        found: dict[str, Any] = answer.json()
        return found

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        waited_for = [f"{self.shop}/readyz", f"{self.sandbox}/control/api/state"]
        while waited_for:
            fallen = next((one for one in self.processes.values() if one.popen.poll() is not None), None)
            if fallen is not None:
                raise AssertionError(f"{fallen.name} fell:\n{fallen.tail()}")
            late = time.monotonic() > deadline
            assert not late, "\n".join(f"{one.name}:\n{one.tail()}" for one in self.processes.values())
            waited_for = [url for url in waited_for if not _answers(url)]
            time.sleep(0.1)

    def stop(self) -> None:
        for process in self.processes.values():
            process.ask_to_stop()
        for process in self.processes.values():
            process.stop()


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (HTTPError, URLError, OSError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def flask_command(environment: dict[str, str], *arguments: str) -> str:
    """What a command of the shop prints; fails with what it said when it does."""
    done = subprocess.run(
        [*commands.FLASK, *arguments], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"flask {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def running_town(folder: Path, *, database_url: str | None = None, **more: str) -> Iterator[Town]:
    """A migrated, empty shop, not started yet: fill it, then `start` what is needed and `wait_until_ready`.

    Everything that is running is stopped in the end. `more` are settings that differ.
    """
    town = prepared_town(folder, database_url=database_url, **more)
    try:
        yield town
    finally:
        town.stop()


@cache
def migrated_file() -> Path:
    """A migrated, empty SQLite database, made once a process: to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="huitou-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    environment = {**os.environ, **development_settings(folder=folder / "dev", port=1, sandbox_port=2)}
    flask_command({**environment, "DATABASE_URL": f"sqlite:///{folder / 'shop.db'}"}, "db", "upgrade")
    return folder / "shop.db"


def prepared_town(folder: Path, *, database_url: str | None = None, **more: str) -> Town:
    made = development_settings(folder=folder / "dev", port=free_port(), sandbox_port=free_port())
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)},
        **made,
        "DATABASE_URL": database_url or f"sqlite:///{folder / 'shop.db'}",
        "WEB_WORKERS": "1",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        "FLASK_SKIP_DOTENV": "1",
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        **more,
    }
    if database_url is None:
        shutil.copyfile(migrated_file(), folder / "shop.db")
    else:
        flask_command(environment, "db", "upgrade")
    return Town(
        folder=folder, environment=environment, app=create_app(load_settings(environment, dotenv=None))
    )


def start_all(town: Town) -> None:
    for name in ("sandbox", "web", "worker"):
        town.start(name)
    town.wait_until_ready()
