"""A load generator in a process of its own: keep-alive connections that ask again as soon as they are answered.

Its input is one JSON document, its output another: `python -m tests.bench.pounder < asked > told`.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from config import ROOT

ANSWER_SECONDS = 15
CHUNK = 65536


@dataclass(frozen=True, kw_only=True)
class Load:
    """`connections` ask for the `targets` in turn, for `seconds`; all answers must have the status."""

    port: int
    targets: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    connections: int = 16
    seconds: float = 2.0
    status: int = 200


def pound(load: Load) -> float:
    """Answers per second. Raises `RuntimeError` when one was not as it should be."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.pounder"],
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=load.seconds + ANSWER_SECONDS * 2,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-800:])
    told: dict[str, Any] = json.loads(done.stdout)
    return float(told["answers"] / told["seconds"])


class Connection:
    """One keep-alive connection with one question under way."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received = b""
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> None:
        self.received = b""
        self.socket.sendall(request)

    def answer(self) -> tuple[int, bool] | None:
        """(status, whether the server closes) once the answer is whole; None before."""
        chunk = self.socket.recv(CHUNK)
        if not chunk:
            raise RuntimeError(f"the server closed in the middle of an answer: {self.received[:200]!r}")
        self.received += chunk
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        low = head.lower()
        place = low.find(b"\r\ncontent-length:")
        if place < 0:
            raise RuntimeError(f"an answer without a length: {head[:200]!r}")
        length = int(low[place + 17 :].split(b"\r\n", 1)[0])
        if len(body) < length:
            return None
        return int(head[9:12]), b"\r\nconnection: close" in low


def run(load: Load) -> tuple[int, float]:
    lines = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
    requests = [
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\n{lines}\r\n".encode()
        for target in load.targets
    ]
    selector = selectors.DefaultSelector()
    for place in range(load.connections):
        connection = Connection(load.port)
        connection.ask(requests[place % len(requests)])
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    answers, asked = 0, load.connections
    started = time.perf_counter()
    ends = started + load.seconds
    while (now := time.perf_counter()) < ends:
        ready = selector.select(timeout=ANSWER_SECONDS)
        if not ready:
            raise RuntimeError(f"no answer within {ANSWER_SECONDS} s")
        for key, _events in ready:
            connection = key.data
            answer = connection.answer()
            if answer is None:
                continue
            status, closes = answer
            if status != load.status:
                raise RuntimeError(f"answered {connection.received[:400]!r}")
            answers += 1
            if closes:
                selector.unregister(connection.socket)
                connection.socket.close()
                connection.open()
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask(requests[asked % len(requests)])
            asked += 1
    return answers, now - started


if __name__ == "__main__":
    told_answers, told_seconds = run(Load(**json.load(sys.stdin)))
    print(json.dumps({"answers": told_answers, "seconds": told_seconds}))
