"""Cells of workbooks and of tables in HTML, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Protocol

CHUNK = 1024**2


class SheetLocked(Exception):
    """A workbook with a password."""


class SheetBroken(Exception):
    """A workbook that cannot be read."""


class Rows(Protocol):
    """The rows of one sheet, each time anew."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


class WorkbookRows:
    """One sheet of a workbook, which the library keeps packed; its cells become text as they are read."""

    def __init__(self, sheet: Any) -> None:
        self.sheet = sheet

    def __len__(self) -> int:
        return int(self.sheet.total_height)

    def __iter__(self) -> Iterator[list[str]]:
        for row in self.sheet.iter_rows():
            yield [cell if isinstance(cell, str) else as_text(cell) for cell in row]


def as_text(cell: bool | float | datetime | date | time | timedelta | None) -> str:
    """As Excel would show it: 15 digits of a number, so that 228.01 is not 228.01000000000002."""
    if isinstance(cell, bool) or cell is None:
        return str(cell or "")
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return str(cell)


def workbook_tables(path: Path) -> list[WorkbookRows]:
    """The sheets of an .xlsx or .xls file that are not empty. Raises `SheetLocked`, `SheetBroken`."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        with path.open("rb") as file:
            # by its content: from a path it would go by the ending
            book = CalamineWorkbook.from_filelike(file)
        found = [WorkbookRows(book.get_sheet_by_name(name)) for name in book.sheet_names]
    except PasswordError as problem:
        raise SheetLocked from problem
    except (CalamineError, OSError, ValueError) as problem:
        raise SheetBroken from problem
    return [rows for rows in found if len(rows)]


def html_tables(path: Path, *, encoding: str, most: int) -> list[Sequence[list[str]]]:
    """The rows of all tables of a page, one after the other; no more than one beyond `most`."""
    reader = _Tables(most)
    with path.open(encoding=encoding, errors="ignore") as file:
        while chunk := file.read(CHUNK):
            reader.feed(chunk)
            if len(reader.rows) > most:
                break
    return [reader.rows]


class _Tables(HTMLParser):
    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.rows: list[list[str]] = []
        self.cell: list[str] | None = None

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr" and len(self.rows) <= self.most:
            self.rows.append([])
        elif tag in ("td", "th"):
            self.cell = []
        elif tag == "br" and self.cell is not None:
            self.cell.append(" ")

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self.cell is not None:
            if self.rows:
                self.rows[-1].append("".join(self.cell).strip())
            self.cell = None
