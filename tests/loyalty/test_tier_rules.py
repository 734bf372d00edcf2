"""A tier as a pure function: up at once, down at the end of a term alone, and what refunds, rules and staff do to it."""

from __future__ import annotations

import pytest

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.money import Money
from shopapp.loyalty.tiers.line import Growth, Version
from shopapp.loyalty.tiers.rules import Override, growth_for
from shopapp.loyalty.tiers.terms import DEFAULT, Benefits, Drop, Level, Mode, TierTerms, problems
from tests.support.tiers import LEVELS, ends, first, grew, history, midnight, on, story, terms

YEAR = terms(mode=Mode.CALENDAR_YEAR, length=0)
DAYS = terms(mode=Mode.DAYS, length=90)


def test_a_member_goes_up_at_once_and_holds_it_for_twelve_months_from_that_day() -> None:
    growth = [grew("2026-02-01", 60), grew("2026-03-10", 40)]
    assert history(*growth[:1], now="2026-12-31").level.code == "member"
    found = history(*growth, now="2026-03-10")
    assert story(found) == [("joined", "member", "2026-01-05"), ("up", "silver", "2026-03-10")]
    assert ends(found) == "2027-03-10 00:00"
    assert (found.next.level.code, found.next.missing) == ("gold", 200) if found.next else False
    assert history(*growth, now="2027-03-09").level.code == "silver"
    assert history(*growth, now="2027-03-10").level.code == "member"


def test_one_order_may_lift_over_several_tiers_and_growth_from_before_joining_counts() -> None:
    assert history(grew("2026-02-01", 1000), now="2026-02-01").level.code == "diamond"
    early = history(grew("2025-12-01", 150), now="2026-01-06")
    assert story(early) == [("joined", "member", "2026-01-05"), ("up", "silver", "2026-01-05")]


def test_growth_older_than_twelve_months_does_not_lift() -> None:
    old, new = grew("2026-02-01", 60), grew("2027-02-01", 40)
    assert history(old, new, now="2027-02-01").level.code == "member"
    assert history(old, grew("2027-01-31", 40), now="2027-01-31").level.code == "silver"


def test_what_reached_a_tier_does_not_keep_it_too() -> None:
    """Sixty that come afterwards keep silver; the hundred that reached it do not."""
    reached = grew("2026-03-10", 100)
    assert history(reached, grew("2026-09-01", 59), now="2027-03-10").level.code == "member"
    kept = history(reached, grew("2026-09-01", 60), now="2027-03-10")
    assert story(kept)[-1] == ("kept", "silver", "2027-03-10")
    assert ends(kept) == "2028-03-10 00:00"
    assert (kept.current.got, kept.current.needed) == (60, 60)


def test_the_keep_says_what_is_needed_what_is_there_and_what_is_missing() -> None:
    found = history(grew("2026-03-10", 100), grew("2026-04-01", 20), now="2026-05-01")
    assert found.keep is not None
    assert (found.keep.needed, found.keep.got, found.keep.gap) == (60, 20, 40)
    assert found.keep.until == midnight("2027-03-10")
    assert history(now="2026-05-01").keep is None


@pytest.mark.parametrize(("drop", "lands"), [(Drop.ONE_STEP, "gold"), (Drop.REPLACE, "member")])
def test_who_falls_short_drops_one_step_or_is_placed_anew(drop: Drop, lands: str) -> None:
    rules = terms(drop=drop)
    found = history(grew("2026-02-01", 1000), grew("2026-05-01", 10), now="2027-02-01", rules=rules)
    assert story(found)[-1] == ("dropped", lands, "2027-02-01")


def test_placed_anew_means_the_highest_tier_that_the_growth_of_the_term_keeps() -> None:
    rules = terms(drop=Drop.REPLACE)
    found = history(grew("2026-02-01", 1000), grew("2026-05-01", 250), now="2027-02-01", rules=rules)
    assert (found.level.code, ends(found)) == ("gold", "2028-02-01 00:00")


def test_step_by_step_down_each_tier_has_a_term_of_its_own() -> None:
    found = history(grew("2026-02-01", 1000), now="2029-03-01")
    assert story(found)[1:] == [
        ("up", "diamond", "2026-02-01"),
        ("dropped", "gold", "2027-02-01"),
        ("dropped", "silver", "2028-02-01"),
        ("dropped", "member", "2029-02-01"),
    ]


