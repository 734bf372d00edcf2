"""Web servers under measurement: gunicorn with the settings of the shop, on a free port."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from config import ROOT

START_SECONDS = 30
STOP_SECONDS = 25
LOG_TAIL = 2000


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server; `started_in` is the time to its first answer."""

    port: int
    process: subprocess.Popen[bytes]
    started_in: float
    log: Path

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def memory_mib(self) -> float:
        """Of its largest worker, resident."""
        return max(float(worker.memory_info().rss) for worker in self.workers()) / 2**20

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    application: str, *, environment: Mapping[str, str], folder: Path, path: str = "/"
) -> Iterator[Server]:
    """Serve an application until the block ends. Raises `RuntimeError` when it does not answer on `path`."""
    port = free_port()
    own = {
        **environment,
        "PORT": str(port),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / f"metrics-{port}"),
        "SHOP_BASE_URL": f"http://127.0.0.1:{port}",
        "PYTHONPATH": str(ROOT),
    }
    log = folder / f"server-{port}.log"
    began = time.perf_counter()
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", application],
            cwd=ROOT,
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(process, port=port, path=path, log=log)
        yield Server(port=port, process=process, started_in=time.perf_counter() - began, log=log)
    finally:
        _stop(process)


def _wait_for(process: subprocess.Popen[bytes], *, port: int, path: str, log: Path) -> None:
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            break
        try:
            if get(port, path)[0] == 200:
                return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-LOG_TAIL:]}")


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
