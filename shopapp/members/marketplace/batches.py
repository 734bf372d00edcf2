"""What a file tells, in portions of whole orders."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .identities import Hashes
from .reading import Held, Reader
from .rules import Told

COLLECTING = gc.get_threshold()
SELDOM = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Orders by their numbers, the values behind the hashes in them, and what waits for an explanation; `row` is how far it was read."""

    orders: dict[str, Told]
    buyers: dict[str, str]
    phones: dict[str, str]
    held: list[Held]
    row: int


def batches(reader: Reader, *, buyers: Hashes, phones: Hashes, size: int) -> Iterator[Batch]:
    """All that the file tells, at least `size` orders in each but the last, which may have none."""
    pending: dict[str, Told] = {}
    for told in reader.orders():
        before = pending.get(told.order_no)
        if before is None:
            pending[told.order_no] = told
        else:
            before.join(told)
        if len(pending) >= size:
            yield _batch(reader, pending, buyers, phones)
            pending = {}
            if not reader.waiting:
                buyers.forget_some()
                phones.forget_some()
    yield _batch(reader, pending, buyers, phones)


def _batch(reader: Reader, orders: dict[str, Told], buyers: Hashes, phones: Hashes) -> Batch:
    return Batch(
        orders=orders, buyers=buyers.told, phones=phones.told, held=reader.take_held(), row=reader.row
    )


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Hundreds of thousands of short-lived rows, none in a circle: looking for circles among them costs a tenth of the time."""
    gc.set_threshold(SELDOM, *COLLECTING[1:])
    try:
        yield
    finally:
        gc.set_threshold(*COLLECTING)
