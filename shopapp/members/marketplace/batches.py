"""What a file tells, in portions of whole orders: the next is read while the one before is written."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

from shopapp.kernel.db import is_sqlite

from .identities import Hashes
from .reading import Held, Reader
from .rules import Told

T = TypeVar("T")
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


def ahead(source: Iterator[T]) -> Generator[T, None, None]:
    """The same, each made in a thread beside the use of the one before; never more than one in advance.

    The thread works in the context of the caller, and must not touch the database, whose session is the caller's. On
    SQLite, which writes in this process, the two would only stop one another: there is no thread.
    """
    if is_sqlite():
        yield from source
        return
    context = copy_context()

    def after() -> T | None:
        return context.run(lambda: next(source, None))

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading") as thread:
        coming = thread.submit(after)
        while (found := coming.result()) is not None:
            coming = thread.submit(after)
            yield found


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Hundreds of thousands of short-lived rows, none in a circle: looking for circles among them costs a tenth of the time."""
    gc.set_threshold(SELDOM, *COLLECTING[1:])
    try:
        yield
    finally:
        gc.set_threshold(*COLLECTING)
