"""The books: what is earned, spent, held, expires and goes back, to the last point."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import NotFound
from shopapp.loyalty.ledger import holds, jobs, merging, queries, services
from shopapp.loyalty.ledger.holds import HoldEnded
from shopapp.loyalty.ledger.models import Kind, LotState, Posting, Unit
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.ledger.writing import KeyTaken, NotEnough
from tests.support.ledger import (
    assert_books_hold,
    balance,
    commit,
    day,
    earn,
    give_back,
    hold,
    lots,
    new_purse,
    release,
    spend,
    take_back,
)

MONTH = Life(days=30)


def postings() -> int:
    return db.session.scalar(select(func.count()).select_from(Posting)) or 0


def test_two_lots_of_thirty_days_and_a_spend_leave_twenty_to_expire(app: Flask) -> None:
    """The worked example of the rules: run daily, or once and late, it comes to the same."""
    for late in (False, True):
        mine = new_purse()
        earn(mine, 100, key=f"first {late}", life=MONTH, at=day(1))
        earn(mine, 50, key=f"second {late}", life=MONTH, at=day(15))
        spend(mine, 80, key=f"spent {late}", at=day(20))
        if not late:
            for number in range(21, 41):
                jobs.expire_points(day(number))
                left = 70 if number < 31 else 50
                assert balance(mine, at=day(number)).active == left
        assert balance(mine, at=day(30)).available in (70, 50)
        assert balance(mine, at=day(31)).available == 50
        jobs.expire_points(day(40))
        assert balance(mine, at=day(40)).active == 50
        jobs.expire_points(day(40))
        first, second = lots()[-2:]
        assert (first.remaining, first.spent, first.expired) == (0, 80, 20)
        assert (second.remaining, second.spent, second.expired) == (50, 0, 0)
    assert_books_hold()


def test_a_month_from_the_31st_of_january_ends_with_the_last_day_of_february(app: Flask) -> None:
    start = day(1).replace(month=1, day=31)
    ends = Life(months=1).end(start)
    assert ends is not None
    assert ends.astimezone(SHOP_ZONE).isoformat() == "2026-03-01T00:00:00+08:00"
    assert Life(months=1).end(day(15)) == Life(days=31).end(day(15))
    assert Life().end(start) is None


def test_the_same_key_gives_the_first_result_again_and_another_body_is_refused(app: Flask) -> None:
    mine, other = new_purse(), new_purse()
    first = earn(mine, 100, key="award")
    again = earn(mine, 100, key="award")
    assert (again.posting_id, again.repeated) == (first.posting_id, True)
    with pytest.raises(KeyTaken):
        earn(mine, 101, key="award")
    with pytest.raises(KeyTaken):
        earn(other, 100, key="award")
    with pytest.raises(KeyTaken):
        spend(mine, 100, key="award")
    assert balance(mine).active == 100
    assert balance(other).active == 0
    assert postings() == 1


def test_nobody_spends_more_than_they_have_and_nothing_changes_when_they_try(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award")
    with pytest.raises(NotEnough):
        spend(mine, 101, key="too much")
    assert balance(mine).available == 100
    assert postings() == 1
    with pytest.raises(ValueError, match="at least 1"):
        spend(mine, 0, key="nothing")


def test_what_is_held_can_not_be_spent_and_does_not_expire(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", life=MONTH, at=day(1))
    hold(mine, 60, key="order", at=day(2))
    hold(mine, 60, key="order", at=day(2))
    held = balance(mine, at=day(2))
    assert (held.active, held.held, held.available) == (100, 60, 40)
    with pytest.raises(NotEnough):
        spend(mine, 41, key="spend", at=day(2))
    jobs.expire_points(day(40))
    assert (balance(mine, at=day(40)).active, balance(mine, at=day(40)).available) == (60, 0)
    commit("order", 50, at=day(41))
    commit("order", 50, at=day(41))
    with pytest.raises(KeyTaken):
        commit("order", 51, at=day(41))
    with pytest.raises(HoldEnded):
        release("order", at=day(41))
    after = balance(mine, at=day(41))
    assert (after.active, after.held, after.available) == (10, 0, 10)
    jobs.expire_points(day(49))
    assert balance(mine, at=day(49)).active == 0
    assert_books_hold()


def test_a_released_hold_frees_all_and_ends_once(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award")
    hold(mine, 100, key="order")
    assert release("order") is True
    assert release("order") is False
    with pytest.raises(HoldEnded):
        commit("order")
    assert balance(mine).available == 100
    assert_books_hold()


def test_a_hold_with_an_end_lapses_by_itself(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", at=day(1))
    with transaction():
        holds.hold(purse=mine, amount=30, key="short", subject="x", lapses_at=day(2), now=day(1))
    jobs.expire_points(day(1) + timedelta(hours=2))
    assert balance(mine).held == 30
    jobs.expire_points(day(2))
    assert balance(mine).held == 0
    with pytest.raises(HoldEnded):
        commit("short")


def test_a_returned_spend_goes_back_to_its_lots_and_an_expired_one_lives_a_week(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="short life", life=MONTH, at=day(1))
    earn(mine, 100, key="long life", life=Life(days=300), at=day(1))
    spend(mine, 150, key="spent", at=day(2))
    give_back("spent", 50, key="back 1", at=day(3))
    assert [lot.remaining for lot in lots()] == [0, 100]
    give_back("spent", 60, key="back 2", at=day(50))
    give_back("spent", 60, key="back 2", at=day(51))
    short, _long = lots()
    assert (short.remaining, short.expires_at) == (60, day(50) + timedelta(days=7))
    with pytest.raises(NotEnough):
        give_back("spent", 41, key="back 3", at=day(51))
    with pytest.raises(NotFound):
        give_back("never", 1, key="back 4", at=day(51))
    jobs.expire_points(day(57))
    assert balance(mine, at=day(57)).active == 100
    assert_books_hold()


def test_pending_points_can_not_be_spent_and_end_once(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", pending=True, life=MONTH, at=day(1))
    assert (balance(mine).pending, balance(mine).available) == (100, 0)
    with pytest.raises(NotEnough):
        spend(mine, 1, key="spend", at=day(1))
    jobs.activate_points(day(90))
    assert balance(mine).pending == 100
    with transaction():
        assert services.activate_by(subject="order:1", at=day(10)) == 1
    take_back("award", refunded=30, paid=100, key="refund")
    assert jobs.activate_points(day(12)) == 1
    assert jobs.activate_points(day(12)) == 0
    assert (balance(mine, at=day(12)).pending, balance(mine, at=day(12)).available) == (0, 70)
    (lot,) = lots()
    assert lot.expires_at == MONTH.end(day(10))
    assert_books_hold()


def test_a_pending_award_taken_back_in_whole_is_cancelled(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 7, key="award", pending=True)
    taken = [
        take_back("award", refunded=part, paid=3, key=f"refund {number}").amount
        for number, part in enumerate((1, 2, 2, 3))
    ]
    assert taken == [2, 2, 0, 3]
    (lot,) = lots()
    assert (lot.state, lot.reversed, lot.remaining) == (LotState.CANCELLED, 7, 0)
    assert balance(mine).debt == 0
    assert_books_hold()


def test_spent_awards_become_a_debt_that_the_next_earnings_repay(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award")
    spend(mine, 90, key="spent")
    earn(mine, 40, key="other", subject="order:3")
    take_back("award", refunded=1, paid=1, key="refund")
    owing = balance(mine)
    assert (owing.active, owing.debt, owing.available) == (40, 90, 40)
    earn(mine, 50, key="next")
    assert (balance(mine).active, balance(mine).debt) == (40, 40)
    earn(mine, 100, key="later", pending=True, subject="order:2")
    assert balance(mine).debt == 40
    with transaction():
        services.activate_by(subject="order:2", at=day(1))
    jobs.activate_points(day(2))
    assert (balance(mine).active, balance(mine).debt) == (100, 0)
    assert_books_hold()


@pytest.mark.parametrize(
    ("shortfall", "active", "debt"),
    [(Shortfall.DEBT, 40, 90), (Shortfall.OTHER_LOTS, 0, 50), (Shortfall.WAIVE, 40, 0)],
)
def test_the_policy_says_who_bears_what_was_spent(
    app: Flask, shortfall: Shortfall, active: int, debt: int
) -> None:
    mine = new_purse()
    earn(mine, 100, key="award")
    spend(mine, 90, key="spent")
    earn(mine, 40, key="other", subject="order:3")
    take_back("award", refunded=1, paid=1, key="refund", shortfall=shortfall)
    assert (balance(mine).active, balance(mine).debt) == (active, debt)
    assert_books_hold()


def test_a_merge_adds_up_keeps_dates_and_its_undo_is_exact(app: Flask) -> None:
    one, two = new_purse(), new_purse()
    earn(one, 100, key="a", life=MONTH, at=day(1))
    earn(one, 30, key="p", pending=True, at=day(1))
    earn(two, 50, key="b", life=Life(days=60), at=day(2))
    hold(one, 20, key="held", at=day(3))
    take_before = [(lot.award, lot.remaining, lot.held, lot.expires_at, lot.account_id) for lot in lots()]
    with transaction():
        merging.merge(source=one, target=two, key="m1", now=day(4))
    with transaction():
        merging.merge(source=one, target=two, key="m1", now=day(4))
    assert balance(one, at=day(4)) == queries.Balance()
    together = balance(two, at=day(4))
    assert (together.active, together.pending, together.held) == (150, 30, 20)
    assert_books_hold()
    with transaction():
        merging.undo_merge(key="m1", now=day(5))
    with transaction():
        merging.undo_merge(key="m1", now=day(6))
    assert [
        (lot.award, lot.remaining, lot.held, lot.expires_at, lot.account_id) for lot in lots()
    ] == take_before
    apart = balance(one, at=day(5))
    assert (apart.active, apart.pending, apart.held) == (100, 30, 20)
    assert balance(two, at=day(5)).active == 50
    assert_books_hold()


def test_the_balance_of_a_past_time_is_what_was_booked_up_to_it(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="a", at=day(1))
    hold(mine, 30, key="h", at=day(2))
    spend(mine, 50, key="s", at=day(3))
    release("h", at=day(4))
    seen = [queries.balance_at(purse=mine, at=day(number)) for number in range(5)]
    assert [(one.active, one.held, one.available) for one in seen] == [
        (0, 0, 0),
        (100, 0, 100),
        (100, 30, 70),
        (50, 30, 20),
        (50, 0, 50),
    ]


def test_the_statement_tells_each_movement_with_the_balance_after_it(app: Flask) -> None:
    mine = new_purse()
    for number in range(1, 6):
        earn(mine, number, key=f"e{number}", at=day(number))
    spend(mine, 5, key="s", at=day(7))
    newest, following = queries.statement(purse=mine, limit=4)
    assert [(line.kind, line.active, line.balance) for line in newest] == [
        (Kind.SPEND, -5, 10),
        (Kind.EARN, 5, 15),
        (Kind.EARN, 4, 10),
        (Kind.EARN, 3, 6),
    ]
    older, end = queries.statement(purse=mine, before=following, limit=4)
    assert [line.balance for line in older] == [3, 1]
    assert end is None


def test_what_the_shop_owes_is_told_by_unit_with_its_movements(app: Flask) -> None:
    points, growth = new_purse(), new_purse(Unit.GROWTH)
    earn(points, 100, key="a", at=day(1), life=MONTH)
    earn(points, 60, key="b", at=day(10))
    spend(points, 40, key="s", at=day(11))
    earn(growth, 7, key="g", at=day(11))
    jobs.expire_points(day(31))
    told = {row.unit: row for row in queries.liabilities(since=day(5), until=day(40))}
    row = told[Unit.POINTS]
    assert (row.opening, row.issued, row.spent, row.expired, row.closing) == (100, 60, 40, 60, 60)
    assert told[Unit.GROWTH].closing == 7


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE ledger_entries SET amount = amount + 1 WHERE leg = 0 AND posting_id = {second}",
        "UPDATE ledger_postings SET reason = 'x' WHERE id = {second}",
        "UPDATE ledger_postings SET subject = 'order:2' WHERE id = {second}",
        "UPDATE ledger_postings SET actor = 'staff:1' WHERE id = {second}",
        "UPDATE ledger_accounts SET active = active + 1",
        "UPDATE ledger_lots SET remaining = remaining - 1, spent = spent + 1",
        "UPDATE ledger_lots SET award = 'other'",
        "UPDATE ledger_lots SET expires_at = NULL",
        "UPDATE ledger_holds SET amount = amount - 1",
        "DELETE FROM ledger_entries WHERE posting_id = {second}",
        "UPDATE ledger_accounts SET seq = seq + 1",
    ],
)
def test_one_changed_row_is_found(app: Flask, harm: str) -> None:
    mine = new_purse()
    earn(mine, 100, key="a", life=MONTH)
    second = spend(mine, 10, key="b").posting_id
    hold(mine, 20, key="h")
    assert verify().ok
    with transaction():
        db.session.execute(text(harm.format(second=second)))
    report = verify()
    assert not report.ok
    assert report.problems[0].text


def test_the_command_says_whether_the_books_hold(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="a")
    run = app.test_cli_runner()
    good = run.invoke(args=["ledger", "verify", "--json"])
    assert (good.exit_code, good.output.strip()) == (0, '{"ok": true, "checked": 2, "problems": []}')
    with transaction():
        db.session.execute(text("UPDATE ledger_accounts SET active = 99"))
    bad = run.invoke(args=["ledger", "verify", "--json"])
    assert bad.exit_code == 1
    assert '"ok": false' in bad.output


def test_what_a_refund_takes_back_comes_from_the_same_order_before_it_is_owed(app: Flask) -> None:
    """Lines A (289) and B (119) of one order, 150 points from before; 500 spent, then A goes back whole."""
    anna = new_purse()
    earn(anna, 150, key="before", subject="task:joined", life=Life(months=12))
    earn(anna, 289, key="a", subject="order:1", life=Life(months=12))
    earn(anna, 119, key="b", subject="order:1", life=Life(months=12))
    earn(anna, 40, key="other", subject="order:2", life=Life(months=12))
    spend(anna, 500, key="spent")
    take_back("a", refunded=100, paid=100, key="back")
    now = balance(anna)
    assert (now.available, now.debt) == (40, 231)
    take_back("b", refunded=100, paid=100, key="back too")
    assert (balance(anna).available, balance(anna).debt) == (40, 350)
    assert_books_hold()
