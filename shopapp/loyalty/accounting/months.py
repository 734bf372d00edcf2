"""Months of shop time as accounting counts them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from shopapp.kernel.clock import day_start

MONTH = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month; `str` gives 2026-11."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def read(cls, text: str) -> Month:
        """2026-11. Raises `ValueError`."""
        match = MONTH.fullmatch(text)
        if match is None:
            raise ValueError(text)
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"

    def moved(self, months: int) -> Month:
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return day_start(date(self.year, self.number, 1))

    @property
    def until(self) -> datetime:
        """The first moment of the month after it."""
        return self.moved(1).since
