"""A refund that did not happen: what was taken for it is there again, as if it had never gone."""

from __future__ import annotations

import pytest
from flask import Flask

from shopapp.kernel import clock as shop_clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import NotFound
from shopapp.loyalty.ledger import Unit, merging, restoring
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.writing import KeyTaken, Receipt
from tests.support.clocks import ShopClock
from tests.support.ledger import (
    assert_books_hold,
    balance,
    earn,
    hold,
    lots,
    new_purse,
    release,
    spend,
    take_back,
)
from tests.support.ledger import give_back as return_spent


def restore(taken_with: str, *, key: str = "back", reason: str = "") -> Receipt:
    with transaction():
        return restoring.restore(taken_with=taken_with, key=key, reason=reason, now=shop_clock.now())


def test_it_comes_back_to_the_lots_it_was_taken_from_once(app: Flask) -> None:
    mine = new_purse(Unit.PRINCIPAL)
    earn(mine, 100, key="first")
    earn(mine, 50, key="second")
    spend(mine, 90, key="s")
    take_back("first", refunded=60, paid=100, shortfall=Shortfall.OTHER_LOTS, key="t")
    assert [(lot.remaining, lot.reversed, lot.taken_back) for lot in lots()] == [(0, 10, 60), (0, 50, 0)]
    for _twice in range(2):
        assert restore("t").amount == 60
    assert [(lot.remaining, lot.reversed, lot.taken_back) for lot in lots()] == [(10, 0, 0), (50, 0, 0)]
    assert balance(mine).available == 60
    with pytest.raises(KeyTaken):
        restore("t", reason="another")
    take_back("first", refunded=60, paid=100, shortfall=Shortfall.OTHER_LOTS, key="t2")
    assert balance(mine).available == 0
    assert_books_hold()


def test_what_was_waived_is_forgotten_and_what_expired_lives_a_week(app: Flask, clock: ShopClock) -> None:
    mine = new_purse(Unit.GIFT)
    earn(mine, 100, key="gift", life=Life(days=10))
    spend(mine, 70, key="s")
    take_back("gift", refunded=1, paid=2, shortfall=Shortfall.WAIVE, key="t")
    assert balance(mine).available == 0
    clock.forward(days=11)
    restore("t")
    assert balance(mine).available == 30
    return_spent("s", 70, key="r")
    assert balance(mine).available == 100
    clock.forward(days=8)
    assert balance(mine).available == 0
    assert_books_hold()


def test_it_follows_lots_into_another_account_and_out_of_it(app: Flask) -> None:
    mine, other = new_purse(Unit.PRINCIPAL), new_purse(Unit.PRINCIPAL)
    earn(mine, 100, key="first")
    earn(other, 40, key="second")
    with transaction():
        merging.merge(source=mine, target=other, key="m", now=shop_clock.now())
    spend(other, 90, key="s")
    take_back("first", refunded=50, paid=100, shortfall=Shortfall.OTHER_LOTS, key="t")
    assert balance(other).available == 0
    with transaction():
        merging.undo_merge(key="m", now=shop_clock.now())
    restore("t")
    assert balance(mine).available + balance(other).available == 50
    assert_books_hold()


def test_a_debt_and_a_movement_that_took_nothing_are_left_alone(app: Flask) -> None:
    mine = new_purse()
    earn(mine, 100, key="a")
    spend(mine, 100, key="s")
    take_back("a", refunded=1, paid=1, shortfall=Shortfall.DEBT, key="t")
    with pytest.raises(ValueError, match="active lots"):
        restore("t")
    for key in ("s", "unknown"):
        with pytest.raises(NotFound):
            restore(key)
    assert balance(mine).debt == 100
    hold_free = new_purse(Unit.GIFT)
    earn(hold_free, 10, key="g")
    hold(hold_free, 4, key="h")
    take_back("g", refunded=1, paid=1, shortfall=Shortfall.WAIVE, key="tg")
    restore("tg", key="bg")
    assert release("h") is True
    assert balance(hold_free).available == 10
    assert_books_hold()
