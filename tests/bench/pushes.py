"""Sealed pushes of the platform at a steady rate, whether or not earlier ones were answered: a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

from config import ROOT
from tests.support.wechat import CALLBACK, sealed_push, text_message

from .wire import Wire

XML = {"Content-Type": "text/xml"}
SETTLE_SECONDS = 0.5
ANSWER_SECONDS = 30


def push(*, port: int, rate: int, seconds: float) -> list[float]:
    """How long each push waited for its answer, in milliseconds, counted from when it was due.

    Raises `RuntimeError` when one was not answered with 200.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.pushes", str(port), str(rate), str(seconds)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=seconds + ANSWER_SECONDS * 2,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-800:])
    waits: list[float] = json.loads(done.stdout)
    return waits


async def main(port: int, rate: int, seconds: float) -> None:
    now = int(time.time())
    pushes = [
        sealed_push(text_message(f"oBENCH{number % 500:022d}", "客服", at=now))
        for number in range(int(rate * seconds))
    ]
    free: asyncio.LifoQueue[Wire] = asyncio.LifoQueue()
    waits: list[float] = []
    began = time.perf_counter() + SETTLE_SECONDS

    async def send(place: int, query: str, body: bytes) -> None:
        due = began + place / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        wire = free.get_nowait() if not free.empty() else Wire(port)
        status, content = await wire.ask("POST", f"{CALLBACK}?{query}", body, XML)
        if status != 200:
            raise RuntimeError(f"answered {status}: {content.decode()[:300]}")
        waits.append((time.perf_counter() - due) * 1000)
        free.put_nowait(wire)

    tasks: list[Any] = [send(place, query, body) for place, (query, body) in enumerate(pushes)]
    await asyncio.wait_for(asyncio.gather(*tasks), seconds + ANSWER_SECONDS)
    print(json.dumps(waits))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
