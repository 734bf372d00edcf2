"""Many at the same purses: each point is spent once, each hold ends once, and nobody waits crosswise."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from shopapp.kernel.db import db, is_sqlite, transaction
from shopapp.kernel.errors import ShopError
from shopapp.loyalty.ledger import holds, jobs, merging, services
from shopapp.loyalty.ledger.models import Kind, Posting, Unit
from shopapp.loyalty.ledger.queries import Balance
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.ledger.writing import Purse
from tests.store.test_orders_race import at_once
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
)

MONTH = Life(days=30)


def postings(kind: Kind) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Posting).where(Posting.kind == kind)) or 0


class Answers(list[str]):
    """What each act came to: "done", what it gave, or the code of its refusal."""

    def of(self, act: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            try:
                answer = act()
            except ShopError as problem:
                self.append(problem.code)
            else:
                self.append("repeated" if getattr(answer, "repeated", False) or answer is False else "done")

        return run


def test_of_many_spends_of_the_whole_balance_one_wins(app: Flask) -> None:
    for turn in range(6):
        mine, answers = new_purse(), Answers()
        earn(mine, 100, key=f"award {turn}")
        acts = [
            answers.of(lambda turn=turn, number=number: spend(mine, 100, key=f"{turn} {number}"))  # noqa: B023
            for number in range(2 + turn)
        ]
        at_once(app, acts, threads=len(acts))
        assert sorted(answers) == [*["balance_too_low"] * (len(acts) - 1), "done"]
        assert balance(mine) == Balance()
    assert_books_hold()


@pytest.mark.parametrize("movement", ["earn", "spend", "give_back", "take_back", "commit", "hold", "merge"])
def test_forty_with_the_same_key_make_one_movement(app: Flask, movement: str) -> None:
    mine, other, answers = new_purse(), new_purse(), Answers()
    earn(mine, 100, key="award", at=day(1))
    spend(mine, 40, key="spent", at=day(1))
    hold(mine, 10, key="held", at=day(1))

    def take() -> Any:
        with transaction():
            return services.take_back(
                award="award", refunded=1, paid=2, shortfall=Shortfall.DEBT, key="key", now=day(2)
            )

    def join() -> None:
        with transaction():
            merging.merge(source=mine, target=other, key="key", now=day(2))

    acts: dict[str, Callable[[], Any]] = {
        "earn": lambda: earn(mine, 7, key="key", at=day(2)),
        "spend": lambda: spend(mine, 7, key="key", at=day(2)),
        "give_back": lambda: give_back("spent", 7, key="key", at=day(2)),
        "take_back": take,
        "commit": lambda: commit("held", at=day(2)),
        "hold": lambda: hold(mine, 7, key="key", at=day(2)),
        "merge": join,
    }
    wanted = {
        "earn": Balance(available=57, active=67, held=10),
        "spend": Balance(available=43, active=53, held=10),
        "give_back": Balance(available=57, active=67, held=10),
        "take_back": Balance(available=0, active=10, held=10),
        "commit": Balance(available=50, active=50),
        "hold": Balance(available=43, active=60, held=17),
        "merge": Balance(available=50, active=60, held=10),
    }
    at_once(app, [answers.of(acts[movement])] * 40, threads=8)
    told_apart = 39 if movement not in ("hold", "merge") else 0
    assert sorted(answers) == sorted([*["repeated"] * told_apart, *["done"] * (40 - told_apart)])
    assert balance(other if movement == "merge" else mine, at=day(2)) == wanted[movement]
    assert_books_hold()


def test_a_hold_that_is_committed_released_and_lapses_at_once_ends_once(app: Flask) -> None:
    for turn in range(8):
        mine, answers, key = new_purse(), Answers(), f"held {turn}"
        earn(mine, 100, key=f"award {turn}", life=MONTH, at=day(1))
        with transaction():
            holds.hold(purse=mine, amount=60, key=key, subject="x", lapses_at=day(2), now=day(1))
        acts = [
            *[answers.of(lambda key=key: commit(key, at=day(40)))] * 2,
            *[answers.of(lambda key=key: release(key, at=day(40)))] * 2,
            *[lambda: jobs.expire_points(day(40)) and None] * 2,
        ]
        random.Random(turn).shuffle(acts)
        at_once(app, acts, threads=6)
        jobs.expire_points(day(40))
        found = balance(mine, at=day(40))
        (lot,) = [lot for lot in lots() if lot.award == f"award {turn}"]
        if lot.spent:
            assert sorted(answers) == ["done", "hold_ended", "hold_ended", "repeated"]
            assert (found, lot.spent, lot.expired) == (Balance(), 60, 40)
        else:
            assert answers.count("hold_ended") == 2
            assert answers.count("done") <= 1
            assert (found, lot.spent, lot.expired) == (Balance(available=60, active=60), 0, 40)
    assert_books_hold()


def test_refunds_told_at_once_in_any_split_add_up_to_the_award(app: Flask) -> None:
    for turn, shortfall in enumerate(Shortfall):
        mine, amounts, award = new_purse(), [], f"award {turn}"
        earn(mine, 997, key=award)
        spend(mine, 500, key=f"spent {turn}")
        earn(mine, 100, key=f"other {turn}", subject="order:2")

        def refund(part: int, award: str = award, shortfall: Shortfall = shortfall) -> None:
            with transaction():
                taken = services.take_back(
                    award=award,
                    refunded=part,
                    paid=31,
                    shortfall=shortfall,
                    key=f"{award} {part}",
                    now=day(1),
                )
            amounts.append(taken.amount)  # noqa: B023

        parts = list(range(1, 32))
        random.Random(turn).shuffle(parts)
        at_once(app, [lambda part=part: refund(part) for part in parts], threads=8)  # type: ignore[misc]
        assert sum(amounts) == 997
        found, owed = balance(mine), {Shortfall.DEBT: 500, Shortfall.OTHER_LOTS: 400, Shortfall.WAIVE: 0}
        left = 0 if shortfall is Shortfall.OTHER_LOTS else 100
        assert (found.active, found.debt) == (left, owed[shortfall])
    assert_books_hold()


def test_a_merge_between_spends_loses_and_doubles_nothing(app: Flask) -> None:
    for turn in range(4):
        one, two, answers = new_purse(), new_purse(), Answers()
        for name, purse in (("one", one), ("two", two)):
            for number in range(5):
                earn(purse, 20, key=f"{turn} {name} {number}", at=day(1))

        def join(turn: int = turn, one: Purse = one, two: Purse = two) -> None:
            with transaction():
                merging.merge(source=one, target=two, key=f"merge {turn}", now=day(2))

        def part(turn: int = turn) -> None:
            with transaction():
                merging.undo_merge(key=f"merge {turn}", now=day(2))

        spends = [
            answers.of(
                lambda turn=turn, purse=purse, number=number: spend(
                    purse, 7, key=f"{turn} spend {number}", at=day(2)
                )
            )
            for number, purse in enumerate([one, two] * 10)
        ]
        acts = [*spends[:10], join, *spends[10:]]
        at_once(app, acts, threads=8)
        done = answers.count("done")
        assert done + answers.count("balance_too_low") == 20
        assert balance(one, at=day(2)).active + balance(two, at=day(2)).active == 200 - 7 * done
        part()
        assert balance(one, at=day(2)).active + balance(two, at=day(2)).active == 200 - 7 * done
    assert_books_hold()


def test_many_who_earn_for_one_account_lose_nothing(app: Flask) -> None:
    """Also where the account is made by the first of them."""
    mine = new_purse()
    acts = [
        lambda number=number: earn(mine, number, key=f"award {number}") and None for number in range(1, 61)
    ]
    at_once(app, acts, threads=8)  # type: ignore[arg-type]
    assert balance(mine).active == 60 * 61 // 2
    assert_books_hold()


def test_the_books_verify_while_they_are_written(app: Flask) -> None:
    mine, found = new_purse(), []

    def look() -> None:
        found.extend(verify().problems)

    def move(number: int) -> None:
        earn(mine, 10, key=f"e{number}", at=day(1))
        spend(mine, 7, key=f"s{number}", at=day(1))

    acts = [*[lambda number=number: move(number) for number in range(30)], *[look] * 30]  # type: ignore[misc]
    random.Random(3).shuffle(acts)
    at_once(app, acts, threads=6)
    assert found == []


@contextmanager
def meanwhile(app: Flask, act: Callable[[], Any], *, before: str, nth: int = 1) -> Iterator[None]:
    """Let another connection try to act just before the n-th statement with these words is sent from here, and give it
    the time to get stuck on what is locked here."""
    engine, here, seen = db.engine, threading.get_ident(), []
    problems: list[BaseException] = []

    def run() -> None:
        try:
            with app.app_context():
                act()
                db.session.remove()
        except BaseException as problem:
            problems.append(problem)

    other = threading.Thread(target=run)

    def look(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if threading.get_ident() == here and before in " ".join(statement.split()):
            seen.append(statement)
            if len(seen) == nth:
                other.start()
                other.join(0.3)

    event.listen(engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", look)
        other.join(20)
    assert problems == []


def crossed_purses() -> tuple[Purse, Purse]:
    """Two purses with something that is over on day 40; the one of the later customer is the older account."""
    one, two = new_purse(), new_purse()
    earn(two, 10, key="two", life=MONTH, at=day(1))
    earn(one, 10, key="one", life=MONTH, at=day(1))
    return one, two


@pytest.mark.parametrize("turned", [True, False])
def test_a_merge_and_the_nightly_run_do_not_wait_crosswise(app: Flask, turned: bool) -> None:
    one, two = reversed(crossed_purses()) if turned else crossed_purses()
    locked = "FOR UPDATE" if not is_sqlite() else "INSERT INTO ledger_merges"
    with meanwhile(app, lambda: jobs.expire_points(day(40)), before=locked, nth=1), transaction():
        merging.merge(source=one, target=two, key="m", now=day(40))
    jobs.expire_points(day(40))
    assert (balance(one, at=day(40)), balance(two, at=day(40))) == (Balance(), Balance())
    assert_books_hold()


@pytest.mark.parametrize("turned", [True, False])
def test_a_merge_and_the_undoing_of_another_do_not_wait_crosswise(app: Flask, turned: bool) -> None:
    one, two = reversed(crossed_purses()) if turned else crossed_purses()
    with transaction():
        merging.merge(source=one, target=two, key="first", now=day(2))

    def undo() -> None:
        with pytest.raises(merging.MergedOn), transaction():
            merging.undo_merge(key="first", now=day(3))

    with meanwhile(app, undo, before="INSERT INTO ledger_merges"), transaction():
        merging.merge(source=two, target=one, key="second", now=day(3))
    assert balance(one, at=day(4)).active + balance(two, at=day(4)).active == 20
    assert_books_hold()


def test_two_merges_of_the_same_two_in_opposite_roles_do_not_wait_crosswise(app: Flask) -> None:
    one, two = crossed_purses()

    def join(source: Purse, target: Purse, key: str) -> None:
        with transaction():
            merging.merge(source=source, target=target, key=key, now=day(2))

    acts = [lambda n=n: join(*((one, two) if n % 2 else (two, one)), f"m{n}") for n in range(24)]  # type: ignore[misc]
    at_once(app, acts, threads=8)  # type: ignore[arg-type]
    assert balance(one, at=day(3)).active + balance(two, at=day(3)).active == 20
    assert_books_hold()


def test_whoever_moves_points_and_wallet_does_not_wait_crosswise_with_the_nightly_run(app: Flask) -> None:
    gift = new_purse(Unit.GIFT)
    points = Purse(owner_kind="customer", owner_id=gift.owner_id, unit=Unit.POINTS)
    earn(gift, 10, key="gift", life=MONTH, at=day(1))
    earn(points, 10, key="points", life=MONTH, at=day(1))
    fresh = day(39)

    def pay() -> None:
        with transaction():
            for purse in (points, gift):
                services.earn(purse=purse, amount=5, key=f"pay {purse.unit}", subject="x", now=fresh)

    with meanwhile(app, lambda: jobs.expire_points(day(40)), before="FROM ledger_accounts", nth=2):
        pay()
    jobs.expire_points(day(40))
    assert (balance(points, at=day(40)).active, balance(gift, at=day(40)).active) == (5, 5)
    assert_books_hold()
