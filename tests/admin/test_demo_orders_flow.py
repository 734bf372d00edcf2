"""The demo shop is as busy in its last days as all the year round, whatever its size and the day of loading."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from shopapp.admin.demo import limits
from shopapp.admin.demo.orders import FRESH_MAX, orders_plan
from shopapp.admin.demo.people import people
from shopapp.admin.demo.rhythm import HOUR, Year

DAYS = 14
MOMENTS = (
    datetime(2026, 11, 23, 4, 0, tzinfo=UTC),
    datetime(2026, 2, 23, 13, 0, tzinfo=UTC),
    datetime(2027, 7, 1, 18, 30, tzinfo=UTC),
    datetime(2026, 12, 31, 16, 0, tzinfo=UTC),
)


def last_days(*, seed: int, customers: int, orders: int, until: datetime) -> list[int]:
    """Orders of each of the last days of 24 hours, the present first, without those that came in just now."""
    plan = orders_plan(
        seed=seed, customers=people(seed=seed, customers=customers), until=until, orders=orders
    )
    days = Counter((until - order.placed_at) // timedelta(days=1) for order in plan)
    return [days[day] for day in range(DAYS)]


def shares(until: datetime) -> list[float]:
    """What part of the year's business each of the last days does."""
    reached = Year.ending(until).reached
    day = int(timedelta(days=1) / HOUR)
    return [(reached[-1 - day * back] - reached[-1 - day * (back + 1)]) / reached[-1] for back in range(DAYS)]


@pytest.mark.parametrize("until", MOMENTS, ids=lambda moment: f"{moment:%Y-%m-%d}")
@pytest.mark.parametrize(
    ("customers", "orders"), [(limits.CUSTOMERS, limits.ORDERS), (50, 100), (20, 600), (1500, 6000)]
)
def test_each_of_the_last_days_has_its_share(customers: int, orders: int, until: datetime) -> None:
    counted = last_days(seed=7, customers=customers, orders=orders, until=until)
    expected = [share * orders for share in shares(until)]
    just_now = [FRESH_MAX, *[0] * (DAYS - 1)]
    for have, wanted, more in zip(counted, expected, just_now, strict=True):
        assert wanted * 0.9 - 2 <= have <= wanted * 1.2 + 2 + more
    assert sum(counted) >= 0.9 * sum(expected) - 2


@pytest.mark.parametrize("seed", range(4))
def test_people_join_up_to_the_last_week(seed: int) -> None:
    year = Year.ending(MOMENTS[0])
    joined = [year.moment(person.joined) for person in people(seed=seed)]
    weeks = Counter((year.until - at) // timedelta(days=7) for at in joined)
    assert min(weeks[week] for week in range(8)) >= 1


@pytest.mark.parametrize("until", MOMENTS, ids=lambda moment: f"{moment:%Y-%m-%d}")
@pytest.mark.parametrize("seed", range(4))
def test_no_day_of_the_last_weeks_is_empty(seed: int, until: datetime) -> None:
    assert min(last_days(seed=seed, customers=limits.CUSTOMERS, orders=limits.ORDERS, until=until)) > 0
