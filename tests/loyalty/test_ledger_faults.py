"""What once went wrong in the books, each as its smallest story."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, is_sqlite, transaction
from shopapp.kernel.errors import NotFound
from shopapp.loyalty.ledger import jobs, merging, queries, services
from shopapp.loyalty.ledger.models import Kind, Unit
from shopapp.loyalty.ledger.queries import Balance
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.ledger.writing import KEY_MAX, KeyTaken, Purse
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


def merge(source: Purse, target: Purse, *, key: str, number: int) -> None:
    with transaction():
        merging.merge(source=source, target=target, key=key, now=day(number))


def undo(key: str, *, number: int) -> None:
    with transaction():
        merging.undo_merge(key=key, now=day(number))


@pytest.mark.parametrize("nightly", [True, False])
def test_a_released_hold_does_not_wake_what_expired_beside_it(app: Flask, nightly: bool) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", life=MONTH, at=day(1))
    hold(mine, 60, key="order", at=day(2))
    if nightly:
        jobs.expire_points(day(31))
    release("order", at=day(41))
    assert balance(mine, at=day(41)) == Balance(available=60, active=60)
    assert lots()[0].expired == 40
    assert_books_hold()


@pytest.mark.parametrize("nightly", [True, False])
def test_a_hold_committed_in_part_does_not_wake_what_expired_beside_it(app: Flask, nightly: bool) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", life=MONTH, at=day(1))
    hold(mine, 60, key="order", at=day(2))
    if nightly:
        jobs.expire_points(day(31))
    commit("order", 50, at=day(41))
    assert balance(mine, at=day(41)) == Balance(available=10, active=10)
    assert_books_hold()


@pytest.mark.parametrize("nightly", [True, False])
def test_a_return_does_not_wake_what_expired_in_the_same_lot(app: Flask, nightly: bool) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", life=MONTH, at=day(1))
    spend(mine, 50, key="spent", at=day(2))
    if nightly:
        jobs.expire_points(day(31))
    give_back("spent", 10, key="back", at=day(41))
    assert balance(mine, at=day(41)) == Balance(available=10, active=10)
    assert_books_hold()


def test_taking_back_with_a_used_key_gives_the_first_result_or_is_refused(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award")
    earn(mine, 100, key="other")
    first = take_back("award", refunded=1, paid=2, key="refund")
    again = take_back("award", refunded=1, paid=2, key="refund")
    assert (again.posting_id, again.amount, again.balance) == (first.posting_id, 50, first.balance)
    assert again.repeated
    with pytest.raises(KeyTaken):
        take_back("award", refunded=2, paid=2, key="refund")
    with pytest.raises(KeyTaken):
        take_back("award", refunded=2, paid=2, key="other")
    assert balance(mine).active == 150
    assert take_back("award", refunded=1, paid=2, key="nothing new").amount == 0
    assert_books_hold()


def test_a_repeat_tells_the_balance_that_the_first_told(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award")
    spend(mine, 90, key="spent")
    take_back("award", refunded=1, paid=1, key="refund")
    first = earn(mine, 100, key="next")
    assert first.balance == 10
    assert earn(mine, 100, key="next").balance == 10
    hold(mine, 4, key="order")
    committed = commit("order")
    spend(mine, 1, key="later")
    assert (committed.balance, commit("order").balance) == (6, 6)


def test_only_what_was_spent_can_be_given_back(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award")
    spend(mine, 40, key="spent")
    take_back("award", refunded=1, paid=2, key="refund")
    for movement in ("award", "refund"):
        with pytest.raises(NotFound):
            give_back(movement, 1, key="back")
    assert balance(mine) == Balance(available=10, active=10)
    assert_books_hold()


def test_a_hold_under_the_key_of_another_movement_is_refused(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award")
    with pytest.raises(KeyTaken):
        hold(mine, 10, key="award")
    assert balance(mine).held == 0


def test_the_longest_key_leaves_room_for_what_follows_from_it(app: Flask) -> None:
    mine, key = new_purse(), "k" * (KEY_MAX - 1)
    earn(mine, 10, key=f"{key}1")
    spend(mine, 10, key=f"{key}2")
    take_back(f"{key}1", refunded=1, paid=1, key=f"{key}3")
    earn(mine, 20, key=f"{key}4", pending=True, subject="order:7")
    with transaction():
        services.activate_by(subject="order:7", at=day(1))
    jobs.activate_points(day(2))
    assert balance(mine) == Balance(available=10, active=10)
    with pytest.raises(ValueError, match="key"):
        earn(mine, 1, key=f"{key}45")


def test_the_held_part_of_a_past_balance_stays_where_it_was_then(app: Flask) -> None:
    one, two = new_purse(), new_purse()
    earn(one, 100, key="a", at=day(1))
    hold(one, 30, key="h", at=day(2))
    merge(one, two, key="m", number=4)
    undo("m", number=6)
    release("h", at=day(8))
    held = {
        number: tuple(queries.balance_at(purse=mine, at=day(number)).held for mine in (one, two))
        for number in (1, 3, 5, 7, 9)
    }
    assert held == {1: (0, 0), 3: (30, 0), 5: (0, 30), 7: (30, 0), 9: (0, 0)}
    assert queries.balance_at(purse=two, at=day(3)) == Balance()


def test_a_merge_on_which_another_was_built_is_undone_after_it(app: Flask) -> None:
    one, two, three = new_purse(), new_purse(), new_purse()
    earn(one, 100, key="a", at=day(1))
    merge(one, two, key="m1", number=2)
    merge(two, three, key="m2", number=3)
    with pytest.raises(merging.MergedOn):
        undo("m1", number=4)
    assert balance(three).active == 100
    undo("m2", number=5)
    undo("m1", number=6)
    assert [balance(mine).active for mine in (one, two, three)] == [100, 0, 0]
    assert_books_hold()


def test_an_account_given_to_somebody_else_is_found(app: Flask) -> None:
    mine, other = new_purse(), new_purse()
    earn(mine, 100, key="a")
    with transaction():
        db.session.execute(text("UPDATE ledger_accounts SET owner_id = :other"), {"other": other.owner_id})
    assert not verify().ok


@contextmanager
def meanwhile(app: Flask, *, before: str, act: Any) -> Iterator[None]:
    """Let another connection act just before the first statement with these words is sent here; on SQLite, where
    nobody can write meanwhile, it may have to wait until this is over."""
    engine, here, workers = db.engine, threading.get_ident(), []

    def run() -> None:
        with app.app_context():
            act()
            db.session.remove()

    def look(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if threading.get_ident() == here and not workers and before in " ".join(statement.split()):
            workers.append(threading.Thread(target=run))
            workers[0].start()
            workers[0].join(0.3 if is_sqlite() else 20)

    event.listen(engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", look)
        for worker in workers:
            worker.join(20)
    assert workers


def test_an_activation_fixed_while_part_is_taken_back_is_not_lost(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", pending=True, at=day(1))

    def fix() -> None:
        with transaction():
            assert services.activate_by(subject="order:1", at=day(10)) == 1

    with meanwhile(app, before="INSERT INTO ledger_postings", act=fix):
        take_back("award", refunded=1, paid=4, key="refund")
    assert lots()[0].activates_at == day(10)
    jobs.activate_points(day(10))
    assert balance(mine).active == 75


@pytest.mark.parametrize("ending", ["commit", "release", "give_back", "take_back"])
def test_what_a_merge_moves_meanwhile_is_followed_to_where_it_is(app: Flask, ending: str) -> None:
    one, two = new_purse(), new_purse()
    earn(two, 1, key="there", at=day(1))
    earn(one, 100, key="award", at=day(1))
    spend(one, 50, key="spent", at=day(1))
    hold(one, 20, key="order", at=day(1))

    def move() -> None:
        merge(one, two, key="m", number=2)

    with meanwhile(app, before="FROM ledger_accounts WHERE ledger_accounts.id IN", act=move):
        if ending == "commit":
            commit("order", at=day(3))
        elif ending == "release":
            release("order", at=day(3))
        elif ending == "give_back":
            give_back("spent", 50, key="back", at=day(3))
        else:
            take_back("award", refunded=1, paid=10, key="refund")
    wanted = {"commit": (31, 0), "release": (51, 0), "give_back": (101, 20), "take_back": (41, 20)}
    assert balance(one, at=day(3)) == Balance()
    found = balance(two, at=day(3))
    assert (found.active, found.held) == wanted[ending]
    assert_books_hold()


def test_a_verification_beside_movements_sees_one_moment(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award")

    def move() -> None:
        spend(mine, 10, key="spent")

    with meanwhile(app, before="FROM ledger_postings", act=move):
        assert verify().problems == []
    assert balance(mine).active == 90
    assert_books_hold()


def test_a_time_told_in_another_zone_is_the_same_time(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", life=MONTH, at=day(1).astimezone(SHOP_ZONE))
    spend(mine, 50, key="spent", at=day(2).astimezone(SHOP_ZONE))
    give_back("spent", 10, key="back", at=day(41).astimezone(SHOP_ZONE))
    assert_books_hold()


def test_a_merge_under_a_used_key_is_refused_and_so_is_one_of_two_units(app: Flask) -> None:
    one, two, three = new_purse(), new_purse(), new_purse()
    earn(three, 5, key="a")
    merge(one, two, key="m", number=1)
    with pytest.raises(KeyTaken):
        merge(three, two, key="m", number=2)
    for other in (three, new_purse(Unit.GIFT)):
        with pytest.raises(ValueError, match="two purses"):
            merge(three, other, key="n", number=2)
    assert balance(three).active == 5


def test_a_returned_adjustment_is_none_of_what_was_spent(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", at=day(1))
    with transaction():
        services.spend(purse=mine, amount=40, key="s", subject="x", kind=Kind.ADJUST, now=day(1))
    give_back("s", 30, key="back", at=day(2))
    (row,) = queries.liabilities(since=day(0), until=day(3))
    assert (row.spent, row.adjusted, row.closing) == (0, -10, 90)
    assert_books_hold()


def test_of_awards_that_wait_the_one_due_first_pays_the_debt_however_late_the_run(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 10, key="award", at=day(1))
    spend(mine, 10, key="spent", at=day(1))
    for key in ("late", "soon"):
        earn(mine, 10, key=key, pending=True, subject=key, at=day(1))
    take_back("award", refunded=1, paid=1, key="refund")
    with transaction():
        services.activate_by(subject="late", at=day(9))
        services.activate_by(subject="soon", at=day(8))
    jobs.activate_points(day(10))
    assert {lot.award: lot.remaining for lot in lots()} == {"award": 0, "late": 10, "soon": 0}


def test_a_longer_life_and_another_spending_written_into_the_rows_are_found(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="award", life=MONTH, pending=True)
    earn(mine, 50, key="now", life=MONTH, subject="order:2")
    hold(mine, 30, key="order")
    commit("order", 20)
    assert verify().ok
    for tampered, told in (
        ("UPDATE ledger_lots SET life = 'P9M' WHERE award = 'award'", "does not live as long"),
        ("UPDATE ledger_holds SET committed = 10", "spent something else"),
    ):
        db.session.execute(text(tampered))
        db.session.commit()
        assert any(told in problem.text for problem in verify().problems)


def test_whatever_is_written_into_the_rows_of_holds_is_found(app: Flask) -> None:
    mine, other = new_purse(), new_purse()
    earn(mine, 100, key="award")
    earn(other, 100, key="theirs")
    for key in ("spent", "freed", "open"):
        hold(mine, 30, key=key)
    hold(other, 10, key="moved")
    commit("spent", 20)
    release("freed")
    merge(other, mine, key="m", number=2)
    commit("moved")
    assert verify().problems == []
    before = {
        row.key: row._asdict()
        for row in db.session.execute(
            text("SELECT key, amount, committed, state, subject, posting_id FROM ledger_holds")
        )
    }
    columns = ", ".join(f"{name} = :{name}" for name in before["open"] if name != "key")
    restore = text(f"UPDATE ledger_holds SET {columns} WHERE key = :key")
    for tampered in (
        "SET amount = 31 WHERE key = 'spent'",
        "SET amount = 11 WHERE key = 'moved'",
        "SET subject = 'order:77' WHERE key = 'freed'",
        "SET committed = 5 WHERE key = 'freed'",
        "SET committed = 9 WHERE key = 'moved'",
        "SET state = 'released' WHERE key = 'spent'",
        "SET state = 'released', committed = 0, posting_id = NULL WHERE key = 'spent'",
        "SET state = 'committed', committed = 30 WHERE key = 'freed'",
        "SET posting_id = NULL WHERE key = 'spent'",
    ):
        db.session.execute(text(f"UPDATE ledger_holds {tampered}"))
        db.session.commit()
        assert any("hold " in problem.text for problem in verify().problems), tampered
        for row in before.values():
            db.session.execute(restore, row)
        db.session.commit()
        assert verify().ok
