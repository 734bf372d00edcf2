"""Earning and spending inside one process, beside the bare writes of the same rows; and what a long history costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from flask_migrate import upgrade

from config import load_settings
from shopapp import create_app
from shopapp.kernel import clock
from shopapp.kernel.db import db, dispose_engines, transaction
from shopapp.loyalty.ledger import queries, services, statements, writing
from shopapp.loyalty.ledger.models import Book, Kind, LotState, Unit
from shopapp.loyalty.ledger.writing import Purse
from tests.support.databases import spare_database
from tests.support.keys import test_environment

from .report import Figure, Report

POSTING_LEAST = 0.4
READING_LEAST = 0.8
SHORT, LONG = 10, 10_000
ROUNDS = 9
LOOKS = 300
HASH = "0" * 64
_numbers = count(1)


@contextmanager
def empty_shop(kind: str, folder: Path) -> Iterator[str]:
    """A migrated shop without anything in it, its context open; its address."""
    folder.mkdir()
    with spare_database(kind, folder) as url:
        environment = {**test_environment(folder), "DATABASE_URL": url, "FLASK_SKIP_DOTENV": "1"}
        app = create_app(load_settings(environment, dotenv=None))
        with app.app_context():
            upgrade()
            yield url
            db.session.remove()
            dispose_engines()


def compare(report: Report, *, kind: str, folder: Path, count: int) -> None:
    with empty_shop(kind, folder):
        _posting(report, kind=kind, count=count)
        _reading(report, kind=kind)


def _posting(report: Report, *, kind: str, count: int) -> None:
    purses = [_purse() for _ in range(count)]
    accounts = []
    for purse in purses:
        with transaction():
            accounts.append(writing.lock(purse).id)
    now = clock.now()
    _earn_and_spend(purses, now)
    _bare(accounts, now)
    through, bare = [], []
    for _ in range(ROUNDS):
        bare.append(_timed(lambda: _bare(accounts, now)) / count)
        through.append(_timed(lambda: _earn_and_spend(purses, now)) / count)
    ratio = median(one / other for one, other in zip(bare, through, strict=True))
    note = f"{median(through) * 1000:.2f} ms beside {median(bare) * 1000:.2f} ms for both, {ROUNDS} rounds"
    report.tell(
        Figure(
            name=f"earning and spending, in one process ({kind})", value=ratio, least=POSTING_LEAST, note=note
        )
    )


def _purse() -> Purse:
    return Purse(owner_kind="customer", owner_id=next(_numbers), unit=Unit.POINTS)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _earn_and_spend(purses: list[Purse], now: datetime) -> None:
    for purse in purses:
        number = next(_numbers)
        with transaction():
            services.earn(purse=purse, amount=50, key=f"e{number}", subject="order:1", now=now)
        with transaction():
            services.spend(purse=purse, amount=50, key=f"s{number}", subject="order:2", now=now)


def _bare(accounts: list[int], now: datetime) -> None:
    """The rows that the same movements write, with statements that are put into words already, and nothing else."""
    for account in accounts:
        number = next(_numbers)
        counters: dict[str, Any] = {"held": 0, "spent": 0, "expired": 0, "reversed": 0, "taken_back": 0}
        with transaction():
            lot = {
                "account_id": account,
                "award": f"b{number}",
                "subject": "order:1",
                "earned": 50,
                "remaining": 50,
                "state": LotState.ACTIVE,
                "life": "",
                "activates_at": None,
                "expires_at": None,
                "created_at": now,
                **counters,
            }
            lot_id = statements.INSERT_LOT.run(lot).scalar_one()
            _bare_posting(account, f"b{number}", Kind.EARN, lot_id, 50, now)
        with transaction():
            _bare_posting(account, f"t{number}", Kind.SPEND, lot_id, -50, now)
            state = {"row_id": lot_id, "account_id": account, "state": LotState.ACTIVE, "remaining": 0}
            statements.SAVE_LOT.run([{**state, **counters, "spent": 50, "expires_at": None}])


def _bare_posting(account: int, key: str, kind: Kind, lot_id: int, amount: int, now: datetime) -> None:
    seq = next(_numbers)
    posting = {
        "account_id": account,
        "seq": seq,
        "key": key,
        "body_hash": HASH,
        "kind": kind,
        "subject": "order:1",
        "reverses_id": None,
        "reason": "",
        "actor": "system:bench",
        "approver": None,
        "balance": 50,
        "at": now,
        "hash": HASH,
    }
    posting_id = statements.INSERT_POSTING.run(posting).scalar_one()
    legs = [
        {
            "posting_id": posting_id,
            "leg": leg,
            "book": book,
            "amount": part,
            "lot_id": lot,
            "expires_at": None,
        }
        for leg, (book, part, lot) in enumerate([(Book.ACTIVE, amount, lot_id), (Book.ISSUED, -amount, None)])
    ]
    statements.INSERT_ENTRIES.run(legs)
    figures = {"active": 50, "pending": 0, "held": 0, "debt": 0, "seq": seq, "head": HASH}
    statements.SAVE_ACCOUNT.run([{"row_id": account, **figures}])


def _reading(report: Report, *, kind: str) -> None:
    now, purses = clock.now(), {}
    for length in (SHORT, LONG):
        purses[length] = _purse()
        for place in range(0, length, 250):
            with transaction():
                for number in range(place, min(place + 250, length), 2):
                    _move(purses[length], f"h{length}:{number}", now)
    db.session.rollback()
    spans: dict[int, list[float]] = {SHORT: [], LONG: []}
    for _ in range(ROUNDS * 2 + 1):
        for length, purse in purses.items():
            spans[length].append(_timed(lambda purse=purse: _look(purse, now)))  # type: ignore[misc]
    ratio = median(short / long for short, long in zip(spans[SHORT], spans[LONG], strict=True))
    note = f"{median(spans[LONG]) / LOOKS * 1e6:.0f} µs a read after {LONG} movements"
    report.tell(
        Figure(
            name=f"a balance after {SHORT}, beside {LONG} movements ({kind})",
            value=ratio,
            least=READING_LEAST,
            note=note,
        )
    )


def _move(purse: Purse, key: str, now: datetime) -> None:
    services.earn(purse=purse, amount=50, key=key, subject="order:1", now=now)
    services.spend(purse=purse, amount=49, key=f"{key}s", subject="order:2", now=now)


def _look(purse: Purse, now: datetime) -> None:
    for _ in range(LOOKS):
        queries.balance(purse=purse, now=now)
