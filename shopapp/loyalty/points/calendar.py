"""Months of check-ins as grids of weeks."""

from __future__ import annotations

import re
from calendar import Calendar, monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

MONTH = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])", re.ASCII)


def month_of(text: str | None, *, today: date) -> date:
    """The first day of the month "2026-11"; of today's month for anything else."""
    match = MONTH.fullmatch(text or "")
    return date(int(match[1]), int(match[2]), 1) if match else today.replace(day=1)


def bounds(month: date) -> tuple[date, date]:
    """Its first and last day."""
    return month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])


def neighbours(month: date) -> tuple[str, str]:
    """The months before and after it, as in an address."""
    before = date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)
    after = date(month.year + (month.month == 12), month.month % 12 + 1, 1)
    return f"{before:%Y-%m}", f"{after:%Y-%m}"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A day of the grid; `points` is None if there was no check-in."""

    day: date
    inside: bool
    today: bool
    points: int | None


def weeks(month: date, *, today: date, done: Mapping[date, int]) -> list[list[Cell]]:
    """The weeks of a month from Monday on, with the days of its neighbours that fill them up."""
    return [
        [
            Cell(day=day, inside=day.month == month.month, today=day == today, points=done.get(day))
            for day in week
        ]
        for week in Calendar().monthdatescalendar(month.year, month.month)
    ]
