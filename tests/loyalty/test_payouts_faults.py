"""Answers lost, doubled, late or refused, and the worker dead at any step: each claim is paid once or not at all."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel.db import db, is_sqlite
from shopapp.kernel.errors import ShopError
from shopapp.kernel.money import Money
from shopapp.loyalty.cashback import confirming, exchanges, payout_jobs
from shopapp.loyalty.cashback.models import CashbackClaim
from shopapp.loyalty.cashback.payout_models import CashbackPayout, PayoutState
from shopapp.loyalty.cashback.states import ClaimStatus
from shopapp.wechat.pay import (
    NotEnough,
    PayProblem,
    RateLimited,
    Refused,
    Transfer,
    TransferState,
    Unknown,
)
from tests.store.test_orders_race import at_once
from tests.support.cashback import books_of
from tests.support.clocks import ShopClock
from tests.support.dying import die_at, killed_at
from tests.support.orders import events
from tests.support.payouts import Till
from tests.support.people import Person, make_person

STEPS_MAX = 14
FAULTS: dict[str, tuple[tuple[str, PayProblem, bool], ...]] = {
    "lost": (("transfer", Unknown("NO_ANSWER"), True), ("query_transfer", Unknown("NO_ANSWER"), True)),
    "confused": (
        ("transfer", Unknown("NO_ANSWER"), True),
        ("transfer", Unknown("NO_ANSWER"), True),
        ("transfer", Refused("INVALID_REQUEST"), False),
    ),
    "broken": (
        ("transfer", Unknown("SYSTEM_ERROR"), False),
        ("transfer", RateLimited("FREQUENCY_LIMITED"), False),
        ("transfer", NotEnough("NOT_ENOUGH"), False),
    ),
    "cancel lost": (("cancel_transfer", Unknown("NO_ANSWER"), True),),
}


def settle_down(till: Till, clock: ShopClock, *, taps: bool = True) -> None:
    """Time goes by; the customer taps as soon as something waits for it, if they do at all. No notice ever comes."""
    for job in ("pay-claims", "query-transfers", "query-transfers"):
        clock.forward(minutes=61)
        till.run(job)
        till.pay.forgive()
        for number, sent in till.pay.transfers.items():
            if taps and sent.state is TransferState.WAIT_USER_CONFIRM:
                till.pay.confirm(number)


def the_end(till: Till, made: CashbackClaim) -> None:
    till.assert_books_agree()
    assert till.status(made) is ClaimStatus.PAID
    (paid,) = [payout for payout in till.payouts(made) if payout.state is PayoutState.SUCCESS]
    assert till.pay.transfers[paid.out_bill_no].state is TransferState.SUCCESS


def faults_here(*, more: tuple[str, ...]) -> tuple[str, ...]:
    """PostgreSQL, slower by far, walks the way with the most doubts; SQLite the others as well."""
    return ("confused", *more) if is_sqlite() else ("confused",)


def test_the_worker_dies_at_each_step_of_paying(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, anna = Till.open(app, budget=Money(10_000_00)), make_person()
    for fault in faults_here(more=("lost", "broken")):
        for step in count(1):
            _person, made = till.claim(by=anna)
            before = len(till.pay.transfers)
            arm(till, fault)
            died = die_at(till.pay, step, monkeypatch, till.run)
            settle_down(till, clock)
            the_end(till, made)
            assert len(till.pay.transfers) == before + 1
            if not died:
                break
        assert 6 < step < STEPS_MAX


def test_the_process_dies_at_each_step_of_hearing_that_it_was_paid(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, anna = Till.open(app, budget=Money(10_000_00)), make_person()
    for step in count(1):
        _person, made, number = till.waiting(by=anna)
        done = till.pay.confirm(number)
        died = die_at(till.pay, step, monkeypatch, hearing(done, clock))
        assert till.tell(done).status_code == 204
        the_end(till, made)
        assert len([event for event in events("ClaimPaid") if event["claim_id"] == made.id]) == 1
        if not died:
            break
    assert 2 < step < STEPS_MAX


@pytest.mark.parametrize("tapped", [False, True])
def test_dying_while_what_nobody_confirmed_is_taken_back_and_sent_anew(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch, tapped: bool
) -> None:
    till, anna = Till.open(app, budget=Money(10_000_00)), make_person()
    for step in count(1):
        _person, made, number = till.waiting(by=anna)
        clock.forward(hours=25)
        if tapped:
            till.pay.confirm(number)
        arm(till, "cancel lost" if tapped else "lost")
        died = die_at(till.pay, step, monkeypatch, asking(anna, made, clock))
        assert asked_until_ready(till, anna, made, clock) is not tapped
        settle_down(till, clock)
        the_end(till, made)
        assert len(till.payouts(made)) == (1 if tapped else 2)
        if not died:
            break
    assert step < 2 * STEPS_MAX


def arm(till: Till, fault: str) -> None:
    for call, problem, after_effect in FAULTS[fault]:
        till.pay.fail(call, problem, after_effect=after_effect)


def hearing(transfer: Transfer, clock: ShopClock) -> Callable[[], object]:
    return lambda: exchanges.follow(transfer, now=clock.now())


def asking(person: Person, made: CashbackClaim, clock: ShopClock) -> Callable[[], object]:
    def ask() -> object:
        try:
            return confirming.confirm(public_id=made.public_id, customer=person.signed_in, now=clock.now())
        except ShopError:
            return None

    return ask


def asked_until_ready(till: Till, person: Person, made: CashbackClaim, clock: ShopClock) -> bool:
    """The customer keeps asking; whether they were given something to confirm before it was paid."""
    for _ in range(6):
        answer = till.confirm(person, made)
        if answer.status_code == 200 and answer.get_json()["transfer"] is not None:
            return True
        if till.status(made) is ClaimStatus.PAID:
            return False
        clock.forward(minutes=1)
    return False


def test_the_borders_are_where_this_file_thinks(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = Till.open(app)
    till.claim()
    till.run("match-claims")
    with killed_at(till.pay, 99, monkeypatch) as passed:
        payout_jobs.send_transfers(clock.now())
    both = ["before commit", "after commit"]
    assert passed == []
    till.run()
    till.claim()
    with killed_at(till.pay, 99, monkeypatch) as passed:
        till.run()
    told = both
    assert passed == [*both * 3, "before transfer", "after transfer", *both, *told]


def test_two_workers_and_the_customer_ask_at_the_same_moment(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    pairs = [till.claim() for _ in range(4)]
    now = clock.now()
    ready: list[str] = []

    def customer(person: Person, made: CashbackClaim) -> Callable[[], None]:
        public_id = made.public_id

        def ask() -> None:
            try:
                told = confirming.confirm(public_id=public_id, customer=person.signed_in, now=now)
                ready.extend([told.request["package"]] if told.request else [])
            except ShopError:
                pass

        return ask

    workers: list[Callable[[], None]] = [lambda: till.run() and None] * 6  # type: ignore[list-item]
    customers = [customer(person, made) for person, made in pairs] * 2
    at_once(app, [*workers[:3], *customers, *workers[3:]], threads=6)
    clock.forward(minutes=2)
    till.run()
    db.session.rollback()
    assert db.session.query(CashbackPayout).count() == len(till.pay.transfers) == 4
    assert set(ready) <= {f"package-{number}" for number in till.pay.transfers}
    done = [till.pay.confirm(number) for number in till.pay.transfers]

    def tell(transfer: Transfer) -> Callable[[], None]:
        def told() -> None:
            assert till.tell(transfer).status_code == 204

        return told

    acts = [tell(transfer) for transfer in done] * 3 + workers[:2]
    at_once(app, acts, threads=6)
    till.assert_books_agree()
    assert len(events("ClaimPaid")) == 4


def test_many_asking_again_for_what_lapsed_get_one_new_number(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    person, made, number = till.waiting()
    till.tell(till.pay.become(number, TransferState.FAIL, reason="OVERDUE_CLOSE"))
    now, public_id = clock.now(), made.public_id

    def ask() -> None:
        confirming.confirm(public_id=public_id, customer=person.signed_in, now=now)

    at_once(app, [ask] * 8, threads=4)
    assert till.states(made) == [PayoutState.FAIL, PayoutState.WAIT_USER_CONFIRM]
    assert len(till.pay.transfers) == 2
    till.assert_books_agree()


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_in_whatever_order_each_claim_is_paid_once_or_not_at_all(
    app: Flask, clock: ShopClock, seed: int
) -> None:
    """Random platform, random customers, random time; the books agree at every step's end."""
    dice = random.Random(seed)
    till = Till.open(app)
    pairs = [till.claim() for _ in range(3)]
    told: list[Transfer] = []
    for _ in range(30):
        act = dice.randrange(8)
        numbers = list(till.pay.transfers)
        if act == 0:
            call = dice.choice(("transfer", "query_transfer", "cancel_transfer"))
            problem = dice.choice(
                (Unknown("NO_ANSWER"), RateLimited("R"), NotEnough("N"), Refused("INVALID"))
            )
            till.pay.fail(call, problem, after_effect=isinstance(problem, Unknown) and dice.random() < 0.5)
        elif act == 1 and numbers:
            move(till, dice.choice(numbers), dice, told)
        elif act == 2 and told:
            till.tell(dice.choice(told))
        elif act == 3:
            person, made = dice.choice(pairs)
            till.confirm(person, made)
        elif act == 4:
            clock.forward(hours=dice.choice((1, 12, 25)))
        else:
            clock.forward(minutes=dice.choice((1, 5, 61)))
            till.run()
        reserved, paid = books_of(till.campaign)
        assert reserved + paid <= till.campaign.budget.fen
        open_ones = list(
            db.session.scalars(select(CashbackPayout.claim_id).where(CashbackPayout.state.not_in(ENDED)))
        )
        assert len(open_ones) == len(set(open_ones))
    till.pay.next_cancel = TransferState.CANCELLED
    for number in list(till.pay.transfers):
        if till.pay.transfers[number].state in (TransferState.TRANSFERING, TransferState.CANCELING):
            going = till.pay.transfers[number].state is TransferState.TRANSFERING
            till.pay.become(number, TransferState.SUCCESS if going else TransferState.CANCELLED)
    till.pay.forgive()
    settle_down(till, clock, taps=False)
    till.assert_books_agree()


ENDED = (PayoutState.SUCCESS, PayoutState.FAIL, PayoutState.CANCELLED)


def move(till: Till, number: str, dice: random.Random, told: list[Transfer]) -> None:
    """The platform moves a transfer on as it may."""
    state = till.pay.transfers[number].state
    waits = TransferState.WAIT_USER_CONFIRM
    ways = {
        TransferState.ACCEPTED: (waits, TransferState.FAIL),
        TransferState.PROCESSING: (waits, TransferState.FAIL),
        waits: (TransferState.TRANSFERING, TransferState.FAIL),
        TransferState.TRANSFERING: (TransferState.SUCCESS, TransferState.FAIL),
        TransferState.CANCELING: (TransferState.CANCELLED,),
    }.get(state)
    till.pay.next_transfer = dice.choice((waits, waits, TransferState.ACCEPTED, TransferState.PROCESSING))
    till.pay.next_cancel = dice.choice((TransferState.CANCELLED, TransferState.CANCELING))
    if ways is not None:
        moved = till.pay.become(number, dice.choice(ways))
        if moved.state in (TransferState.SUCCESS, TransferState.FAIL, TransferState.CANCELLED):
            told.append(moved)
