"""Rows that were rejected, as a file to put right and import again."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from shopapp.kernel.i18n import _
from shopapp.kernel.screens import FORMULA_STARTS

from . import cells
from .files import opened
from .reading import Rejected
from .recognising import AUTO, find_table

NUMBER_LENGTH_MIN = 12


def write_rejected(*, path: Path, rejected: Collection[Rejected], to: Path, platform: str = AUTO) -> None:
    """Write the rejected rows of the file at `path`, with its titles and the reason of each, as CSV for Excel.

    The reason stands first, so that a row that was cut short stays so. Nothing in it is a formula, and long numbers stay
    text. Raises `files.FileRefused`.
    """
    reasons = {row.row: row.text for row in rejected}
    with opened(path) as tables, to.open("w", encoding="utf-8-sig", newline="") as file:
        found = find_table(tables, platform=platform)
        writer = csv.writer(file)
        writer.writerow([_("原因"), *map(_harmless, found.header)])
        for number, row in enumerate(found.data(), start=found.header_row + 2):
            if number in reasons:
                writer.writerow([reasons[number], *map(_harmless, row)])


def _harmless(cell: str) -> str:
    text = cells.bare(cell)
    if text.isascii() and text.isdigit() and len(text) >= NUMBER_LENGTH_MIN:
        return f"\t{text}"
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
