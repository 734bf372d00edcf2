"""A bar for each day, drawn as SVG on the server: geometry only, colours come from the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shopapp.kernel.money import Money

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 12, 28
GRID_LINES = 4
LABELS_MAX = 8
NICE = (1, 2, 5, 10)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One day; `label` is empty where there is no room for it."""

    x: float
    y: float
    width: float
    height: float
    label: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Trend:
    """What the template draws: bars, and (y, yuan) of the lines behind them."""

    bars: list[Bar]
    lines: list[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def top_of_scale(highest_yuan: float) -> float:
    """A round number of yuan that is at least this, so that the lines fall on round numbers."""
    if highest_yuan <= 0:
        return float(GRID_LINES)
    unit = 1.0
    while unit * NICE[-1] * GRID_LINES < highest_yuan:
        unit *= 10
    return next(unit * nice * GRID_LINES for nice in NICE if unit * nice * GRID_LINES >= highest_yuan)


def draw(days: Sequence[tuple[date, int, Money]]) -> Trend:
    """Bars of the money of each (day, orders, money)."""
    highest = max((money.fen for _day, _orders, money in days), default=0) / 100
    scale = top_of_scale(highest)
    inner_height, step = HEIGHT - TOP - BOTTOM, (WIDTH - LEFT - RIGHT) / max(len(days), 1)
    every = max(-(-len(days) // LABELS_MAX), 1)
    bars = []
    for place, (day, orders, money) in enumerate(days):
        tall = inner_height * (money.fen / 100) / scale
        labelled = (len(days) - 1 - place) % every == 0
        bars.append(
            Bar(
                x=round(LEFT + place * step + step * 0.15, 1),
                y=round(TOP + inner_height - tall, 1),
                width=round(step * 0.7, 1),
                height=round(max(tall, 1.0 if money.fen else 0.0), 1),
                label=f"{day.month}-{day.day}" if labelled else "",
                title=f"{day.isoformat()} · ¥{money} · {orders}",
            )
        )
    lines = [
        (round(TOP + inner_height * (1 - number / GRID_LINES), 1), f"{scale * number / GRID_LINES:,.0f}")
        for number in range(GRID_LINES + 1)
    ]
    return Trend(bars=bars, lines=lines)
