"""The shapes that exports come in: recognised by the names of their columns, read by name, whatever their order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter

from . import cells
from .rules import Status, Told

HEADER_ROWS_MAX = 10
ReadRow = Callable[[list[str]], Told]


class Kind(StrEnum):
    """What a file tells: whole orders, single things, both, refunds, or movements of money."""

    ORDERS = "orders"
    LINES = "lines"
    BOTH = "orders+lines"
    REFUNDS = "refunds"
    BILL = "bill"


def column_name(title: str) -> str:
    """A title as it is compared: 收货地址 with a blank behind it, 店铺Id and 店铺ID, （元） and (元) are the same."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", cells.bare(title))).casefold()


class Columns:
    """Where the columns of one file are."""

    def __init__(self, header: Sequence[str]) -> None:
        self.width = len(header)
        self.places: dict[str, int] = {}
        for place, title in enumerate(header):
            name = column_name(title)
            if name:
                self.places.setdefault(name, place)

    def has(self, *names: str) -> bool:
        """Whether there is a column by any of these names."""
        return any(column_name(name) in self.places for name in names)

    def place(self, *names: str) -> int:
        """The column by the first of these names that is there; beyond the last one, where a blank stands, if none is."""
        found = (self.places[name] for name in map(column_name, names) if name in self.places)
        return next(found, self.width)

    def pick(self, *wanted: str | tuple[str, ...]) -> Callable[[list[str]], tuple[str, ...]]:
        """The cells of a row under these names, or any of several names; blank where there is no such column.

        Rows have one blank more than the header has columns.
        """
        return itemgetter(*[self.place(*((names,) if isinstance(names, str) else names)) for names in wanted])


class Statuses:
    """What the status texts of a platform mean: its own, then those that the merchant has explained."""

    def __init__(self, own: Mapping[str, Status], explained: Mapping[str, Status]) -> None:
        self._meanings = {status_key(text): status for text, status in own.items()}
        for text, status in explained.items():
            self._meanings.setdefault(status_key(text), status)
        self._seen: dict[str, Status] = {}

    def __call__(self, cell: str) -> Status:
        """Raises `cells.StatusUnknown`."""
        known = self._seen.get(cell)
        if known is None:
            text = status_key(cell)
            known = self._meanings.get(text)
            if known is None:
                raise cells.StatusUnknown(cell=cells.words(cell)[:60])
            self._seen[cell] = known
        return known


def status_key(text: str) -> str:
    """已付款，… and 已付款, … are the same."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", cells.bare(text))).casefold()


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One shape of export.

    `needs` are columns that must be there, each by any of its names; `lacks` are columns that must not. `grouped`: the
    rows of one order have to be put together. `whole`: a file tells all of an order and each row is another thing of it, so
    that a later file takes the place of what an earlier one told. `number` is where the order number stands.
    """

    platform: str
    kind: Kind
    needs: tuple[tuple[str, ...], ...]
    number: tuple[str, ...]
    statuses: Mapping[str, Status]
    reader: Callable[[Columns, Statuses], ReadRow]
    lacks: tuple[str, ...] = ()
    grouped: bool = True
    whole: bool = False
    splitting: str = "csv"

    def fits(self, columns: Columns) -> bool:
        return all(columns.has(*names) for names in self.needs) and not columns.has(*self.lacks)


def recognise(rows: Iterable[Sequence[str]], layouts: Collection[Layout]) -> tuple[int, Layout] | None:
    """The row that is a header, counted from 0, and the layout that fits it best; titles may stand above it."""
    for number, row in enumerate(rows):
        if number >= HEADER_ROWS_MAX:
            break
        columns = Columns(row)
        fitting = [layout for layout in layouts if layout.fits(columns)]
        if fitting:
            return number, max(fitting, key=lambda layout: len(layout.needs) + len(layout.lacks))
    return None
