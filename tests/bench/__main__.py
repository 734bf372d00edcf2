"""`make bench`: measures, prints, never fails for a slow machine. `--quick` for development, `--only` for some parts."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from shopapp.kernel.db import transaction
from tests.support.databases import postgres_server

from . import books, buyers, claims, follows, imports, nightly, pages, purchases, pushes, rows
from .pounder import Load, pound
from .report import Figure, Report
from .servers import Server, free_port, serving
from .shops import Shop, open_shop

PARTS = ("pages", "purchase", "rows", "books", "imports", "callback", "claims", "follows", "size")
LONG_PARTS = ("nightly",)
"""Only when asked for: they take many minutes."""
PRODUCTS = 1000
PEOPLE = 16
CLAIMANTS = 200
PUSHES_PER_SECOND = 200
CALLBACK_MS = 100
MEMORY_MIB = 150
COLD_SECONDS = 2
STARTS = 3


def main() -> int:
    wishes = _wishes()
    report = Report()
    kinds = ["sqlite", *(["postgres"] if postgres_server() else [])]
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, databases: {', '.join(kinds)}")
    with tempfile.TemporaryDirectory(prefix="huitou-bench-") as name, serving_hello(Path(name)) as hello:
        folder = Path(name)
        report.head("The measure")
        rate = median(pound(Load(port=hello.port, targets=["/"])) for _ in range(3))
        report.tell(Figure(name="bare hello in Flask", value=rate, unit="/s", note="= 1"))
        for kind in kinds:
            _measure_shop(report, kind=kind, folder=folder, hello=hello, wishes=wishes)
        if "rows" in wishes.parts and "postgres" in kinds:
            report.head("Inside one process")
            (folder / "rows").mkdir()
            rows.compare(report, folder=folder / "rows", count=50 if wishes.quick else 200)
        if "books" in wishes.parts:
            report.head("The books, inside one process")
            for kind in kinds:
                books.compare(
                    report, kind=kind, folder=folder / f"books-{kind}", count=20 if wishes.quick else 100
                )
        if "imports" in wishes.parts:
            report.head("Exports of marketplaces")
            rows_each = wishes.rows or (imports.QUICK if wishes.quick else imports.ROWS)
            for kind in kinds:
                imports.measure(report, kind=kind, folder=folder / f"imports-{kind}", rows=rows_each)
        if "nightly" in wishes.parts and "postgres" in kinds:
            report.head("The night")
            customers = nightly.QUICK if wishes.quick else nightly.CUSTOMERS
            nightly.measure(report, folder=folder / "night", customers=customers)
    missed = report.missed
    print("\nAll targets are met." if not missed else f"\n{len(missed)} missed:")
    for figure in missed:
        print(figure.line())
    return 0


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs, fewer goods")
    parser.add_argument("--only", nargs="+", choices=[*PARTS, *LONG_PARTS], default=list(PARTS), dest="parts")
    parser.add_argument("--rows", type=int, help="how many orders the imported export has")
    return parser.parse_args()


@contextmanager
def serving_hello(folder: Path) -> Iterator[Server]:
    with serving("tests.bench.hello:app", environment=dict(os.environ), folder=folder) as hello:
        yield hello


def _measure_shop(
    report: Report, *, kind: str, folder: Path, hello: Server, wishes: argparse.Namespace
) -> None:
    parts = set(wishes.parts)
    if not parts & {"pages", "purchase", "callback", "claims", "follows", "size"}:
        return
    seconds, rounds = (1.0, 2) if wishes.quick else (2.0, 5)
    gateway = free_port()
    with (
        buyers.town(gateway_port=gateway) as town,
        open_shop(
            kind,
            folder=folder,
            products=100 if wishes.quick else PRODUCTS,
            people=CLAIMANTS if "claims" in parts else PEOPLE,
            gateway=f"http://127.0.0.1:{gateway}",
        ) as shop,
        serving(
            "wsgi:app", environment=os.environ | shop.environment, folder=shop.folder, path="/healthz"
        ) as server,
    ):
        if "pages" in parts:
            report.head(f"Lists and pages, {len(shop.products)} products, 20 a page ({kind})")
            pages.speed(report, shop=shop, server=server, hello=hello, seconds=seconds, rounds=rounds)
            pages.freshness(report, shop=shop, server=server)
        if "purchase" in parts:
            report.head(f"Quote, order, payment, notice ({kind})")
            purchases.speed(
                report,
                shop=shop,
                server=server,
                hello=hello,
                town=town,
                seconds=seconds * 2,
                rounds=rounds,
            )
        if "callback" in parts:
            report.head(f"Sealed pushes ({kind})")
            _callback(report, kind=kind, server=server, seconds=3 if wishes.quick else 10)
        if "claims" in parts:
            report.head(f"Claims of cash-back ({kind})")
            few = wishes.quick or kind == "sqlite"
            orders = claims.ORDERS_QUICK if few else claims.ORDERS
            length = 4 if wishes.quick else 30
            claims.speed(report, shop=shop, server=server, orders=orders, seconds=length)
        if "follows" in parts:
            report.head(f"A flyer drop ({kind})")
            count = follows.QUICK if wishes.quick else follows.FOLLOWS
            follows.measure(report, shop=shop, server=server, count=count)
        if "size" in parts:
            report.head(f"Size ({kind})")
            note = "after the load" if len(parts) > 1 else ""
            report.tell(
                Figure(
                    name=f"web process ({kind})",
                    value=server.memory_mib(),
                    unit="MiB",
                    most=MEMORY_MIB,
                    note=note,
                )
            )
            if kind == "sqlite":
                pages.sizes(report, shop=shop, server=server)
                _cold_start(report, shop=shop)


def _callback(report: Report, *, kind: str, server: Server, seconds: float) -> None:
    from shopapp.kernel import clock
    from shopapp.outreach.replies.models import Match
    from shopapp.outreach.replies.rules import RuleContent
    from shopapp.outreach.replies.services import add_keyword

    with transaction():
        content = RuleContent(keyword="客服", match=Match.CONTAINS, reply="客服九点到二十一点在线。")
        add_keyword(content=content, now=clock.now())
    pushes.push(port=server.port, rate=50, seconds=1)
    waits = sorted(pushes.push(port=server.port, rate=PUSHES_PER_SECOND, seconds=seconds))
    within = waits[int(len(waits) * 0.99) - 1]
    note = f"median {waits[len(waits) // 2]:.1f} ms, longest {waits[-1]:.0f} ms"
    report.tell(
        Figure(
            name=f"99 % of {PUSHES_PER_SECOND} pushes a second within ({kind})",
            value=within,
            unit="ms",
            most=CALLBACK_MS,
            note=note,
        )
    )


def _cold_start(report: Report, *, shop: Shop) -> None:
    """From nothing to the first answer, through gunicorn."""
    found = []
    for _ in range(STARTS):
        environment = os.environ | shop.environment
        with serving("wsgi:app", environment=environment, folder=shop.folder, path="/healthz") as server:
            found.append(server.started_in)
    report.tell(
        Figure(name="cold start to the first answer", value=median(found), unit="s", most=COLD_SECONDS)
    )
    if median(found) > COLD_SECONDS:
        print(_slow_imports(environment))


def _slow_imports(environment: dict[str, str]) -> str:
    """The imports that take longest, themselves and all that they bring."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import wsgi"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines() if "|" in line]
    timed = [(int(part[1]), part[2].strip()) for part in lines if part[1].strip().isdigit()]
    return "\n".join(f"    {took / 1000:7.0f} ms  {name}" for took, name in sorted(timed, reverse=True)[:15])


if __name__ == "__main__":
    sys.exit(main())
