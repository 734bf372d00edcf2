"""Several processes that live and end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STOP_SECONDS = 25  # a little more than gunicorn gives its open requests
POLL_SECONDS = 0.1
LINES_KEPT = 20
COLOURS = ("\033[36m", "\033[33m", "\033[35m", "\033[32m")


@dataclass
class Child:
    name: str
    process: subprocess.Popen[str]
    reader: threading.Thread | None = None
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))


class Family:
    """Starts children in process groups of their own, so that a Ctrl-C reaches them in our order and only once."""

    def __init__(self, *, environment: Mapping[str, str], prefixed: bool) -> None:
        self.environment = dict(environment)
        self.prefixed = prefixed
        self.children: list[Child] = []
        self.stopping = threading.Event()

    def watch_signals(self) -> None:
        """SIGINT and SIGTERM end all."""
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, lambda *_: self.stopping.set())

    def start(self, name: str, command: Sequence[str]) -> None:
        process = subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if self.prefixed else None,
            stderr=subprocess.STDOUT if self.prefixed else None,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        child = Child(name=name, process=process)
        self.children.append(child)
        if self.prefixed:
            child.reader = threading.Thread(target=self._read, args=(child, len(self.children)), daemon=True)
            child.reader.start()

    def _read(self, child: Child, number: int) -> None:
        colour, end = (COLOURS[number % len(COLOURS)], "\033[0m") if sys.stdout.isatty() else ("", "")
        for line in child.process.stdout or ():
            child.last_lines.append(line.rstrip())
            print(f"{colour}{child.name:8}{end} {line.rstrip()}", flush=True)

    def fallen(self) -> Child | None:
        """The first child that has ended on its own, if one has."""
        return next((child for child in self.children if child.process.poll() is not None), None)

    def wait(self) -> Child | None:
        """Until somebody asks to stop (None) or a child ends (that child)."""
        while not self.stopping.wait(POLL_SECONDS):
            fallen = self.fallen()
            if fallen is not None:
                return fallen
        return None

    def stop(self) -> None:
        """End all: asked first, then killed. A second signal meanwhile changes nothing."""
        for child in self.children:
            if child.process.poll() is None:
                child.process.terminate()
        patience = time.monotonic() + STOP_SECONDS
        for child in self.children:
            try:
                child.process.wait(timeout=max(0.1, patience - time.monotonic()))
            except subprocess.TimeoutExpired:
                print(f"{child.name} did not end in {STOP_SECONDS} s and is killed", file=sys.stderr)
            self._kill_group(child)
            if child.reader is not None:
                child.reader.join(timeout=2)

    @staticmethod
    def _kill_group(child: Child) -> None:
        try:
            os.killpg(child.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
        child.process.wait()

    def tell_of(self, child: Child) -> None:
        code = child.process.returncode
        how = signal.Signals(-code).name if code < 0 else f"exit {code}"
        print(f"\n{child.name} ended ({how}), so all is stopped.", file=sys.stderr)
        if child.reader is not None:
            child.reader.join(timeout=2)
            print("\n".join(f"  {line}" for line in child.last_lines), file=sys.stderr)
