"""Buyers and their WeChat Pay in a process of its own: quote, order, payment attempt, notice, over and over."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from config import ROOT

from .gateway import Gateway
from .wire import Wire

JSON = {"Content-Type": "application/json"}
NOTICE = "/wechat/pay/notice/payment"


@dataclass(frozen=True, kw_only=True)
class Round:
    """Each buyer is a (bearer token, address id); they buy one of the SKUs at a time until `seconds` are over."""

    shop: int
    seconds: float
    buyers: list[tuple[str, str]]
    skus: list[str]


class Town:
    """The process with gateway and buyers; rounds are told to it one at a time."""

    def __init__(self, *, gateway_port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.buyers", str(gateway_port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._line()

    def _line(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise RuntimeError("no pipe")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the buyers have fallen")
        found: dict[str, Any] = json.loads(line)
        return found

    def buy(self, asked: Round) -> tuple[int, float]:
        """Finished purchases, and the seconds they took. Raises `RuntimeError` when one failed."""
        if self._process.stdin is None:
            raise RuntimeError("no pipe")
        self._process.stdin.write(json.dumps(asdict(asked)) + "\n")
        self._process.stdin.flush()
        told = self._line()
        if told.get("problem"):
            raise RuntimeError(told["problem"])
        return told["bought"], told["seconds"]

    def end(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(10)


@contextmanager
def town(*, gateway_port: int) -> Iterator[Town]:
    made = Town(gateway_port=gateway_port)
    try:
        yield made
    finally:
        made.end()


@dataclass
class Street:
    """The running side."""

    gateway: Gateway
    bought: int = 0
    waiting: list[Any] = field(default_factory=list)

    async def buyer(self, asked: Round, place: int, ends: float) -> None:
        token, address = asked.buyers[place]
        wire, signed = Wire(asked.shop), {"Authorization": f"Bearer {token}"}
        turn = place
        try:
            while time.perf_counter() < ends:
                await self._purchase(wire, signed, address=address, sku=asked.skus[turn % len(asked.skus)])
                turn += len(asked.buyers)
                self.bought += 1
        finally:
            wire.close()

    async def _purchase(self, wire: Wire, signed: dict[str, str], *, address: str, sku: str) -> None:
        wanted = {"items": [{"sku_id": sku, "quantity": 1}], "address_id": address}
        quote = await wire.post("/api/v1/quotes", wanted, signed, wanted=200)
        order = await wire.post("/api/v1/orders", {**wanted, "confirmed_no_return": True}, signed, wanted=201)
        if order["total_fen"] != quote["total_fen"]:
            raise RuntimeError("the order has another total than its quote")
        ready = await wire.post(f"/api/v1/orders/{order['no']}/payment", {}, signed, wanted=200)
        prepay_id = ready["jsapi"]["package"].removeprefix("prepay_id=")
        body, headers = self.gateway.notice(prepay_id)
        status, content = await wire.ask("POST", NOTICE, body, {**JSON, **headers})
        if status not in (200, 204):
            raise RuntimeError(f"the notice was answered {status}: {content.decode()[:400]}")

    async def run(self, asked: Round) -> dict[str, Any]:
        self.bought = 0
        began = time.perf_counter()
        ends = began + asked.seconds
        try:
            await asyncio.gather(*(self.buyer(asked, place, ends) for place in range(len(asked.buyers))))
        except (RuntimeError, OSError, EOFError) as problem:
            return {"problem": f"{type(problem).__name__}: {problem}"}
        return {"bought": self.bought, "seconds": time.perf_counter() - began}


async def main(port: int) -> None:
    street = Street(Gateway())
    server = await street.gateway.serve(port)
    print(json.dumps({"ready": True}), flush=True)
    loop = asyncio.get_running_loop()
    async with server:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await street.run(Round(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
