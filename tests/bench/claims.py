"""Claims at a steady rate against a table of imported orders, whether or not earlier ones were answered."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from config import ROOT
from shopapp.kernel import clock
from shopapp.kernel.db import db, is_sqlite, transaction
from shopapp.kernel.money import Money
from shopapp.members.addresses import services as addresses
from tests.support.cashback import make_campaign
from tests.support.people import REGION

from .report import Figure, Report
from .servers import Server
from .shops import Shop
from .wire import Wire

ORDERS, ORDERS_QUICK = 5_000_000, 100_000
RATE, WITHIN_MS = 50, 150
UNKNOWN_EVERY = 5
FIRST_NUMBER, STEP = 3_000_000_000_000_000_000, 7_919
SETTLE_SECONDS = 0.5
ANSWER_SECONDS = 30
JSON = {"Content-Type": "application/json"}

FILL = """
INSERT INTO marketplace_orders (public_id, platform, family, shop, order_no, status, ordered_at, paid_at, currency,
    paid_fen, refunded_fen, refunds, refund_unclear, anonymous, title, created_at, changed_at)
SELECT 'b' || n, 'taobao', 'taobao', '', CAST({first} + n * {step} AS VARCHAR(40)), 'paid', :paid_at, :paid_at, 'CNY',
    1000 + n % 90000, 0, '{{}}', {false}, {false}, '', :paid_at, :paid_at
FROM {numbers}
"""
SERIES = "generate_series(1, :orders) AS series(n)"
COUNTED = "(WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :orders) SELECT n FROM series)"


def speed(report: Report, *, shop: Shop, server: Server, orders: int, seconds: float) -> None:
    """Half a minute of claims by people of different addresses; every fifth number is not imported yet."""
    _fill(orders)
    _spread(shop)
    make_campaign(budget=Money(50_000_000_00), per_person=None)
    wishes = _wishes(shop, orders=orders, count=int(RATE * seconds) + RATE)
    claim(port=server.port, wishes=wishes[:RATE], rate=RATE)
    waits = sorted(claim(port=server.port, wishes=wishes[RATE:], rate=RATE))
    within = waits[int(len(waits) * 0.99) - 1]
    note = f"{orders:,} orders, median {waits[len(waits) // 2]:.1f} ms, longest {waits[-1]:.0f} ms"
    name = f"99 % of {RATE} claims a second within ({shop.name})"
    report.tell(Figure(name=name, value=within, unit="ms", most=WITHIN_MS, note=note))


def _fill(orders: int) -> None:
    sqlite = is_sqlite()
    statement = FILL.format(
        first=FIRST_NUMBER, step=STEP, false="0" if sqlite else "false", numbers=COUNTED if sqlite else SERIES
    )
    paid_at: Any = clock.now() - timedelta(days=30)
    with transaction():
        told = paid_at.strftime("%Y-%m-%d %H:%M:%S.%f") if sqlite else paid_at
        db.session.execute(text(statement), {"orders": orders, "paid_at": told})


def _spread(shop: Shop) -> None:
    """Each person lives somewhere else, so that none of them looks like another."""
    for number, person in enumerate(shop.people):
        with transaction():
            addresses.save_address(
                customer_id=person.id,
                public_id=person.address_id,
                name="王小满",
                phone=f"1980000{number:04d}",
                region_code=REGION,
                detail=f"文三路 {number + 1} 号",
                is_default=True,
                now=clock.now(),
            )


def _wishes(shop: Shop, *, orders: int, count: int) -> list[tuple[str, str]]:
    """Tokens and numbers, far apart in the table."""
    found = []
    for number in range(count):
        place = orders + number if number % UNKNOWN_EVERY == 0 else number * (orders // count) + 1
        found.append((shop.people[number % len(shop.people)].token, str(FIRST_NUMBER + place * STEP)))
    return found


def claim(*, port: int, wishes: list[tuple[str, str]], rate: int) -> list[float]:
    """How long each claim waited for its answer, in milliseconds, counted from when it was due.

    Raises `RuntimeError` when one was not answered with 201.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.claims", str(port), str(rate)],
        input=json.dumps(wishes),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=len(wishes) / rate + ANSWER_SECONDS * 2,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-800:])
    waits: list[float] = json.loads(done.stdout)
    return waits


async def main(port: int, rate: int, wishes: list[tuple[str, str]]) -> None:
    free: asyncio.LifoQueue[Wire] = asyncio.LifoQueue()
    waits: list[float] = []
    began = time.perf_counter() + SETTLE_SECONDS

    async def send(place: int, token: str, number: str) -> None:
        due = began + place / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        wire = free.get_nowait() if not free.empty() else Wire(port)
        body = json.dumps({"platform": "taobao", "order_no": number}).encode()
        headers = {**JSON, "Authorization": f"Bearer {token}"}
        status, content = await wire.ask("POST", "/api/v1/claims", body, headers)
        if status != 201:
            raise RuntimeError(f"answered {status}: {content.decode()[:300]}")
        waits.append((time.perf_counter() - due) * 1000)
        free.put_nowait(wire)

    tasks = [send(place, *wish) for place, wish in enumerate(wishes)]
    await asyncio.wait_for(asyncio.gather(*tasks), len(wishes) / rate + ANSWER_SECONDS)
    print(json.dumps(waits))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), json.load(sys.stdin)))
