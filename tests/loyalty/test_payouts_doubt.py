"""A platform that refuses, is short of money or takes its time: the number stays, and nothing is asked for that must not be."""

from __future__ import annotations

import pytest
from flask import Flask

from shopapp.kernel import preferences
from shopapp.kernel.db import transaction
from shopapp.loyalty.cashback import deciding, offering
from shopapp.loyalty.cashback.payout_models import PayoutState
from shopapp.loyalty.cashback.states import ClaimStatus
from shopapp.wechat.pay import (
    Missing,
    NotEnough,
    RateLimited,
    Refused,
    SettingsRefused,
    TransferState,
    Unknown,
)
from shopapp.wechat.worklist.queries import worklist
from tests.support.clocks import ShopClock
from tests.support.payouts import Till

S = PayoutState


def calls(till: Till, name: str) -> list[str]:
    return [number for call, number in till.pay.calls if call == name]


@pytest.mark.parametrize(
    "problem", [NotEnough("NOT_ENOUGH"), SettingsRefused("NO_AUTH"), RateLimited("FREQUENCY_LIMITED")]
)
def test_what_only_has_to_wait_keeps_its_number(app: Flask, clock: ShopClock, problem: Exception) -> None:
    till = Till.open(app)
    person, made = till.claim()
    till.pay.fail("transfer", problem)  # type: ignore[arg-type]
    till.run()
    (payout,) = till.payouts(made)
    assert (payout.state, payout.problem) == (S.QUEUED, str(problem))
    clock.forward(minutes=11)
    till.run("query-transfers")
    (again,) = till.payouts(made)
    assert (again.state, again.out_bill_no, again.problem) == (
        S.WAIT_USER_CONFIRM,
        payout.out_bill_no,
        None,
    )
    assert till.confirm(person, made).get_json()["transfer"] is not None


def test_what_the_platform_will_not_take_goes_back_and_is_tried_again_under_the_same_number(
    app: Flask, clock: ShopClock
) -> None:
    till = Till.open(app)
    person, made = till.claim()
    till.pay.fail("transfer", Refused("PARAM_ERROR"))
    till.run()
    (payout,) = till.payouts(made)
    assert (payout.state, till.status(made)) == (S.REFUSED, ClaimStatus.APPROVED)
    assert calls(till, "query_transfer") == [payout.out_bill_no]
    clock.forward(hours=2)
    till.run()
    assert len(calls(till, "transfer")) == 1
    till.pay.fail("transfer", Refused("PARAM_ERROR"))
    assert till.confirm(person, made).get_json() == {
        "status": "approved",
        "transfer": None,
        "expires_at": None,
    }
    assert till.confirm(person, made).get_json()["transfer"]["package"] == f"package-{payout.out_bill_no}"
    assert calls(till, "transfer") == [payout.out_bill_no] * 3
    till.assert_books_agree()