def test_a_calendar_year_counts_this_year_and_holds_to_the_end_of_the_next() -> None:
    found = history(grew("2026-02-01", 60), grew("2026-11-30", 40), now="2026-12-01", rules=YEAR)
    assert (found.level.code, ends(found)) == ("silver", "2028-01-01 00:00")
    assert history(grew("2026-11-30", 60), grew("2027-01-02", 60), now="2027-01-03", rules=YEAR).rank == 0


def test_a_calendar_year_is_kept_by_the_growth_of_its_last_year() -> None:
    reached = grew("2026-02-01", 100)
    late = history(reached, grew("2026-12-01", 99), now="2028-01-02", rules=YEAR)
    assert late.level.code == "member"
    kept = history(reached, grew("2027-12-31", 60), now="2028-01-02", rules=YEAR)
    assert (story(kept)[-1], ends(kept)) == (("kept", "silver", "2028-01-01"), "2029-01-01 00:00")


def test_terms_of_ninety_days_end_as_the_ninetieth_day_after_begins() -> None:
    found = history(grew("2026-02-01", 100), now="2026-05-01", rules=DAYS)
    assert (found.level.code, ends(found)) == ("silver", "2026-05-02 00:00")
    assert history(grew("2026-02-01", 100), now="2026-05-02", rules=DAYS).level.code == "member"
    assert history(grew("2026-02-01", 60), grew("2026-05-02", 60), now="2026-05-03", rules=DAYS).rank == 0


def test_the_29th_of_february_ends_with_the_last_day_of_february() -> None:
    found = history(grew("2028-02-29", 100), now="2028-03-01")
    assert ends(found) == "2029-03-01 00:00"


def test_in_grace_the_tier_stays_and_may_still_be_kept_from_the_old_end_on() -> None:
    rules = terms(grace_days=10)
    reached = grew("2026-03-10", 100)
    waiting = history(reached, now="2027-03-12", rules=rules)
    assert (waiting.level.code, waiting.grace_until) == ("silver", midnight("2027-03-20"))
    kept = history(reached, grew("2027-03-19", 60), now="2027-03-19", rules=rules)
    assert (story(kept)[-1], ends(kept)) == (("kept", "silver", "2027-03-19"), "2028-03-10 00:00")
    gone = history(reached, grew("2027-03-20", 60), now="2027-03-20", rules=rules)
    assert story(gone)[-1] == ("dropped", "member", "2027-03-20")


def test_growth_that_kept_a_tier_in_grace_does_not_keep_the_next_term_too() -> None:
    rules = terms(grace_days=10)
    found = history(grew("2026-03-10", 100), grew("2027-03-12", 60), now="2028-03-20", rules=rules)
    assert story(found)[-1] == ("dropped", "member", "2028-03-20")


def test_a_refund_revokes_the_upgrade_that_rested_on_its_order() -> None:
    growth = [grew("2026-02-01", 100), grew("2026-04-01", 200, "order 7")]
    assert history(*growth, now="2026-05-01").level.code == "gold"
    found = history(*growth, grew("2026-05-02", -200, "order 7"), now="2026-05-02")
    assert story(found)[-2:] == [("up", "gold", "2026-04-01"), ("refund", "silver", "2026-05-02")]
    assert ends(found) == "2027-02-01 00:00"


def test_a_part_refund_leaves_an_upgrade_that_the_rest_supports() -> None:
    growth = [grew("2026-02-01", 150), grew("2026-04-01", 200, "order 7")]
    found = history(*growth, grew("2026-05-02", -50, "order 7"), now="2026-05-02")
    assert story(found)[-1] == ("up", "gold", "2026-04-01")
    found = history(*growth, grew("2026-05-02", -51, "order 7"), now="2026-05-02")
    assert story(found)[-1] == ("refund", "silver", "2026-05-02")


def test_an_upgrade_that_later_growth_supports_stays_and_runs_from_then() -> None:
    growth = [grew("2026-02-01", 300, "order 7"), grew("2026-06-01", 300)]
    found = history(*growth, grew("2026-07-01", -300, "order 7"), now="2026-07-01")
    assert (found.level.code, ends(found)) == ("gold", "2027-06-01 00:00")


def test_what_was_kept_at_the_end_of_a_term_is_not_revoked_afterwards() -> None:
    growth = [grew("2026-02-01", 100), grew("2026-05-01", 60, "order 7")]
    refund = grew("2027-02-10", -60, "order 7")
    found = history(*growth, refund, now="2027-02-10")
    assert story(found)[-1] == ("kept", "silver", "2027-02-01")
    before = history(*growth, grew("2027-01-30", -60, "order 7"), now="2027-02-01")
    assert story(before)[-1] == ("dropped", "member", "2027-02-01")


