"""An export of 100,000 orders taken over in a process of its own, beside merely decoding and splitting the same file."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from config import ROOT
from shopapp.kernel.clock import SHOP_ZONE
from tests.support.keys import test_environment
from tests.support.marketplace import sample_rows

from .books import empty_shop
from .report import Figure, Report

ROWS, QUICK = 100_000, 10_000
SECONDS_MOST, MEMORY_MOST, RATIO_LEAST = 60, 200, 0.15
MEASURED = "taobao-orders-gbk.csv"
FIRST_DAY = datetime(2017, 9, 1, tzinfo=SHOP_ZONE)
ROUNDS = 3


def write_export(path: Path, *, rows: int) -> None:
    """Orders like those of the sample, each with a number of its own; every third or so by somebody who bought before."""
    header, *samples = sample_rows(MEASURED)
    place = {name.strip(): number for number, name in enumerate(header)}
    moments = (place["订单创建时间"], place["订单付款时间"])
    with path.open("w", encoding="gbk", newline="") as file:
        file.write(_line(header))
        for number in range(rows):
            row = list(samples[number % len(samples)])
            buyer = number * 2654435761 % (rows // 3 + 1)
            row[place["订单编号"]] = f'="{10**17 + number * 7:018d}"'
            row[place["买家会员名"]] = f"tb{buyer:08d}"
            row[place["联系手机"]] = f"'154{buyer:08d}"
            at = FIRST_DAY + timedelta(seconds=number * 31)
            for moment in moments:
                row[moment] = f"{at:%Y-%m-%d %H:%M:%S}" if row[moment] else ""
            file.write(_line(row))


def _line(row: list[str]) -> str:
    cells = (cell if cell.startswith('="') else '"' + cell.replace('"', '""') + '"' for cell in row)
    return ",".join(cells) + "\r\n"


def measure(report: Report, *, kind: str, folder: Path, rows: int) -> None:
    with empty_shop(kind, folder) as url:
        path = folder / "orders.csv"
        write_export(path, rows=rows)
        environment = {**test_environment(folder), "DATABASE_URL": url, "FLASK_SKIP_DOTENV": "1"}
        first, memory = _run(path, environment)
        again, _memory = _run(path, environment)
    if first["inserted"] != rows or again["unchanged"] != rows:
        raise RuntimeError("the import did not take over what was written")
    note = f"{rows / first['seconds']:.0f} rows/s, again {again['seconds']:.1f} s, splitting alone {first['splitting']:.2f} s"
    name = f"importing {rows} orders of Taobao ({kind})"
    report.tell(Figure(name=name, value=first["seconds"], unit="s", most=SECONDS_MOST, note=note))
    ratio = first["splitting"] / first["seconds"]
    report.tell(Figure(name="its speed beside decoding and splitting", value=ratio, least=RATIO_LEAST))
    report.tell(Figure(name="its memory at most", value=memory, unit="MiB", most=MEMORY_MOST))


def _run(path: Path, environment: dict[str, str]) -> tuple[dict[str, float], float]:
    """What the process tells, and the most memory it had."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.imports", str(path)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = process.stdout.read()
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"the import ended with {process.returncode}")
    return json.loads(told.splitlines()[-1]), used.ru_maxrss / 1024


def main() -> None:
    from config import load_settings
    from shopapp import create_app
    from shopapp.members.marketplace import importing

    path = Path(sys.argv[1])
    splitting = median(_split(path) for _ in range(ROUNDS))
    app = create_app(load_settings(dict(os.environ), dotenv=None))
    with app.app_context():
        began = time.perf_counter()
        report = importing.run(path=path)
        seconds = time.perf_counter() - began
    told = {
        "splitting": splitting,
        "seconds": seconds,
        "inserted": report.inserted,
        "unchanged": report.unchanged,
    }
    print(json.dumps(told))


def _split(path: Path) -> float:
    began = time.perf_counter()
    with path.open(encoding="gb18030", newline="") as file:
        for _row in csv.reader(file):
            pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