def test_a_refusal_after_an_answer_that_was_lost_is_no_refusal(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    _person, made = till.claim()
    till.pay.fail("transfer", Unknown("NO_ANSWER"), after_effect=True)
    till.pay.fail("transfer", Refused("INVALID_REQUEST"))
    till.run()
    clock.forward(minutes=1)
    till.run("query-transfers")
    assert (till.status(made), till.states(made)) == (ClaimStatus.PAYING, [S.WAIT_USER_CONFIRM])
    clock.forward(minutes=1)
    till.run("query-transfers")
    assert till.payouts(made)[0].package_info is not None
    till.assert_books_agree()


@pytest.mark.parametrize("state", [TransferState.ACCEPTED, TransferState.PROCESSING])
def test_what_is_still_being_prepared_is_asked_for_again_until_it_can_be_confirmed(
    app: Flask, clock: ShopClock, state: TransferState
) -> None:
    till = Till.open(app)
    till.pay.next_transfer = state
    person, made = till.claim()
    till.run()
    assert till.confirm(person, made).get_json() == {"status": "paying", "transfer": None, "expires_at": None}
    (number,) = till.pay.transfers
    till.pay.become(number, TransferState.WAIT_USER_CONFIRM)
    clock.forward(minutes=10)
    till.run("query-transfers")
    assert till.confirm(person, made).get_json()["transfer"]["package"] == f"package-{number}"


def test_a_stopped_campaign_asks_for_nothing_more_and_lets_what_was_asked_for_end(
    app: Flask, clock: ShopClock
) -> None:
    till = Till.open(app)
    _one, asked, number = till.waiting()
    _two, unasked = till.claim()
    with transaction():
        offering.set_active(public_id=till.campaign.public_id, active=False)
    till.run()
    assert till.states(unasked) == []
    assert list(till.pay.transfers) == [number]
    till.tell(till.pay.confirm(number))
    assert till.status(asked) is ClaimStatus.PAID
    with transaction():
        offering.set_active(public_id=till.campaign.public_id, active=True)
    clock.forward(minutes=15)
    till.run()
    assert till.states(unasked) == [S.WAIT_USER_CONFIRM]
    till.assert_books_agree()


def test_amounts_beyond_what_wechat_pays_are_never_asked_for(app: Flask) -> None:
    till = Till.open(app)
    with transaction():
        preferences.write("transfers.most_fen", 4_99)
    _person, made = till.claim()
    till.run()
    (payout,) = till.payouts(made)
    assert (payout.state, till.status(made), till.pay.calls) == (S.REFUSED, ClaimStatus.APPROVED, [])
    assert "499" not in (payout.problem or "")
    assert "4.99" in (payout.problem or "")


def test_a_number_asked_for_a_month_ago_is_left_to_people(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    _person, made = till.claim()
    till.pay.fail("transfer", Unknown("NO_ANSWER"))
    till.run()
    clock.forward(days=30)
    till.run("query-transfers")
    (payout,) = till.payouts(made)
    assert (payout.state, "too long ago" in (payout.problem or "")) == (S.QUEUED, True)
    assert len(till.pay.calls) == 1


def test_what_a_stopped_campaign_may_have_asked_for_is_asked_about_and_not_asked_for(
    app: Flask, clock: ShopClock
) -> None:
    till = Till.open(app)
    _one, unheard = till.claim()
    till.pay.fail("transfer", Unknown("NO_ANSWER"))
    till.run()
    with transaction():
        offering.set_active(public_id=till.campaign.public_id, active=False)
    clock.forward(minutes=5)
    till.run("query-transfers")
    assert (till.pay.transfers, till.states(unheard)) == ({}, [S.QUEUED])
    assert (len(calls(till, "transfer")), len(calls(till, "query_transfer"))) == (1, 1)
    with transaction():
        offering.set_active(public_id=till.campaign.public_id, active=True)
    clock.forward(minutes=5)
    till.run("query-transfers")
    assert till.states(unheard) == [S.WAIT_USER_CONFIRM]
    till.assert_books_agree()


@pytest.mark.parametrize("rejected", [False, True])
def test_a_refused_number_that_was_paid_after_all_is_paid_or_shouted_about(
    app: Flask, clock: ShopClock, rejected: bool
) -> None:
    till = Till.open(app)
    _person, made = till.claim()
    till.pay.fail("transfer", Refused("PARAM_ERROR"), after_effect=True)
    till.pay.fail("query_transfer", Missing("NOT_FOUND"))
    till.run()
    assert till.states(made) == [S.REFUSED]
    if rejected:
        with transaction():
            deciding.reject(public_id=made.public_id, note="不符合", now=clock.now())
    (number,) = till.pay.transfers
    done = till.pay.confirm(number)
    answers = [till.tell(done, notice_id=notice_id).status_code for notice_id in ("EV-1", "EV-1", "EV-2")]
    assert till.states(made) == [S.SUCCESS]
    if rejected:
        assert (answers, till.status(made)) == ([400, 400, 400], ClaimStatus.REJECTED)
        assert all("rejected" in (entry.problem or "") for entry in worklist())
        return
    assert (answers, till.status(made), worklist()) == ([204, 204, 204], ClaimStatus.PAID, [])
    till.assert_books_agree()
