"""An order refunded while its cash-back waits to be confirmed: taken back first, and only then rejected or sent smaller."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from flask import Flask

from shopapp.kernel.money import Money
from shopapp.loyalty.cashback.models import CashbackClaim
from shopapp.loyalty.cashback.payout_models import PayoutState
from shopapp.loyalty.cashback.states import ClaimReason, ClaimStatus
from shopapp.members.marketplace.models import MarketplaceOrder
from shopapp.wechat.pay import Refused, TransferState, Unknown
from tests.store.test_orders_race import at_once
from tests.support.cashback import books_of, bring_order, change_order, claim, claim_now
from tests.support.clocks import ShopClock
from tests.support.payouts import Till
from tests.support.people import Person, make_person

S = PayoutState


def refunded_while_waiting(
    till: Till, *, refunded: int
) -> tuple[Person, CashbackClaim, str, MarketplaceOrder]:
    order, person = bring_order(paid=100_00), make_person()
    made = claim(person.id, order.order_no)
    till.run()
    (payout,) = till.payouts(made)
    assert till.confirm(person, made).get_json()["transfer"] is not None
    change_order(order, refunded_fen=refunded)
    return person, made, payout.out_bill_no, order


def test_a_whole_refund_takes_the_waiting_transfer_back_before_the_claim_is_rejected(
    app: Flask, clock: ShopClock
) -> None:
    till = Till.open(app)
    _person, made, number, _order = refunded_while_waiting(till, refunded=100_00)
    till.run("match-claims")
    assert (till.status(made), books_of(till.campaign)) == (ClaimStatus.PAYING, (5_00, 0))
    assert till.pay.transfers[number].state is TransferState.WAIT_USER_CONFIRM
    till.run("query-transfers")
    assert till.pay.calls[-2:] == [("cancel_transfer", number), ("query_transfer", number)]
    assert (till.status(made), till.states(made)) == (ClaimStatus.REJECTED, [S.CANCELLED])
    assert (claim_now(made).reason, books_of(till.campaign)) == (ClaimReason.REFUNDED, (0, 0))
    clock.forward(hours=1)
    till.run()
    assert list(till.pay.transfers) == [number]
    till.assert_books_agree()


def test_the_customer_gets_nothing_to_confirm_once_the_refund_is_known(app: Flask) -> None:
    till = Till.open(app)
    person, made, _number, _order = refunded_while_waiting(till, refunded=100_00)
    till.pay.next_cancel = TransferState.CANCELING
    page = app.test_client().get(f"/claim/{made.public_id}", headers=person.headers)
    assert 'id="receive"' not in page.get_data(as_text=True)
    answer = till.confirm(person, made)
    assert (answer.status_code, answer.get_json()["transfer"]) == (200, None)
    assert (till.status(made), till.states(made)) == (ClaimStatus.PAYING, [S.CANCELING])
    (sent,) = till.pay.transfers
    till.pay.become(sent, TransferState.CANCELLED)
    assert till.confirm(person, made).status_code == 409
    assert (till.status(made), books_of(till.campaign)) == (ClaimStatus.REJECTED, (0, 0))


def test_a_part_of_it_refunded_is_sent_anew_with_less(app: Flask) -> None:
    till = Till.open(app)
    person, made, first, _order = refunded_while_waiting(till, refunded=40_00)
    answer = till.confirm(person, made).get_json()
    _first, second = till.pay.transfers
    assert answer["transfer"]["package"] == f"package-{second}"
    assert till.pay.transfers[second].request.amount == Money(3_00)
    assert (till.states(made), books_of(till.campaign)) == ([S.CANCELLED, S.WAIT_USER_CONFIRM], (3_00, 0))
    assert till.pay.transfers[first].state is TransferState.CANCELLED
    till.tell(till.pay.confirm(second))
    till.assert_books_agree()


def test_who_was_faster_is_paid_and_owes_it(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    _person, made, number, _order = refunded_while_waiting(till, refunded=100_00)
    till.run("match-claims")
    till.pay.confirm(number)
    till.run("query-transfers")
    assert (till.status(made), till.states(made)) == (ClaimStatus.PAID, [S.SUCCESS])
    assert (claim_now(made).taken_back, books_of(till.campaign)) == (Money(5_00), (0, 5_00))
    assert len(till.pay.transfers) == 1


@pytest.mark.parametrize("call", ["cancel_transfer", "query_transfer"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_in_doubt_the_same_number_is_asked_about_and_the_claim_stays(
    app: Flask, clock: ShopClock, call: str, after_effect: bool
) -> None:
    till = Till.open(app)
    _person, made, number, _order = refunded_while_waiting(till, refunded=100_00)
    till.run("match-claims")
    till.pay.fail(call, Unknown("NO_ANSWER"), after_effect=after_effect)
    till.run("query-transfers")
    assert (till.status(made), books_of(till.campaign)) == (ClaimStatus.PAYING, (5_00, 0))
    clock.forward(minutes=5)
    till.run("query-transfers")
    assert (till.status(made), till.states(made)) == (ClaimStatus.REJECTED, [S.CANCELLED])
    assert list(till.pay.transfers) == [number]
    till.assert_books_agree()


@pytest.mark.parametrize("arrived", [False, True])
def test_a_request_without_an_answer_is_never_sent_again_for_a_refunded_order(
    app: Flask, clock: ShopClock, arrived: bool
) -> None:
    till = Till.open(app)
    order, person = bring_order(paid=100_00), make_person()
    made = claim(person.id, order.order_no)
    till.pay.fail("transfer", Unknown("NO_ANSWER"), after_effect=arrived)
    till.run()
    assert till.states(made) == [S.QUEUED]
    change_order(order, refunded_fen=100_00)
    till.run("match-claims")
    assert till.confirm(person, made).get_json()["transfer"] is None
    assert till.status(made) is ClaimStatus.PAYING
    for _ in range(8):
        clock.forward(minutes=20)
        till.run("query-transfers")
    assert (till.status(made), till.states(made)) == (ClaimStatus.REJECTED, [S.CANCELLED])
    assert [name for name, _number in till.pay.calls].count("transfer") == 1
    till.assert_books_agree()


def test_the_tap_and_the_taking_back_at_the_same_moment(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app, budget=Money(1_000_00))
    made = [refunded_while_waiting(till, refunded=100_00) for _ in range(3)]
    till.run("match-claims")

    def tap(number: str) -> Callable[[], None]:
        def tapped() -> None:
            with suppress(Refused):
                till.tell(till.pay.confirm(number))

        return tapped

    def work() -> None:
        till.run("query-transfers")

    at_once(app, [work, *(tap(number) for _p, _m, number, _o in made), work], threads=4)
    clock.forward(minutes=5)
    till.run("query-transfers")
    for _person, one, number, _order in made:
        moved = till.pay.transfers[number].state is TransferState.SUCCESS
        assert till.status(one) is (ClaimStatus.PAID if moved else ClaimStatus.REJECTED)
    assert len(till.pay.transfers) == len(made)
    paid = sum(sent.state is TransferState.SUCCESS for sent in till.pay.transfers.values())
    assert books_of(till.campaign) == (0, paid * 5_00)
