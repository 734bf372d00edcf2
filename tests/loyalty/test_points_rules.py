"""What orders earn and what points are worth: pure, to the last point."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopapp.kernel.money import Money
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.points.calendar import month_of, neighbours, weeks
from shopapp.loyalty.points.rules import (
    ONCE,
    EarnLine,
    EarnTerms,
    PointsTerms,
    RedeemTerms,
    TaskTerms,
    award,
    most_points,
    worth,
)

MONDAY = date(2026, 11, 23)
CATEGORIES = ("milk", "clothes", "toys")


def line(fen: int, *categories: str, key: str = "1") -> EarnLine:
    return EarnLine(key=key, product_id="p", category_ids=frozenset(categories), pay=Money(fen))


def points(
    *lines: EarnLine,
    terms: EarnTerms | None = None,
    tier_bp: int = ONCE,
    day: date = MONDAY,
    birthday_month: bool = False,
    left_today: int | None = None,
) -> list[int]:
    return award(
        lines=lines,
        terms=terms or EarnTerms(),
        tier_bp=tier_bp,
        day=day,
        birthday_month=birthday_month,
        left_today=left_today,
    )


def test_an_order_of_128_50_earns_a_gold_member_192_points() -> None:
    assert points(line(12_850), tier_bp=15_000) == [192]
    assert points(line(12_850)) == [128]
    assert points(line(12_850), terms=EarnTerms(per_hundred_yuan=10)) == [12]


def test_cents_of_several_lines_count_together_and_each_line_gets_its_share() -> None:
    assert points(line(50, key="a"), line(50, key="b")) == [1, 0]
    assert points(line(50, key="b"), line(50, key="a")) == [0, 1]
    assert points(line(333, key="a"), line(333, key="b"), line(334, key="c")) == [3, 3, 4]


def test_the_highest_of_category_and_day_counts_and_the_tier_multiplies_it() -> None:
    terms = EarnTerms(
        category_bp={"milk": 20_000, "toys": 5_000},
        weekday_bp={"0": 15_000},
        date_bp={"2026-11-24": 30_000},
        birthday_month_bp=25_000,
    )
    tuesday, wednesday = date(2026, 11, 24), date(2026, 11, 25)
    goods = line(10_000, "milk")
    assert points(goods, terms=terms) == [200]
    assert points(goods, terms=terms, tier_bp=15_000) == [300]
    assert points(goods, terms=terms, day=tuesday) == [300]
    assert points(goods, terms=terms, birthday_month=True) == [250]
    assert points(line(10_000), terms=terms) == [150]
    assert points(line(10_000), terms=terms, day=wednesday) == [100]
    assert points(line(10_000, "toys"), terms=terms, day=wednesday) == [50]
    assert points(line(10_000, "toys", "milk"), terms=terms, day=wednesday) == [200]


def test_an_excluded_category_earns_nothing_and_takes_no_share_of_the_rest() -> None:
    terms = EarnTerms(excluded=("toys",), category_bp={"milk": 30_000}, weekday_bp={"0": 90_000})
    assert points(line(10_000, "toys", "milk", key="a"), line(100, key="b"), terms=terms) == [0, 9]
    assert points(line(0), terms=terms) == [0]
    assert points() == []


def test_caps_hold_for_the_order_and_for_what_the_day_leaves() -> None:
    terms = EarnTerms(most_per_order=100)
    assert points(line(30_000, key="a"), line(10_000, key="b"), terms=terms) == [75, 25]
    assert points(line(30_000, key="a"), line(10_000, key="b"), terms=terms, left_today=7) == [5, 2]
    assert points(line(30_000), terms=terms, left_today=0) == [0]
    assert points(line(5_000), terms=terms, left_today=60) == [50]


factors = st.integers(0, 5 * ONCE)
some_terms = st.builds(
    EarnTerms,
    per_hundred_yuan=st.integers(0, 1000),
    category_bp=st.dictionaries(st.sampled_from(CATEGORIES), factors),
    excluded=st.lists(st.sampled_from(CATEGORIES), max_size=1).map(tuple),
    date_bp=st.dictionaries(st.just(MONDAY.isoformat()), factors),
    weekday_bp=st.dictionaries(st.sampled_from([str(number) for number in range(7)]), factors),
    birthday_month_bp=st.none() | factors,
    most_per_order=st.none() | st.integers(0, 500),
)
some_lines = st.lists(
    st.tuples(st.integers(0, 10**7), st.frozensets(st.sampled_from(CATEGORIES))), max_size=6
).map(lambda rows: [line(fen, *names, key=f"k{n}") for n, (fen, names) in enumerate(rows)])
lefts = st.none() | st.integers(0, 1000)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(some_lines, some_terms, factors, st.booleans(), lefts, st.randoms(use_true_random=False))
def test_points_are_never_negative_keep_to_the_caps_and_do_not_depend_on_the_order_of_lines(
    lines: list[EarnLine], terms: EarnTerms, tier: int, birthday: bool, left: int | None, random: object
) -> None:
    given = points(*lines, terms=terms, tier_bp=tier, birthday_month=birthday, left_today=left)
    assert len(given) == len(lines)
    assert all(part >= 0 for part in given)
    for cap in (terms.most_per_order, left):
        assert cap is None or sum(given) <= cap
    turned = list(lines)
    random.shuffle(turned)  # type: ignore[attr-defined]
    again = points(*turned, terms=terms, tier_bp=tier, birthday_month=birthday, left_today=left)
    assert {one.key: part for one, part in zip(turned, again, strict=True)} == {
        one.key: part for one, part in zip(lines, given, strict=True)
    }


@given(st.integers(0, 10**9), st.integers(0, 10_000), st.integers(0, 10 * ONCE))
def test_without_caps_an_order_earns_the_floor_of_the_exact_product(fen: int, per: int, tier: int) -> None:
    exact = Fraction(fen, 100) * Fraction(per, 100) * Fraction(tier, ONCE)
    assert points(line(fen), terms=EarnTerms(per_hundred_yuan=per), tier_bp=tier) == [exact.__floor__()]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(some_lines, some_terms, factors)
def test_a_line_gets_what_it_earned_exactly_to_within_a_point(
    lines: list[EarnLine], terms: EarnTerms, tier: int
) -> None:
    uncapped = EarnTerms(**{**terms.as_json(), "most_per_order": None, "excluded": terms.excluded})
    given = points(*lines, terms=uncapped, tier_bp=tier)
    for one, part in zip(lines, given, strict=True):
        (alone,) = points(one, terms=uncapped, tier_bp=tier)
        assert alone <= part <= alone + 1


def test_points_pay_whole_steps_within_the_share_of_the_goods() -> None:
    terms = RedeemTerms(points_per_yuan=100, most_share_bp=5_000, step=100)
    assert worth(250, terms) == Money(250)
    assert most_points(available=10_000, goods=Money(9_900), terms=terms) == 4_900
    assert most_points(available=1_234, goods=Money(9_900), terms=terms) == 1_200
    assert most_points(available=99, goods=Money(9_900), terms=terms) == 0
    assert most_points(available=10_000, goods=Money(0), terms=terms) == 0
    from_fifty = RedeemTerms(least_goods=Money(5_000))
    assert most_points(available=10_000, goods=Money(4_999), terms=from_fifty) == 0
    assert most_points(available=10_000, goods=Money(5_000), terms=from_fifty) == 2_500
    assert most_points(available=10_000, goods=Money(5_000), terms=RedeemTerms(most_share_bp=0)) == 0


@given(
    st.integers(0, 10**7),
    st.integers(0, 10**8),
    st.integers(1, 5000),
    st.integers(0, ONCE),
    st.integers(1, 5000),
)
def test_points_never_pay_more_than_their_share_nor_than_there_are(
    available: int, fen: int, per_yuan: int, share: int, step: int
) -> None:
    terms = RedeemTerms(points_per_yuan=per_yuan, most_share_bp=share, step=step)
    most = most_points(available=available, goods=Money(fen), terms=terms)
    assert 0 <= most <= available
    assert most % step == 0
    assert worth(most, terms).fen * ONCE <= fen * share
    if terms.step_is_whole_fen:
        assert worth(most, terms).fen * per_yuan == most * 100


def test_a_round_of_check_ins_starts_anew_after_its_last_day() -> None:
    tasks = TaskTerms(check_in=(1, 2, 7))
    assert [tasks.of_streak(days) for days in range(1, 8)] == [1, 2, 7, 1, 2, 7, 1]
    assert TaskTerms(check_in=()).of_streak(3) == 0


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(some_terms)
def test_rules_come_back_from_json_as_they_were(earn: EarnTerms) -> None:
    terms = PointsTerms(
        earn=earn,
        redeem=RedeemTerms(least_goods=Money(5)),
        tasks=TaskTerms(check_in=(3,), most_per_day=9),
        life=Life(days=30),
        shortfall=Shortfall.WAIVE,
        notice_days=0,
    )
    assert PointsTerms.of_json(json.loads(json.dumps(terms.as_json()))) == terms


def test_a_month_is_a_grid_of_weeks_from_monday() -> None:
    month = month_of("2026-02", today=MONDAY)
    grid = weeks(month, today=date(2026, 2, 3), done={date(2026, 2, 1): 5})
    assert [len(week) for week in grid] == [7] * 5
    assert (grid[0][0].day, grid[0][0].inside) == (date(2026, 1, 26), False)
    assert grid[0][6].points == 5
    assert [cell.day for week in grid for cell in week if cell.today] == [date(2026, 2, 3)]
    assert neighbours(month) == ("2026-01", "2026-03")
    assert neighbours(date(2026, 1, 1)) == ("2025-12", "2026-02")
    assert neighbours(date(2026, 12, 1)) == ("2026-11", "2027-01")


@pytest.mark.parametrize("text", [None, "", "2026-13", "2026-1", "２０２６-01", "2026-11-01", "x"])
def test_what_is_no_month_is_this_month(text: str | None) -> None:
    assert month_of(text, today=MONDAY) == date(2026, 11, 1)
