"""When people shop: a year of hours, each with its weight, and the way from a share of the year to a moment."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

from shopapp.kernel.clock import SHOP_ZONE

DAYS = 365
HOUR = timedelta(hours=1)
# Twice as busy in the end as in the beginning.
GROWTH = 1.0
# First day of the lunar year. Beyond the table the shop simply has no New Year rush.
NEW_YEARS = (
    date(2024, 2, 10),
    date(2025, 1, 29),
    date(2026, 2, 17),
    date(2027, 2, 6),
    date(2028, 1, 26),
    date(2029, 2, 13),
    date(2030, 2, 3),
    date(2031, 1, 23),
    date(2032, 2, 11),
    date(2033, 1, 31),
    date(2034, 2, 19),
    date(2035, 2, 8),
    date(2036, 1, 28),
)
# Parents shop in the mid-morning nap and once the children are asleep.
HOURS = (5, 2, 1, 0.5, 0.5, 1, 3, 6, 9, 13, 16, 14, 12, 15, 12, 9, 9, 9, 8, 10, 16, 22, 20, 11)
WEEKDAYS = (1.05, 1.0, 0.97, 0.97, 1.0, 1.02, 1.12)
FESTIVALS = {
    (11, 11): 6.0,
    (11, 10): 2.4,
    (11, 12): 1.5,
    (6, 18): 4.5,
    (6, 17): 1.9,
    (12, 12): 2.2,
    (3, 8): 1.8,
    (6, 1): 1.7,
    (5, 20): 1.3,
}


def day_weight(day: date) -> float:
    """How busy a day is beside an ordinary one, by the week, the shopping festivals and the New Year."""
    weight = WEEKDAYS[day.weekday()] * FESTIVALS.get((day.month, day.day), _run_up(day))
    for new_year in NEW_YEARS:
        ahead = (new_year - day).days
        if 8 <= ahead <= 24:
            weight *= 1.7
        elif -6 <= ahead <= 3:
            weight *= 0.7
    return weight


def _run_up(day: date) -> float:
    if day.month == 11 and day.day < 10:
        return 1.25
    return 1.15 if day.month == 6 and day.day < 17 else 1.0


@dataclass(frozen=True, slots=True)
class Year:
    """The year that ends at `until`, which must be aware."""

    start: datetime
    until: datetime
    reached: tuple[float, ...]

    @classmethod
    def ending(cls, until: datetime) -> Year:
        """Raises ValueError for a time without zone."""
        if until.tzinfo is None:
            raise ValueError("until must be an aware time")
        start = until - timedelta(days=DAYS)
        weights = []
        for hour in range(DAYS * 24):
            local = (start + hour * HOUR).astimezone(SHOP_ZONE)
            growth = 1 + GROWTH * hour / (DAYS * 24)
            weights.append(day_weight(local.date()) * HOURS[local.hour] * growth)
        return cls(start, until, tuple(accumulate(weights)))

    def moment(self, share: float) -> datetime:
        """The time by which `share` (0 to 1) of the year's business was done; later shares are later times."""
        target = share * self.reached[-1]
        hour = min(bisect_left(self.reached, target), len(self.reached) - 1)
        before = self.reached[hour - 1] if hour else 0.0
        part = (target - before) / (self.reached[hour] - before)
        return (self.start + (hour + part) * HOUR).replace(microsecond=0)

    def share(self, moment: datetime) -> float:
        """The share of the year's business that was done by this moment of it."""
        hour, rest = divmod(moment - self.start, HOUR)
        before = self.reached[hour - 1] if hour else 0.0
        return (before + (self.reached[hour] - before) * (rest / HOUR)) / self.reached[-1]