def test_a_refund_of_an_order_that_lifted_nobody_changes_only_what_is_missing() -> None:
    growth = [grew("2026-02-01", 100), grew("2026-03-01", 60, "order 7"), grew("2026-04-01", -60, "order 7")]
    found = history(*growth, now="2026-04-01")
    assert story(found)[-1] == ("up", "silver", "2026-02-01")
    assert found.keep is not None
    assert found.keep.gap == 60


def test_when_the_rest_would_have_lost_the_lower_tier_meanwhile_it_is_lost_with_the_upgrade() -> None:
    growth = [grew("2026-02-01", 100), grew("2027-01-20", 300, "order 7")]
    found = history(*growth, grew("2027-03-01", -300, "order 7"), now="2027-03-01")
    assert story(found)[-1] == ("refund", "member", "2027-03-01")


def later(day: str, rules: TierTerms) -> list[Version]:
    return [first(terms()), Version(number=1, at=on(day), terms=rules)]


def levels(**changes: dict[str, int]) -> tuple[Level, ...]:
    return tuple(
        Level(**{"code": level.code, "name": level.name, "entry": level.entry, "keep": level.keep, **changes.get(level.code, {})})  # type: ignore[arg-type]
        for level in LEVELS
    )  # fmt: skip


def test_easier_rules_lift_at_once_and_harder_ones_wait_for_the_end_of_the_term() -> None:
    easier = later("2026-06-01", terms(levels=levels(gold={"entry": 150, "keep": 100})))
    found = history(grew("2026-02-01", 150), now="2026-06-01", rules=easier)
    assert story(found)[-1] == ("rules", "gold", "2026-06-01")
    harder = later("2026-06-01", terms(levels=levels(silver={"entry": 200, "keep": 150})))
    growth = [grew("2026-02-01", 150), grew("2026-03-01", 100)]
    assert history(*growth, now="2027-01-31", rules=harder).level.code == "silver"
    assert history(*growth, now="2027-02-01", rules=harder).level.code == "member"
    assert history(*growth, now="2027-02-01").level.code == "silver"


def test_another_kind_of_term_does_not_cut_a_dated_one_short() -> None:
    found = history(grew("2026-02-01", 100), now="2026-12-31", rules=later("2026-06-01", DAYS))
    assert ends(found) == "2027-02-01 00:00"
    kept = [grew("2026-02-01", 100), grew("2026-03-01", 60)]
    assert ends(history(*kept, now="2027-02-01", rules=later("2026-06-01", YEAR))) == "2029-01-01 00:00"


def test_a_level_that_is_gone_passes_its_members_on_with_their_term() -> None:
    without = terms(levels=(LEVELS[0], LEVELS[1], LEVELS[3]))
    found = history(grew("2026-02-01", 300), now="2026-06-01", rules=later("2026-06-01", without))
    assert (story(found)[-1], ends(found)) == (("rules", "silver", "2026-06-01"), "2027-02-01 00:00")


def test_a_tier_given_by_staff_lasts_to_its_end_and_earning_goes_on_beneath_it() -> None:
    given = Override(code="gold", since=on("2026-03-01"), until=midnight("2026-06-01"))
    growth = [grew("2026-04-01", 100)]
    during = history(*growth, now="2026-05-01", overrides=[given])
    assert story(during)[-1] == ("override", "gold", "2026-03-01")
    assert during.keep is not None
    assert (during.keep.needed, during.keep.got) == (300, 100)
    after = history(*growth, now="2026-06-01", overrides=[given])
    assert story(after)[-1] == ("override_end", "silver", "2026-06-01")
    assert ends(after) == "2027-04-01 00:00"
    higher = history(grew("2026-04-01", 1000), now="2026-04-02", overrides=[given])
    assert story(higher)[-1] == ("up", "diamond", "2026-04-01")


def test_a_given_tier_that_is_ended_early_is_gone_from_then_on() -> None:
    given = Override(
        code="gold", since=on("2026-03-01"), until=midnight("2026-06-01"), ended_at=on("2026-04-01")
    )
    found = history(now="2026-04-02", overrides=[given])
    assert story(found)[1:] == [("override", "gold", "2026-03-01"), ("override_end", "member", "2026-04-01")]
    lower = Override(code="silver", since=on("2026-03-01"), until=midnight("2026-06-01"))
    assert history(grew("2026-02-01", 300), now="2026-04-01", overrides=[lower]).level.code == "gold"


