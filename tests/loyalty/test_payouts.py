"""Cash-back by WeChat transfer: asked for once, confirmed by the customer, paid once or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from shopapp.kernel import clock as kernel_clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.cashback import deciding
from shopapp.loyalty.cashback.payout_models import ENDS, PAYOUT_MOVES, CashbackPayout, PayoutState
from shopapp.loyalty.cashback.states import ClaimStatus
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.ledger.writing import purse
from shopapp.wechat.pay import TransferState, Unknown
from shopapp.wechat.worklist.queries import worklist
from tests.support.cashback import books_of, bring_order, change_order, claim, claim_now
from tests.support.clocks import ShopClock
from tests.support.orders import events
from tests.support.payouts import Till, transfer_notice
from tests.support.people import make_person

S = PayoutState


def calls(till: Till, name: str) -> list[str]:
    return [number for call, number in till.pay.calls if call == name]


def gift_of(customer_id: int) -> tuple[int, int, int]:
    """(available, pending, debt) in fen"""
    own = purse(customer_id=customer_id, unit=Unit.GIFT)
    found = ledger.balance(purse=own, now=kernel_clock.now())
    return found.available, found.pending, found.debt


def test_an_approved_claim_is_asked_for_once_and_paid_when_the_customer_has_confirmed(
    app: Flask, clock: ShopClock
) -> None:
    till = Till.open(app, name="双十一返现")
    person, made = till.claim()
    assert till.confirm(make_person(), made).status_code == 404
    assert till.confirm(person, made).status_code == 409
    assert till.pay.transfers == {}
    till.run()
    assert (till.status(made), till.states(made)) == (ClaimStatus.PAYING, [S.WAIT_USER_CONFIRM])
    ((number, sent),) = till.pay.transfers.items()
    assert (sent.request.amount, sent.request.openid) == (Money(5_00), person.signed_in.openid)
    assert sent.request.reports == (("活动名称", "双十一返现"), ("奖励说明", "购物返现"))
    assert sent.request.notify_url.endswith("/wechat/pay/notice/transfer")
    till.run()
    till.run("query-transfers")
    assert calls(till, "transfer") == [number]
    answer = till.confirm(person, made).get_json()
    assert answer["status"] == "paying"
    assert answer["transfer"] == {
        "mchId": till.pay.mchid,
        "appId": till.pay.appid,
        "package": f"package-{number}",
    }
    assert answer["expires_at"] is not None
    assert (calls(till, "transfer"), books_of(till.campaign)) == ([number], (5_00, 0))

    done = till.pay.confirm(number)
    for notice_id in ("EV-1", "EV-1", "EV-2"):
        assert till.tell(done, notice_id=notice_id).status_code == 204
    assert (till.status(made), till.states(made)) == (ClaimStatus.PAID, [S.SUCCESS])
    assert books_of(till.campaign) == (0, 5_00)
    assert [event["paid_fen"] for event in events("ClaimPaid")] == [5_00]
    assert till.confirm(person, made).get_json() == {"status": "paid", "transfer": None, "expires_at": None}
    clock.forward(hours=30)
    till.run()
    assert (calls(till, "transfer"), worklist()) == ([number], [])
    till.assert_books_agree()


def test_a_lost_notice_costs_a_query(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    _person, made, number = till.waiting()
    till.pay.confirm(number)
    clock.forward(seconds=25)
    till.run("query-transfers")
    assert till.status(made) is ClaimStatus.PAID
    assert (calls(till, "query_transfer"), calls(till, "transfer")) == ([number], [number])
    till.assert_books_agree()


def test_a_notice_that_comes_before_the_answer_is_the_end_of_it(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    _person, made = till.claim()
    till.pay.fail("transfer", Unknown("NO_ANSWER"), after_effect=True)
    till.run()
    assert till.states(made) == [S.QUEUED]
    (number,) = till.pay.transfers
    assert till.tell(till.pay.confirm(number)).status_code == 204
    assert till.status(made) is ClaimStatus.PAID
    clock.forward(minutes=5)
    till.run()
    assert calls(till, "transfer") == [number]
    till.assert_books_agree()


@pytest.mark.parametrize(
    "change",
    [
        {"transfer_amount": 501},
        {"openid": "oSomebody"},
        {"mch_id": "1900000002"},
        {"transfer_bill_no": "1330"},
    ],
    ids=str,
)
def test_a_notice_of_other_figures_moves_nothing_and_stays_on_the_worklist(
    app: Flask, change: dict[str, Any]
) -> None:
    till = Till.open(app)
    _person, made, number = till.waiting()
    assert till.tell(till.pay.confirm(number), **change).status_code == 400
    assert (till.status(made), till.states(made)) == (ClaimStatus.PAYING, [S.WAIT_USER_CONFIRM])
    assert [(entry.number, entry.state) for entry in worklist()] == [(number, "wrong")]
    assert books_of(till.campaign) == (5_00, 0)


def test_a_notice_about_nothing_or_of_nobody_or_unfinished(app: Flask) -> None:
    till = Till.open(app)
    _person, made, number = till.waiting()
    done = till.pay.confirm(number)
    assert till.tell(done, out_bill_no="CB404").status_code == 404
    assert till.tell(done, state="TRANSFERING").status_code == 400
    body = transfer_notice(done)
    assert till.send(body, Wechatpay_Nonce="another").status_code == 401
    assert till.status(made) is ClaimStatus.PAYING
    assert {entry.state for entry in worklist()} == {"unknown_order", "wrong"}


def test_money_that_moves_under_a_number_that_was_over_is_shouted_about(app: Flask) -> None:
    till = Till.open(app)
    _person, made, number = till.waiting()
    assert till.tell(till.pay.become(number, TransferState.FAIL)).status_code == 204
    assert till.tell(till.pay.become(number, TransferState.SUCCESS)).status_code == 400
    assert till.status(made) is ClaimStatus.LAPSED
    (entry,) = worklist()
    assert "twice" in (entry.problem or "")


def test_what_nobody_confirms_is_taken_back_and_can_be_asked_for_again(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    person, made, first = till.waiting()
    clock.forward(hours=23, minutes=59)
    till.run("query-transfers")
    assert (till.status(made), calls(till, "cancel_transfer")) == (ClaimStatus.PAYING, [])
    clock.forward(minutes=5)
    till.run("query-transfers")
    assert calls(till, "cancel_transfer") == [first]
    assert till.pay.calls[-2:] == [("cancel_transfer", first), ("query_transfer", first)]
    assert (till.status(made), till.states(made)) == (ClaimStatus.LAPSED, [S.CANCELLED])
    assert books_of(till.campaign) == (5_00, 0)
    till.run()
    assert len(till.pay.transfers) == 1

    answer = till.confirm(person, made).get_json()
    second = [number for number in till.pay.transfers if number != first]
    assert answer["transfer"]["package"] == f"package-{second[0]}"
    assert till.states(made) == [S.CANCELLED, S.WAIT_USER_CONFIRM]
    till.tell(till.pay.confirm(second[0]))
    assert till.status(made) is ClaimStatus.PAID
    till.assert_books_agree()


def test_staff_send_a_lapsed_one_again(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    _person, made, number = till.waiting()
    till.tell(till.pay.become(number, TransferState.FAIL, reason="OVERDUE_CLOSE"))
    assert till.status(made) is ClaimStatus.LAPSED
    with transaction():
        deciding.approve(public_id=made.public_id, now=clock.now())
    till.run()
    assert till.states(made) == [S.FAIL, S.WAIT_USER_CONFIRM]
    assert till.payouts(made)[0].fail_reason == "OVERDUE_CLOSE"


def test_a_tap_in_the_last_moment_beats_the_taking_back(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    person, made, number = till.waiting()
    clock.forward(hours=24, minutes=3)
    till.pay.become(number, TransferState.TRANSFERING)
    till.run("query-transfers")
    assert (till.status(made), till.states(made)) == (ClaimStatus.PAYING, [S.TRANSFERING])
    assert till.confirm(person, made).get_json()["transfer"] is None
    till.pay.become(number, TransferState.SUCCESS)
    clock.forward(minutes=1)
    till.run("query-transfers")
    assert till.status(made) is ClaimStatus.PAID
    assert len(till.pay.transfers) == 1
    till.assert_books_agree()


def test_no_new_number_before_a_query_shows_the_old_one_over(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    person, made, number = till.waiting()
    till.pay.next_cancel = TransferState.CANCELING
    clock.forward(hours=25)
    answer = till.confirm(person, made).get_json()
    assert (answer["transfer"], till.states(made)) == (None, [S.CANCELING])
    till.pay.fail("query_transfer", Unknown("NO_ANSWER"))
    assert till.confirm(person, made).status_code == 503
    assert list(till.pay.transfers) == [number]
    till.pay.become(number, TransferState.CANCELLED)
    assert till.confirm(person, made).get_json()["transfer"] is not None
    assert till.states(made) == [S.CANCELLED, S.WAIT_USER_CONFIRM]
    till.assert_books_agree()


def test_a_transfer_that_fails_after_the_tap_can_be_sent_again(app: Flask) -> None:
    till = Till.open(app)
    person, made, number = till.waiting()
    till.tell(till.pay.become(number, TransferState.FAIL, reason="PAYEE_ACCOUNT_ABNORMAL"))
    assert (till.status(made), till.payouts(made)[0].fail_reason) == (
        ClaimStatus.LAPSED,
        "PAYEE_ACCOUNT_ABNORMAL",
    )
    assert till.confirm(person, made).get_json()["transfer"] is not None
    assert till.states(made) == [S.FAIL, S.WAIT_USER_CONFIRM]


def test_what_was_refunded_before_is_not_paid_and_a_part_of_it_makes_the_transfer_smaller(
    app: Flask, clock: ShopClock
) -> None:
    till = Till.open(app)
    order = bring_order(paid=100_00)
    made = claim(make_person().id, order.order_no)
    change_order(order, refunded_fen=40_00)
    till.run()
    ((_number, sent),) = till.pay.transfers.items()
    assert (sent.request.amount, till.payouts(made)[0].amount) == (Money(3_00), Money(3_00))
    other = bring_order(paid=100_00)
    gone = claim(make_person().id, other.order_no)
    change_order(other, refunded_fen=100_00)
    till.run()
    assert (till.status(gone), till.states(gone)) == (ClaimStatus.REJECTED, [])
    assert len(till.pay.transfers) == 1


def test_an_order_refunded_while_its_transfer_is_open_or_after_leaves_a_debt(
    app: Flask, clock: ShopClock
) -> None:
    till = Till.open(app)
    order, person = bring_order(paid=100_00), make_person()
    made = claim(person.id, order.order_no)
    till.run()
    change_order(order, refunded_fen=50_00)
    till.run("match-claims")
    ((number, _sent),) = till.pay.transfers.items()
    till.tell(till.pay.confirm(number))
    assert (till.status(made), gift_of(person.id)) == (ClaimStatus.PAID, (0, 0, 2_50))
    change_order(order, refunded_fen=100_00)
    till.run("match-claims")
    till.run("match-claims")
    assert (claim_now(made).taken_back, gift_of(person.id)) == (Money(5_00), (0, 0, 5_00))
    assert (till.states(made), books_of(till.campaign)) == ([S.SUCCESS], (0, 5_00))
    assert verify().problems == []


def test_only_the_payee_can_confirm(app: Flask) -> None:
    till = Till.open(app)
    person, made, _number = till.waiting()
    with transaction():
        db.session.query(CashbackPayout).update({"openid": "oOtherAccount"})
    answer = till.confirm(person, made)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "other_wechat_account")
    assert till.confirm(make_person(), made).status_code == 404
    assert app.test_client().post(f"/api/v1/claims/{made.public_id}/confirmation").status_code == 401


@pytest.mark.parametrize("state", [S.QUEUED, S.SUCCESS])
def test_the_database_refuses_a_second_open_number_and_a_second_success(
    app: Flask, state: PayoutState
) -> None:
    till = Till.open(app)
    _person, made, number = till.waiting()
    if state is S.SUCCESS:
        till.tell(till.pay.confirm(number))
    row = {
        "claim_id": made.id,
        "out_bill_no": "CB2",
        "openid": "o",
        "amount": Money(1),
        "remark": "",
        "reports": [],
        "state": state,
        "tries": 0,
        "next_try_at": kernel_clock.now(),
        "created_at": kernel_clock.now(),
    }
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(insert(CashbackPayout).values(**row))


def test_the_full_table_of_moves() -> None:
    """An end has no way on; from before it, only forward, but for a refused number, which is asked for again."""
    order = [S.QUEUED, S.ACCEPTED, S.PROCESSING, S.WAIT_USER_CONFIRM]
    for was in S:
        for wanted in S:
            if was in ENDS:
                allowed = False
            elif wanted in ENDS:
                allowed = True
            elif was is S.REFUSED:
                allowed = wanted is not S.REFUSED
            elif wanted is S.REFUSED:
                allowed = was is S.QUEUED
            elif was in (S.TRANSFERING, S.CANCELING):
                allowed = False
            elif wanted in (S.TRANSFERING, S.CANCELING):
                allowed = True
            else:
                allowed = order.index(wanted) > order.index(was)
            assert PAYOUT_MOVES.allows(was, wanted) is allowed, (was, wanted)


def test_a_customer_waits_no_longer_than_the_platform_lets_them(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    _person, made, _number = till.waiting()
    (payout,) = till.payouts(made)
    assert payout.confirm_until is not None
    assert payout.asked_at is not None
    assert payout.confirm_until - payout.asked_at == timedelta(hours=24)
