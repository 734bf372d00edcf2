"""Exports of marketplaces: the samples, files made up for a test, and all that an import left behind."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.members.marketplace.models import MarketplaceIdentity, MarketplaceLine, MarketplaceOrder

SAMPLES = Path(__file__).resolve().parent.parent / "data" / "marketplace"
EXPECTED: dict[str, dict[str, Any]] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))[
    "files"
]
GENERIC = ("order_no", "buyer_id", "paid_at", "status", "item_title", "quantity", "paid_yuan", "refund_yuan")
PASSING = {"id", "public_id", "created_at", "changed_at", "buyer_id", "phone_id", "order_id"}


def as_csv(rows: Iterable[Sequence[object]], *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def generic(*rows: Sequence[object]) -> bytes:
    """A file in our own format."""
    return as_csv([GENERIC, *rows])


def sample_rows(name: str) -> list[list[str]]:
    encoding = EXPECTED[name]["encoding"]
    with (SAMPLES / name).open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))


def put(folder: Path, content: bytes, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def everything() -> dict[str, Any]:
    """All that is known, but for what differs from one import to the next: numbers of rows, and when it was."""
    db.session.rollback()
    db.session.expire_all()
    identities = {
        row.id: (row.kind, row.family, row.value) for row in db.session.scalars(select(MarketplaceIdentity))
    }
    numbers, orders = {}, {}
    for order in db.session.scalars(select(MarketplaceOrder)):
        numbers[order.id] = order.order_no
        told = {name: getattr(order, name) for name in columns(MarketplaceOrder)}
        people = (identities.get(order.buyer_id or 0), identities.get(order.phone_id or 0))
        orders[f"{order.family} {order.order_no}"] = (told, people)
    lines = {
        (numbers[line.order_id], line.key): {name: getattr(line, name) for name in columns(MarketplaceLine)}
        for line in db.session.scalars(select(MarketplaceLine))
    }
    return {"orders": orders, "lines": lines, "people": sorted(map(str, identities.values()))}


def columns(model: type[Any]) -> list[str]:
    return [column.name for column in model.__table__.columns if column.name not in PASSING]


def order_row(order_no: str) -> MarketplaceOrder:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(MarketplaceOrder).filter_by(order_no=order_no)).one()