def test_nobody_is_told_of_a_drop_between_two_given_tiers_that_follow_one_another() -> None:
    trial = Override(code="gold", since=on("2026-03-01"), until=midnight("2026-03-08"))
    card = Override(code="gold", since=midnight("2026-03-08"), until=midnight("2027-03-08"))
    lower = Override(code="silver", since=midnight("2026-03-08"), until=midnight("2027-03-08"))
    gap = Override(code="gold", since=midnight("2026-03-09"), until=midnight("2027-03-09"))
    called_off = Override(
        code="gold", since=midnight("2026-03-08"), until=midnight("2027-03-08"), ended_at=on("2026-03-02")
    )

    def drop(*overrides: Override) -> tuple[str, int | None]:
        found = history(now="2026-03-02", overrides=list(overrides))
        assert found.keep is not None
        return f"{found.keep.drops_at.astimezone(SHOP_ZONE):%Y-%m-%d}", found.warning(on("2026-03-02"))

    assert drop(trial, card) == drop(card, trial) == ("2027-03-08", None)
    assert [drop(trial, other)[0] for other in (lower, gap, called_off)] == ["2026-03-08"] * 3


def test_members_are_to_be_told_thirty_and_seven_days_before_a_drop_if_something_is_missing() -> None:
    rules = terms(grace_days=10)
    reached = grew("2026-03-10", 100)

    def told(day: str, *more: Growth) -> int | None:
        return history(reached, *more, now=day, rules=rules).warning(on(day))

    assert [told(f"2027-{day}") for day in ("02-17", "02-18", "03-12", "03-13")] == [None, 30, 30, 7]
    assert told("2027-03-13", grew("2026-05-01", 60)) is None


def test_the_next_look_is_the_next_time_at_which_there_is_something_to_do() -> None:
    rules = terms(grace_days=10)
    looks, at = [], on("2026-03-10")
    while following := history(grew("2026-03-10", 100), now=at, rules=rules).next_look(at):
        looks.append(following)
        at = following
    days = ("2027-02-18", "2027-03-10", "2027-03-13", "2027-03-20")
    assert looks == [midnight(day) for day in days]
    assert history(now="2026-03-10").next_look(on("2026-03-10")) is None


def test_growth_is_whole_and_rounded_down() -> None:
    assert growth_for(Money(19_999), DEFAULT) == 199
    assert growth_for(Money(99), DEFAULT) == 0
    assert growth_for(Money(150), terms(growth_per_yuan=10)) == 15
    assert growth_for(Money(-100), DEFAULT) == 0


def test_rules_come_back_from_what_is_kept_as_they_were() -> None:
    for rules in (DEFAULT, YEAR, DAYS, terms(grace_days=3, drop=Drop.REPLACE)):
        assert TierTerms.from_json(rules.to_json()) == rules
        assert problems(rules) == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"length": 0}, "length"),
        ({"length": 37}, "length"),
        ({"grace_days": 91}, "grace_days"),
        ({"mode": Mode.DAYS, "length": 7, "grace_days": 7}, "grace_days"),
        ({"levels": ()}, "levels"),
        ({"growth_per_yuan": -1}, "growth_per_yuan"),
        ({"levels": (Level(code="a", name="甲", entry=5, keep=0),)}, "levels.0.entry"),
        ({"levels": (LEVELS[0], LEVELS[2], LEVELS[1])}, "levels.2.entry"),
        ({"levels": (LEVELS[0], Level(code="b", name="乙", entry=5, keep=6))}, "levels.1.keep"),
        ({"levels": (LEVELS[0], Level(code="member", name="乙", entry=5, keep=5))}, "levels.1.code"),
        ({"levels": (LEVELS[0], Level(code="B!", name="乙", entry=5, keep=5))}, "levels.1.code"),
        ({"levels": (LEVELS[0], Level(code="b", name="普通会员", entry=5, keep=5))}, "levels.1.name"),
        (
            {"levels": (Level(code="a", name="甲", entry=0, keep=0, benefits=Benefits(discount_bp=0)),)},
            "levels.0.discount_bp",
        ),
        (
            {"levels": (Level(code="a", name="甲", entry=0, keep=0, benefits=Benefits(points_bp=9_999)),)},
            "levels.0.points_bp",
        ),
    ],
)
def test_rules_that_make_no_sense_are_named_by_their_field(changes: dict[str, object], field: str) -> None:
    assert field in problems(terms(**changes))
